"""Business with twelve technicians around Denver, and a week with sixty calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from benchmarks.proximity_places import ADDRESSES, HOMES
from slotmcp.domain.catalog import Location, Project, RankingKey, ServiceType, Technician, TravelMode, TravelPolicy
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.services.imports import ProjectPlan

PROJECT_ID: Final = "denver"
DAYS: Final = 5
CALLS_A_DAY: Final = len(ADDRESSES) // DAYS
GRID_MINUTES: Final = 30
MONDAY: Final[Minute] = int(datetime(2026, 11, 30, 7, tzinfo=UTC).timestamp()) // 60
"""Midnight in Denver, without a clock change in that week."""
NOW_MS: Final = (MONDAY - MINUTES_PER_DAY // 2) * MS_PER_MINUTE
"""Noon on the Sunday before."""
OPENING, LUNCH, LUNCH_END, CLOSING = 8 * 60, 12 * 60, 13 * 60, 17 * 60
"""Working day of all technicians, in minutes since midnight."""
TRAVEL: Final = TravelPolicy(mode=TravelMode.ESTIMATED)

_WEEKDAYS: Final = frozenset(range(5))
_SKILLS: Final = ("hvac gas", "hvac gas heat-pump", "hvac")
"""Skills assigned in turn: all twelve can repair, eight can work on gas, four on heat pumps."""
_PRIORITIES: Final = (2, 3, 1, 1)
"""Priorities assigned in turn, so that each priority has each kind of skills."""

REPAIR: Final = ServiceType(
    id="repair", name="Repair", duration_minutes=60, buffer_after_minutes=15, skills=frozenset({"hvac"})
)
TUNE_UP: Final = ServiceType(
    id="tune-up", name="Tune-up", duration_minutes=90, buffer_after_minutes=15, skills=frozenset({"hvac", "gas"})
)
HEAT_PUMP: Final = ServiceType(
    id="heat-pump",
    name="Heat pump service",
    duration_minutes=120,
    buffer_after_minutes=15,
    skills=frozenset({"hvac", "heat-pump"}),
)
_SERVICES: Final = (REPAIR, TUNE_UP, HEAT_PUMP)
_SHARES: Final = (3, 2, 1)
"""Shares of the services in the calls: half are repairs."""


@dataclass(frozen=True, slots=True)
class Call:
    """Request for a service at a place, with a preferred start."""

    number: int
    service: ServiceType
    location: Location
    start: Minute

    @property
    def day(self) -> int:
        """Monday is 0."""
        return day_of(self.start)


def business(ranking: tuple[RankingKey, ...]) -> ProjectPlan:
    """Return the business with an assignment ranking."""
    project = Project(
        id=PROJECT_ID,
        name="Denver",
        timezone="America/Denver",
        slot_interval_minutes=GRID_MINUTES,
        assignment_ranking=ranking,
        travel=TRAVEL,
    )
    return ProjectPlan(project=project, services=_SERVICES, technicians=tuple(TECHNICIANS.values()))


def calls_of(seed: int, count: int = len(ADDRESSES)) -> Sequence[Call]:
    """Return a number of calls of a week, in order of arrival, reproducible by the seed."""
    random = Random(f"week-{seed}")  # noqa: S311  not a secret
    places = random.sample(list(ADDRESSES.values()), len(ADDRESSES))
    calls = [_call(random, number, place) for number, place in enumerate(places)]
    return random.sample(calls, count)


def day_of(start: Minute) -> int:
    """Return the weekday of a start in the week; Monday is 0."""
    return (start - MONDAY) // MINUTES_PER_DAY


def starts_on(day: int, duration_minutes: int) -> Sequence[Minute]:
    """Return the starts of a day for jobs within the working hours."""
    midnight = MONDAY + day * MINUTES_PER_DAY
    return [
        midnight + at
        for opens, closes in ((OPENING, LUNCH), (LUNCH_END, CLOSING))
        for at in range(opens, closes - duration_minutes + 1, GRID_MINUTES)
    ]


def _call(random: Random, number: int, place: Location) -> Call:
    (service,) = random.choices(_SERVICES, _SHARES)
    day = number // CALLS_A_DAY
    opening = MONDAY + day * MINUTES_PER_DAY + OPENING
    starts = [start for start in starts_on(day, service.duration_minutes) if start > opening]
    return Call(number, service, place, random.choice(starts))


def _technician(number: int, name: str, home: Location) -> Technician:
    return Technician(
        id=f"t{number:02}",
        name=name,
        timezone="America/Denver",
        priority=_PRIORITIES[number % len(_PRIORITIES)],
        skills=frozenset(_SKILLS[number % len(_SKILLS)].split()),
        home=home,
        shifts=(WeeklySpan(days=_WEEKDAYS, span=WallSpan(start_minute=OPENING, end_minute=CLOSING)),),
        breaks=(WeeklySpan(days=_WEEKDAYS, span=WallSpan(start_minute=LUNCH, end_minute=LUNCH_END)),),
    )


TECHNICIANS: Final[Mapping[str, Technician]] = {
    each.id: each for each in (_technician(number, name, home) for number, (name, home) in enumerate(HOMES.items()))
}
"""Technicians by id, named after their neighborhoods."""
