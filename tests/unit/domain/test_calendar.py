"""Merging of messages about one event: the result does not depend on their order."""

from dataclasses import replace
from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.booking import Customer
from slotmcp.domain.calendar import CalendarEvent, EventStatus

KIM = Customer(name="Kim Doe")


def said(status: EventStatus, at_ms: int, sequence: int | None, start: int = 0) -> CalendarEvent:
    return CalendarEvent(uid="u", status=status, start=start, end=start + 60, at_ms=at_ms, sequence=sequence)


EVENTS = st.builds(said, st.sampled_from(EventStatus), st.integers(0, 5), st.integers(0, 3), st.integers(0, 1))


@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_the_order_does_not_matter(events: list[CalendarEvent]) -> None:
    found = [reduce(CalendarEvent.merged_with, order) for order in permutations(events)]
    if any(one.status.is_over for one in events):
        assert all(one.status.is_over for one in found), "an end is an end, whatever else was said"
    else:
        assert len({(one.status, one.at_ms, one.sequence) for one in found}) == 1


@given(EVENTS, EVENTS)
def test_an_end_is_never_undone(one: CalendarEvent, other: CalendarEvent) -> None:
    assert one.merged_with(other).status.is_over == (one.status.is_over or other.status.is_over)


def test_the_sequence_counts_more_than_the_time() -> None:
    newer, older = said(EventStatus.ACCEPTED, 1, 2, start=30), said(EventStatus.ACCEPTED, 9, 1)
    assert newer.merged_with(older).start == older.merged_with(newer).start == 30


def test_of_one_sequence_the_time_counts() -> None:
    newer, older = said(EventStatus.ACCEPTED, 9, 1, start=30), said(EventStatus.ACCEPTED, 1, 1)
    assert newer.merged_with(older).start == older.merged_with(newer).start == 30


def test_a_sequence_that_was_not_said_is_the_others() -> None:
    newer, older = said(EventStatus.ACCEPTED, 9, None, start=30), said(EventStatus.ACCEPTED, 1, 4)
    assert newer.merged_with(older).start == older.merged_with(newer).start == 30
    assert newer.merged_with(older).sequence == 4


def test_of_two_said_at_once_the_accepted_one_counts() -> None:
    accepted, pending = said(EventStatus.ACCEPTED, 1, 1), said(EventStatus.PENDING, 1, 1)
    assert accepted.merged_with(pending).status is pending.merged_with(accepted).status is EventStatus.ACCEPTED


def test_what_only_one_of_them_said_is_known() -> None:
    older = replace(
        said(EventStatus.ACCEPTED, 1, 1), series="s", replaces="r", event_type_id=5, booking_id="b", customer=KIM
    )
    merged_with = said(EventStatus.CANCELLED, 2, 2).merged_with(older)
    told = (
        merged_with.series,
        merged_with.replaces,
        merged_with.event_type_id,
        merged_with.booking_id,
        merged_with.customer,
    )
    assert told == ("s", "r", 5, "b", KIM)
