"""Whoever is nearest goes, nobody is sent where they cannot be in time, and the bound is one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path

import pytest

from benchmarks.proximity_calls import book_week
from benchmarks.proximity_optimum import fewest_km
from benchmarks.proximity_places import ADDRESSES, HOMES
from benchmarks.proximity_policies import BY_ETA, BY_PRIORITY, Policy, at_random, least_detour, policies, shortest_way
from benchmarks.proximity_results import Week, optimum_in_same_half_days, week_of
from benchmarks.proximity_routes import Job, Route, home_of, routes_of, travelled
from benchmarks.proximity_table import table_of
from benchmarks.proximity_week import (
    CALLS_A_DAY,
    CLOSING,
    DAYS,
    LUNCH,
    LUNCH_END,
    MONDAY,
    OPENING,
    TECHNICIANS,
    TRAVEL,
    Call,
    calls_of,
    day_of,
)
from oracle.travel import OracleTravel, great_circle_km
from slotmcp.domain.interval import MINUTES_PER_DAY
from slotmcp.domain.offer import Candidate, Slot

SEED = 7
WAYS = OracleTravel(TRAVEL)
BY_CHANCE = Policy("random", choice=at_random(SEED))


@pytest.fixture(scope="module")
def weeks() -> dict[str, Week]:
    """The same thirty calls, taken by some policies."""
    calls = calls_of(SEED, 30)
    return {policy.name: week_of(policy, calls) for policy in (BY_CHANCE, BY_PRIORITY, BY_ETA)}


def clock(minute: int) -> int:
    return (minute - MONDAY) % MINUTES_PER_DAY


def is_in_time(route: Route) -> bool:
    """Rules 10, 23 and 24, with the oracle's ways: from home at opening time, then from job to job."""
    first = route[0]
    can_be_there = OPENING + WAYS.minutes(home_of(first.technician), first.call.location)
    return can_be_there <= clock(first.start) and all(
        one.start
        + one.call.service.duration_minutes
        + one.call.service.buffer_after_minutes
        + WAYS.minutes(one.call.location, other.call.location)
        <= other.start
        for one, other in pairwise(route)
    )


def is_allowed(job: Job) -> bool:
    """Rules 8 and 9."""
    start, end = clock(job.start), clock(job.start) + job.call.service.duration_minutes
    is_open = OPENING <= start < end <= LUNCH or LUNCH_END <= start < end <= CLOSING
    return is_open and job.call.service.skills <= job.technician.skills


def score(technician_id: str, call: Call, start: int, jobs: Sequence[Job]) -> int:
    """Rule 25: the way from the job before that day, and its buffer, or from home."""
    before = [
        job
        for job in jobs
        if job.technician.id == technician_id and day_of(job.start) == day_of(start) and job.start < start
    ]
    if not before:
        return WAYS.minutes(home_of(TECHNICIANS[technician_id]), call.location)
    last = max(before, key=lambda job: job.start)
    return WAYS.minutes(last.call.location, call.location) + last.call.service.buffer_after_minutes


def test_sending_the_nearest_saves_a_third_of_the_way_of_chance_and_priority(weeks: dict[str, Week]) -> None:
    nearest = weeks["eta"].travelled
    for name in ("random", "priority"):
        assert nearest.km < weeks[name].travelled.km * 2 / 3
        assert nearest.minutes < weeks[name].travelled.minutes * 2 / 3


def test_nobody_is_sent_where_they_cannot_be(weeks: dict[str, Week]) -> None:
    for week in weeks.values():
        assert sorted(job.call.number for job in week.jobs) == sorted(call.number for call in calls_of(SEED, 30))
        assert [job for job in week.jobs if not is_allowed(job)] == []
        assert [route for route in routes_of(week.jobs) if not is_in_time(route)] == []


async def test_whoever_has_the_least_eta_and_buffer_is_sent(tmp_path: Path) -> None:
    nearest: list[tuple[int, str]] = []

    def watch(call: Call, slot: Slot, jobs: Sequence[Job]) -> None:
        scores = {one.technician_id: score(one.technician_id, call, slot.start, jobs) for one in slot.candidates}
        assert scores == {one.technician_id: one.score for one in slot.candidates}
        nearest.append(min((minutes, technician_id) for technician_id, minutes in scores.items()))

    jobs = await book_week(tmp_path, calls_of(SEED, 30), BY_ETA.ranking, watch)
    assert [job.technician.id for job in jobs] == [technician_id for _, technician_id in nearest]


