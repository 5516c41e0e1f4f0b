"""A small shop: what it sells, who works there, and how far it is from place to place.

Times are minutes; one day, one zone, a grid of half an hour. Places lie on one meridian, so that a latitude says which
it is.
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
"""11.5 and 34.5 km from the first."""
LONGITUDE: Final = -105.0
TRAVEL: Final = TravelPolicy(mode=TravelMode.ESTIMATED, speed_kmh=60, minutes_per_stop=0, road_factor=1.3)
_TRAVEL_MINUTES: Final = {frozenset("ab"): 15, frozenset("bc"): 30, frozenset("ac"): 45}
_NAMES: Final = {latitude: name for name, latitude in PLACES.items()}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of appointment."""

    skill: str
    minutes: int
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """A technician: skills and one shift."""

    skills: str
    shift: str
    limit: int | None = None
    """Most appointments that day."""
    home: str | None = None
    is_off: bool = False
    away: tuple[Span, ...] = ()
    """Time off, as operators added it."""

    def span(self) -> Span:
        first, last = self.shift.split("-")
        return at(first), at(last)

    def is_absent(self, start: int, end: int) -> bool:
        """Whether they cannot come then, though it may be within their shift."""
        return self.is_off or any(first < end and start < last for first, last in self.away)


@dataclass(frozen=True, slots=True)
class Job:
    """An appointment that is asked for."""

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
"""What an import may make of somebody: more, less, or nothing at all."""


def plan_of(staff: Staff) -> ProjectPlan:
    """The shop's project file. It knows nothing of absences."""
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
    """The appointment as it would stand in the file."""
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
    """The same where nobody asks how far it is."""
    return replace(entry, latitude=None)


def way(origin: float | None, destination: float | None) -> int | None:
    """Minutes from one latitude to another, if both are known."""
    if origin is None or destination is None:
        return None
    return 0 if origin == destination else _TRAVEL_MINUTES[frozenset({_NAMES[origin], _NAMES[destination]})]
