"""Distances of each policy in a week, against the lower bound for the same jobs."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.proximity_calls import book_week
from benchmarks.proximity_optimum import Optimum, fewest_km
from benchmarks.proximity_policies import Policy
from benchmarks.proximity_routes import Job, Traveled, traveled
from benchmarks.proximity_week import DAYS, LUNCH, MONDAY, Call, day_of, starts_on
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_Day = tuple[tuple[Call, tuple[Minute, ...]], ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Week of one policy."""

    policy: Policy
    jobs: Sequence[Job]
    traveled: Traveled
    optimum: Optimum
    """Lower bound for the same jobs at the same starts."""

    @property
    def over_optimum(self) -> float:
        """Distance divided by the optimum."""
        return self.traveled.km / self.optimum.km

    @property
    def moved(self) -> int:
        """Number of callers who did not get the requested start."""
        return sum(job.start != job.call.start for job in self.jobs)


def week_of(policy: Policy, calls: Sequence[Call]) -> Week:
    """Book the calls with a policy."""
    with TemporaryDirectory() as folder:
        jobs = asyncio.run(book_week(Path(folder), calls, policy.ranking, policy.choice))
    return Week(policy, jobs, traveled(jobs), optimum_at_same_starts(jobs))


def optimum_at_same_starts(jobs: Sequence[Job]) -> Optimum:
    """Return the fewest kilometers with each job at its start."""
    return _sum(_fewest(tuple((job.call, (job.start,)) for job in day)) for day in _days(jobs))


def optimum_in_same_half_days(jobs: Sequence[Job]) -> Optimum:
    """Return the fewest kilometers with each job at any start in the same half day."""
    return _sum(_fewest(tuple((job.call, _half_day(job)) for job in day)) for day in _days(jobs))


def _days(jobs: Sequence[Job]) -> Iterable[list[Job]]:
    in_order = sorted(jobs, key=attrgetter("call.number"))
    return ([job for job in in_order if day_of(job.start) == day] for day in range(DAYS))


def _half_day(job: Job) -> tuple[Minute, ...]:
    day = day_of(job.start)
    noon = MONDAY + day * MINUTES_PER_DAY + LUNCH
    starts = starts_on(day, job.call.service.duration_minutes)
    return tuple(start for start in starts if (start < noon) == (job.start < noon))


@cache
def _fewest(day: _Day) -> Optimum:
    return fewest_km(dict(day))


def _sum(days: Iterable[Optimum]) -> Optimum:
    optima = list(days)
    return Optimum(sum(day.km for day in optima), all(day.is_proved for day in optima))
