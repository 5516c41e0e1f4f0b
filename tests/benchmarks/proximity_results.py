"""What each policy travels in a week, against the fewest kilometres in which its own jobs can be done."""

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
from benchmarks.proximity_routes import Job, Travelled, travelled
from benchmarks.proximity_week import DAYS, LUNCH, MONDAY, Call, day_of, starts_on
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_Day = tuple[tuple[Call, tuple[Minute, ...]], ...]


@dataclass(frozen=True, slots=True)
class Week:
    """One policy's week."""

    policy: Policy
    jobs: Sequence[Job]
    travelled: Travelled
    optimum: Optimum
    """For the same jobs at the same starts."""

    @property
    def over_optimum(self) -> float:
        """How many times the optimum was travelled."""
        return self.travelled.km / self.optimum.km

    @property
    def moved(self) -> int:
        """How many callers could not have the start that they wanted."""
        return sum(job.start != job.call.start for job in self.jobs)


def week_of(policy: Policy, calls: Sequence[Call]) -> Week:
    """Take the calls by a policy."""
    with TemporaryDirectory() as folder:
        jobs = asyncio.run(book_week(Path(folder), calls, policy.ranking, policy.choice))
    return Week(policy, jobs, travelled(jobs), optimum_at_same_starts(jobs))


def optimum_at_same_starts(jobs: Sequence[Job]) -> Optimum:
    """The fewest kilometres, each job at its start, whoever does it."""
    return _sum(_fewest(tuple((job.call, (job.start,)) for job in day)) for day in _days(jobs))


def optimum_in_same_half_days(jobs: Sequence[Job]) -> Optimum:
    """The fewest kilometres, each job at any start before lunch or after it, whichever it was."""
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
    found = list(days)
    return Optimum(sum(day.km for day in found), all(day.is_proved for day in found))