def test_no_week_is_below_its_optimum_and_free_starts_never_cost(weeks: dict[str, Week]) -> None:
    for week in weeks.values():
        assert week.optimum.is_proved
        assert optimum_in_same_half_days(week.jobs).km <= week.optimum.km <= week.travelled.km
    assert weeks["eta"].over_optimum < 1.4


def every_plan(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """All ways to share out jobs at their starts."""
    for sent in product(TECHNICIANS.values(), repeat=len(jobs)):
        plan = [Job(job.call, technician, job.start) for job, technician in zip(jobs, sent, strict=True)]
        if all(map(is_allowed, plan)) and all(map(is_in_time, routes_of(plan))):
            yield plan


@pytest.mark.parametrize("day", range(DAYS))
def test_the_optimum_is_the_least_of_all_plans(weeks: dict[str, Week], day: int) -> None:
    jobs = [job for job in weeks["random"].jobs if day_of(job.start) == day][:3]
    least = min(travelled(plan).km for plan in every_plan(jobs))
    assert fewest_km({job.call: [job.start] for job in jobs}).km == pytest.approx(least, abs=0.05)


def test_the_optimum_counts_the_way_from_job_to_job() -> None:
    short = [call for call in calls_of(SEED) if call.service.duration_minutes <= 90]
    for one, other in pairwise(short):
        first = MONDAY + LUNCH_END
        second = first + one.service.duration_minutes + one.service.buffer_after_minutes + 20
        anybody = TECHNICIANS["t00"]
        least = min(travelled(plan).km for plan in every_plan([Job(one, anybody, first), Job(other, anybody, second)]))
        assert fewest_km({one: [first], other: [second]}).km == pytest.approx(least, abs=0.05)


def test_nobody_plans_what_cannot_be_done() -> None:
    one, other, *_ = calls_of(SEED)
    at_opening = MONDAY + OPENING
    with pytest.raises(ValueError, match="INFEASIBLE"):
        fewest_km({one: [at_opening], other: [at_opening]})


def test_the_least_detour_is_the_best_of_what_the_caller_can_choose() -> None:
    calls = calls_of(SEED, 12)
    by_detour = week_of(Policy("detour", choice=least_detour), calls)
    assert by_detour.travelled.km < week_of(BY_CHANCE, calls).travelled.km
    assert by_detour.optimum.km <= by_detour.travelled.km


def test_the_shortest_way_leaves_the_buffers_out() -> None:
    (call,) = calls_of(SEED, 1)
    slot = Slot(call.start, call.start + 60, 2, (Candidate("t00", 1, 0, 12, 0), Candidate("t01", 1, 1, 9, 15)))
    assert shortest_way(call, slot, []) == "t01"


def test_travel_is_counted_from_home_and_home_again() -> None:
    one, other, *_ = calls_of(SEED)
    technician = TECHNICIANS["t00"]
    home = home_of(technician)
    stops = [home, one.location, other.location, home]
    found = travelled([Job(other, technician, MONDAY + 900), Job(one, technician, MONDAY + 600)])
    assert found.routes == 1
    assert found.minutes == sum(WAYS.minutes(*leg) for leg in pairwise(stops))
    assert found.km == pytest.approx(1.3 * sum(great_circle_km(*leg) for leg in pairwise(stops)))


def test_a_seed_is_a_week_with_sixty_calls_and_the_same_table_each_time() -> None:
    calls = calls_of(SEED)
    assert calls == calls_of(SEED) != calls_of(SEED + 1)
    assert [sum(call.day == day for call in calls) for day in range(DAYS)] == [CALLS_A_DAY] * DAYS
    assert {call.location for call in calls} == set(ADDRESSES.values())
    assert (len(HOMES), len(calls)) == (12, 60)
    first, second = ([[week_of(policy, calls[:6])] for policy in policies(SEED)] for _ in range(2))
    assert [list(column.cells) for column in table_of(first).columns] == [
        list(column.cells) for column in table_of(second).columns
    ]
