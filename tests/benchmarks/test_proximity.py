"""Proximity benchmark: the nearest technician goes, every route is feasible, and the bound is a lower bound."""

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path

import pytest

from benchmarks.proximity_calls import book_week
from benchmarks.proximity_optimum import fewest_km
from benchmarks.proximity_places import ADDRESSES, HOMES
from benchmarks.proximity_policies import BY_ETA, BY_PRIORITY, Policy, at_random, least_detour, policies, shortest_way
from benchmarks.proximity_results import Week, optimum_in_same_half_days, week_of
from benchmarks.proximity_routes import Job, Route, home_of, routes_of, traveled
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
TRAVEL_TIMES = OracleTravel(TRAVEL)
AT_RANDOM = Policy("random", choice=at_random(SEED))


@pytest.fixture(scope="module")
def weeks() -> dict[str, Week]:
    """Return weeks with the same thirty calls under some policies."""
    calls = calls_of(SEED, 30)
    return {policy.name: week_of(policy, calls) for policy in (AT_RANDOM, BY_PRIORITY, BY_ETA)}


def clock(minute: int) -> int:
    return (minute - MONDAY) % MINUTES_PER_DAY


def is_in_time(route: Route) -> bool:
    """Check rules 10, 23 and 24 with the oracle's travel times: from home at opening time, then from job to job."""
    home, call = home_of(route[0].technician), route[0].call
    earliest_start = OPENING + TRAVEL_TIMES.minutes(home, call.location)
    return earliest_start <= clock(route[0].start) and all(
        first.start
        + first.call.service.duration_minutes
        + first.call.service.buffer_after_minutes
        + TRAVEL_TIMES.minutes(first.call.location, second.call.location)
        <= second.start
        for first, second in pairwise(route)
    )


def is_allowed(job: Job) -> bool:
    """Check rules 8 and 9."""
    start, end = clock(job.start), clock(job.start) + job.call.service.duration_minutes
    is_open = OPENING <= start < end <= LUNCH or LUNCH_END <= start < end <= CLOSING
    return is_open and job.call.service.skills <= job.technician.skills


def score(technician_id: str, call: Call, start: int, jobs: Sequence[Job]) -> int:
    """Return the score of rule 25: travel from the previous job that day, with its buffer, or from home."""
    before = [
        job
        for job in jobs
        if job.technician.id == technician_id and day_of(job.start) == day_of(start) and job.start < start
    ]
    if not before:
        return TRAVEL_TIMES.minutes(home_of(TECHNICIANS[technician_id]), call.location)
    last = max(before, key=lambda job: job.start)
    return TRAVEL_TIMES.minutes(last.call.location, call.location) + last.call.service.buffer_after_minutes


def test_the_eta_policy_saves_a_third_of_the_travel_of_random_and_priority(weeks: dict[str, Week]) -> None:
    nearest = weeks["eta"].traveled
    for name in ("random", "priority"):
        assert nearest.km < weeks[name].traveled.km * 2 / 3
        assert nearest.minutes < weeks[name].traveled.minutes * 2 / 3


def test_every_route_is_feasible(weeks: dict[str, Week]) -> None:
    for week in weeks.values():
        assert sorted(job.call.number for job in week.jobs) == sorted(call.number for call in calls_of(SEED, 30))
        assert [job for job in week.jobs if not is_allowed(job)] == []
        assert [route for route in routes_of(week.jobs) if not is_in_time(route)] == []


async def test_the_technician_with_the_lowest_score_is_assigned(tmp_path: Path) -> None:
    nearest: list[tuple[int, str]] = []

    def watch(call: Call, slot: Slot, jobs: Sequence[Job]) -> None:
        scores = {first.technician_id: score(first.technician_id, call, slot.start, jobs) for first in slot.candidates}
        assert scores == {first.technician_id: first.score for first in slot.candidates}
        nearest.append(min((minutes, technician_id) for technician_id, minutes in scores.items()))

    jobs = await book_week(tmp_path, calls_of(SEED, 30), BY_ETA.ranking, watch)
    assert [job.technician.id for job in jobs] == [technician_id for _, technician_id in nearest]


