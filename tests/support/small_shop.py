"""Small shop of the stateful tests: services, technicians and travel times.

Times are minutes of one day in UTC, on a grid of half an hour. All places are on one meridian, so that a latitude
identifies a place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.services.imports import ProjectPlan
from support.shop import at, plan, service, technician
from support.sqlite_file import Entry

GRID: Final = 30
FIRST_GRID, LAST_GRID = at("08:30"), at("12:30")
Span = tuple[int, int]
Staff = Mapping[str, "Worker"]

PLACES: Final = {"a": 39.0, "b": 39.1034, "c": 39.3102}
"""Latitudes of the places: b and c are 11.5 and 34.5 km from a."""
LONGITUDE: Final = -105.0
TRAVEL: Final = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60, minutes_per_stop=0, road_factor=1.3)
_TRAVEL_MINUTES: Final = {frozenset("ab"): 15, frozenset("bc"): 30, frozenset("ac"): 45}
_NAMES: Final = {latitude: name for name, latitude in PLACES.items()}


@dataclass(frozen=True, slots=True)
class Kind:
    """Kind of appointment."""

    skill: str
    minutes: int
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """Technician with skills and one shift."""

    skills: str
    shift: str
    limit: int | None = None
    """Maximum number of appointments per day."""
    home: str | None = None
    is_off: bool = False
    away: tuple[Span, ...] = ()
    """Time off that operators added."""

    def span(self) -> Span:
        first, last = self.shift.split("-")
        return at(first), at(last)

    def is_absent(self, start: int, end: int) -> bool:
        """Return True if an absence overlaps the time."""
        return self.is_off or any(first < end and start < last for first, last in self.away)


@dataclass(frozen=True, slots=True)
class Job:
    """Requested appointment."""

    kind: str
    start: int
    minutes: int
    requested: str | None = None
    place: str | None = None

    @property
    def end(self) -> int:
        return self.start + self.minutes


KINDS: Final[Mapping[str, Kind]] = {
    "gas": Kind("g", 60),
    "water": Kind("w", 30, after=30),
    "any": Kind("", 30, before=15),
}
STAFF: Final[Staff] = {
    "ana": Worker("g w", "09:00-12:00", home="a"),
    "ben": Worker("g", "09:00-11:00", limit=1),
    "cem": Worker("w", "10:00-12:00", home="b"),
}
CHANGES: Final = (
    ("ana", Worker("g w", "09:00-12:00", home="a")),
    ("ana", Worker("g", "09:30-12:00", home="b")),
    ("ben", Worker("g w", "09:00-12:00", limit=2)),
    ("ben", Worker("g", "09:00-09:00", limit=2)),
    ("cem", Worker("g w", "09:00-12:00", home="b")),
    ("cem", Worker("w", "11:00-12:00")),
)
"""Variants of each technician that an import may set."""


def plan_of(staff: Staff) -> ProjectPlan:
    """Return the shop's project file, which contains no absences."""
    return plan(
        *(
            technician(
                name,
                *([worker.shift] if worker.span()[0] < worker.span()[1] else []),
                skills=worker.skills,
                max_bookings_per_day=worker.limit,
                home=location(worker.home),
            )
            for name, worker in staff.items()
        ),
        services=[
            service(name, kind.minutes, skills=kind.skill, before=kind.before, after=kind.after)
            for name, kind in KINDS.items()
        ],
        horizon_days=0,
        travel=TRAVEL,
    )


def location(place: str | None) -> Location | None:
    return None if place is None else Location(PLACES[place], LONGITUDE)


def entry_of(job: Job, technician_id: str = "") -> Entry:
    """Return the appointment as a row of the table claims."""
    kind = KINDS[job.kind]
    return Entry(
        id="new",
        technician_id=technician_id,
        service_id=job.kind,
        start=job.start,
        end=job.end,
        before=kind.before,
        after=kind.after,
        state="held",
        expires_at_ms=None,
        technician_chosen=int(job.requested is not None),
        token=None,
        latitude=None if job.place is None else PLACES[job.place],
    )


def placeless(entry: Entry) -> Entry:
    """Return the same appointment without a location."""
    return replace(entry, latitude=None)


def travel_minutes(origin: float | None, destination: float | None) -> int | None:
    """Return the travel time between two latitudes in minutes, if both are known."""
    if origin is None or destination is None:
        return None
    return 0 if origin == destination else _TRAVEL_MINUTES[frozenset({_NAMES[origin], _NAMES[destination]})]
