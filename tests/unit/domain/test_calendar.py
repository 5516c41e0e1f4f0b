"""Merging of messages about one event: the result does not depend on their order."""

from dataclasses import replace
from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.booking import Customer
from slotmcp.domain.calendar import CalendarEvent, EventStatus

KIM = Customer(name="Kim Doe")


def report(status: EventStatus, at_ms: int, sequence: int | None, start: int = 0) -> CalendarEvent:
    return CalendarEvent(uid="u", status=status, start=start, end=start + 60, at_ms=at_ms, sequence=sequence)


EVENTS = st.builds(report, st.sampled_from(EventStatus), st.integers(0, 5), st.integers(0, 3), st.integers(0, 1))


@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_merging_does_not_depend_on_the_order(events: list[CalendarEvent]) -> None:
    merged = [reduce(CalendarEvent.merged_with, order) for order in permutations(events)]
    if any(event.status.is_over for event in events):
        assert all(event.status.is_over for event in merged), "a final status is kept"
    else:
        assert len({(event.status, event.at_ms, event.sequence) for event in merged}) == 1


@given(EVENTS, EVENTS)
def test_a_final_status_is_never_undone(event: CalendarEvent, other: CalendarEvent) -> None:
    assert event.merged_with(other).status.is_over == (event.status.is_over or other.status.is_over)


def test_the_sequence_precedes_the_time() -> None:
    newer, older = report(EventStatus.ACCEPTED, 1, 2, start=30), report(EventStatus.ACCEPTED, 9, 1)
    assert newer.merged_with(older).start == older.merged_with(newer).start == 30


def test_the_time_decides_within_a_sequence() -> None:
    newer, older = report(EventStatus.ACCEPTED, 9, 1, start=30), report(EventStatus.ACCEPTED, 1, 1)
    assert newer.merged_with(older).start == older.merged_with(newer).start == 30


def test_a_missing_sequence_equals_the_other_one() -> None:
    newer, older = report(EventStatus.ACCEPTED, 9, None, start=30), report(EventStatus.ACCEPTED, 1, 4)
    assert newer.merged_with(older).start == older.merged_with(newer).start == 30
    assert newer.merged_with(older).sequence == 4


def test_accepted_precedes_pending_at_the_same_time() -> None:
    accepted, pending = report(EventStatus.ACCEPTED, 1, 1), report(EventStatus.PENDING, 1, 1)
    assert accepted.merged_with(pending).status is pending.merged_with(accepted).status is EventStatus.ACCEPTED


def test_fields_of_only_one_report_are_kept() -> None:
    older = replace(
        report(EventStatus.ACCEPTED, 1, 1), series="s", replaces="r", event_type_id=5, booking_id="b", customer=KIM
    )
    merged = report(EventStatus.CANCELLED, 2, 2).merged_with(older)
    fields = (merged.series, merged.replaces, merged.event_type_id, merged.booking_id, merged.customer)
    assert fields == ("s", "r", 5, "b", KIM)