def test_the_optimum_is_a_lower_bound_and_free_starts_do_not_raise_it(weeks: dict[str, Week]) -> None:
    for week in weeks.values():
        assert week.optimum.is_proved
        assert optimum_in_same_half_days(week.jobs).km <= week.optimum.km <= week.traveled.km
    assert weeks["eta"].over_optimum < 1.4


def every_plan(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """Yield all feasible assignments of jobs at their starts."""
    for sent in product(TECHNICIANS.values(), repeat=len(jobs)):
        plan = [Job(job.call, technician, job.start) for job, technician in zip(jobs, sent, strict=True)]
        if all(map(is_allowed, plan)) and all(map(is_in_time, routes_of(plan))):
            yield plan


@pytest.mark.parametrize("day", range(DAYS))
def test_the_optimum_is_the_minimum_of_all_plans(weeks: dict[str, Week], day: int) -> None:
    jobs = [job for job in weeks["random"].jobs if day_of(job.start) == day][:3]
    least = min(traveled(plan).km for plan in every_plan(jobs))
    assert fewest_km({job.call: [job.start] for job in jobs}).km == pytest.approx(least, abs=0.05)


def test_the_optimum_includes_travel_between_jobs() -> None:
    short = [call for call in calls_of(SEED) if call.service.duration_minutes <= 90]
    technician = TECHNICIANS["t00"]
    for first, second in pairwise(short):
        first_start = MONDAY + LUNCH_END
        second_start = first_start + first.service.duration_minutes + first.service.buffer_after_minutes + 20
        jobs = [Job(first, technician, first_start), Job(second, technician, second_start)]
        least = min(traveled(plan).km for plan in every_plan(jobs))
        assert fewest_km({first: [first_start], second: [second_start]}).km == pytest.approx(least, abs=0.05)


def test_an_infeasible_day_has_no_optimum() -> None:
    first, second, *_ = calls_of(SEED)
    at_opening = MONDAY + OPENING
    with pytest.raises(ValueError, match="INFEASIBLE"):
        fewest_km({first: [at_opening], second: [at_opening]})


def test_the_least_detour_is_shorter_than_a_random_choice() -> None:
    calls = calls_of(SEED, 12)
    by_detour = week_of(Policy("detour", choice=least_detour), calls)
    assert by_detour.traveled.km < week_of(AT_RANDOM, calls).traveled.km
    assert by_detour.optimum.km <= by_detour.traveled.km


def test_the_shortest_way_ignores_the_buffers() -> None:
    (call,) = calls_of(SEED, 1)
    slot = Slot(call.start, call.start + 60, 2, (Candidate("t00", 1, 0, 12, 0), Candidate("t01", 1, 1, 9, 15)))
    assert shortest_way(call, slot, []) == "t01"


def test_travel_includes_the_ways_from_home_and_back() -> None:
    first, second, *_ = calls_of(SEED)
    technician = TECHNICIANS["t00"]
    home = home_of(technician)
    stops = [home, first.location, second.location, home]
    result = traveled([Job(second, technician, MONDAY + 900), Job(first, technician, MONDAY + 600)])
    assert result.routes == 1
    assert result.minutes == sum(TRAVEL_TIMES.minutes(*leg) for leg in pairwise(stops))
    assert result.km == pytest.approx(1.3 * sum(great_circle_km(*leg) for leg in pairwise(stops)))


def test_a_seed_reproduces_a_week_of_sixty_calls_and_its_table() -> None:
    calls = calls_of(SEED)
    assert calls == calls_of(SEED) != calls_of(SEED + 1)
    assert [sum(call.day == day for call in calls) for day in range(DAYS)] == [CALLS_A_DAY] * DAYS
    assert {call.location for call in calls} == set(ADDRESSES.values())
    assert (len(HOMES), len(calls)) == (12, 60)
    first, second = ([[week_of(policy, calls[:6])] for policy in policies(SEED)] for _ in range(2))
    assert [list(column.cells) for column in table_of(first).columns] == [
        list(column.cells) for column in table_of(second).columns
    ]
