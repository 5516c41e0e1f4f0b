"""Freed time contains every start that a change makes possible, and only starts that are possible."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings

from slotmcp.domain.interval import Minute
from slotmcp.engine.availability import Availability
from slotmcp.engine.freed import FreedTime
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts
from slotmcp.engine.timeline import Timeline
from unit.engine.examples import at, hold, job, schedule, technician, technician_schedule
from unit.engine.strategies import Case
from unit.engine.test_rebuild_against_oracle import needs_of, stories

MANY = 50
DAY = at("00:00"), at("23:59")


@settings(max_examples=settings().max_examples // 4)
@given(story=stories())
def test_freed_starts_are_those_that_became_possible(story: list[Case]) -> None:
    before: Availability | None = None
    for case in story:
        after = Availability.of(case.schedule, case.now_ms, before)
        for need in needs_of(case):
            starts = list_starts(after, need, *case.span)
            assert FreedTime(None, after).first_start(need, case.span) == next(iter(starts), None)
            gained = _gained(before, starts, need, case) if before else starts
            first = FreedTime(before, after).first_start(need, case.span)
            assert first is None or first in starts
            assert not gained or (first is not None and first <= gained[0])
        before = after


@settings(max_examples=settings().max_examples // 4)
@given(story=stories())
def test_starts_that_overlap_excluded_intervals_are_left_out(story: list[Case]) -> None:
    case = story[-1]
    after = Availability.of(case.schedule, case.now_ms)
    starts = list_starts(after, case.need, *case.span)
    excluded = [(start, start + 7) for start in starts[:1]]
    kept = [start for start in starts if not _overlaps(start, case.need, excluded)]
    assert FreedTime(None, after).first_start(case.need, case.span, excluded) == next(iter(kept), None)


def _gained(before: Availability, starts: list[Minute], need: Need, case: Case) -> list[Minute]:
    """Return the starts that were not possible before, except those that a clock set back makes possible."""
    known = set(list_starts(before, need, *case.span))
    return [start for start in starts if start not in known and start >= before.earliest_start]


def _overlaps(start: Minute, need: Need, excluded: list[tuple[Minute, Minute]]) -> bool:
    return any(start < end and first < start + need.duration_minutes for first, end in excluded)


def test_only_technicians_whose_time_changed_are_searched() -> None:
    people = [
        technician_schedule(technician(f"t{n}", "09:00-10:00"), hold("09:00", 60, id_=f"h{n}")) for n in range(MANY)
    ]
    before = Availability.of(schedule(*people), at("08:00") * 60_000)
    people[7] = replace(people[7], claims=())
    after = Availability.of(schedule(*people), at("08:00") * 60_000, before)
    with patch.object(Timeline, "starts", autospec=True, side_effect=Timeline.starts) as searched:
        freed = FreedTime(before, after, max_checks=0)
        assert freed.first_start(job(60), DAY) == at("09:00")
        assert freed.first_start(job(60), (at("09:01"), DAY[1])) is None
    assert searched.call_count == 2, "the changed timeline, now and before"
    assert not freed.is_complete
    assert not FreedTime(after, after)
