"""A small shop and a model of it: what can be served, worked out by plain counting and by trying everything.

It shares no code with the engine. Times are minutes; one day, one zone, a grid of half an hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.services.imports import ProjectPlan
from support.shop import at, plan, service, technician
from support.sqlite_file import Entry

GRID: Final = 30
FIRST_GRID, LAST_GRID = at("08:30"), at("12:30")


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

    def span(self) -> tuple[int, int]:
        first, last = self.shift.split("-")
        return at(first), at(last)


@dataclass(frozen=True, slots=True)
class Job:
    """An appointment that is asked for."""

    kind: str
    start: int
    minutes: int
    wish: str | None = None


KINDS: Final[Mapping[str, Kind]] = {
    "gas": Kind("g", 60),
    "water": Kind("w", 30, after=30),
    "any": Kind("", 30, before=15),
}
STAFF: Final[Mapping[str, Worker]] = {
    "ana": Worker("g w", "09:00-12:00"),
    "ben": Worker("g", "09:00-11:00", limit=1),
    "cem": Worker("w", "10:00-12:00"),
}
CHANGES: Final = (
    ("ana", Worker("g w", "09:00-12:00")),
    ("ana", Worker("g", "09:30-12:00")),
    ("ben", Worker("g w", "09:00-12:00", limit=2)),
    ("ben", Worker("g", "09:00-09:00", limit=2)),
    ("cem", Worker("g w", "09:00-12:00")),
    ("cem", Worker("w", "11:00-12:00")),
)
"""What an import may make of somebody: more, less, or nothing at all."""


def plan_of(staff: Mapping[str, Worker]) -> ProjectPlan:
    """The shop's project file."""
    return plan(
        *(
            technician(
                name,
                *([worker.shift] if worker.span()[0] < worker.span()[1] else []),
                skills=worker.skills,
                max_bookings_per_day=worker.limit,
            )
            for name, worker in staff.items()
        ),
        services=[
            service(name, kind.minutes, skills=kind.skill, before=kind.before, after=kind.after)
            for name, kind in KINDS.items()
        ],
        horizon_days=0,
    )


def suits(worker: Worker, kind: str, start: int, end: int) -> bool:
    """Whether somebody has the skill and is on shift."""
    opens, closes = worker.span()
    skill = KINDS[kind].skill
    return (not skill or skill in worker.skills.split()) and opens <= start and end <= closes


def meets(one: Entry, other: Entry) -> bool:
    """Whether two appointments with their buffers share time."""
    return one.start - one.before < other.end + other.after and other.start - other.before < one.end + one.after


def entry_of(job: Job, technician_id: str = "") -> Entry:
    """The appointment as it would stand in the file."""
    kind = KINDS[job.kind]
    return Entry(
        id="new",
        technician_id=technician_id,
        service_id=job.kind,
        start=job.start,
        end=job.start + job.minutes,
        before=kind.before,
        after=kind.after,
        state="held",
        expires_at_ms=None,
        technician_chosen=int(job.wish is not None),
        token=None,
    )


def who_can(staff: Mapping[str, Worker], live: Sequence[Entry], wanted: Entry, wish: str | None) -> list[str]:
    """Everybody who can take it as everything stands."""
    return [
        name for name in staff if wish in {None, name} and _can(staff[name], live, replace(wanted, technician_id=name))
    ]


def _can(worker: Worker, live: Iterable[Entry], wanted: Entry) -> bool:
    theirs = [one for one in live if one.technician_id == wanted.technician_id]
    return (
        suits(worker, wanted.service_id, wanted.start, wanted.end)
        and (worker.limit is None or len(theirs) < worker.limit)
        and not any(meets(one, wanted) for one in theirs)
    )


def is_servable(staff: Mapping[str, Worker], claims: Sequence[Entry], fixed: frozenset[str]) -> bool:
    """Whether all claims can be served at once: tries everything.

    Bookings, holds whose caller chose, and the ids in `fixed` stay where they are.
    """
    stay = [one for one in claims if one.state == "booked" or one.technician_chosen or one.id in fixed]
    return _place(staff, stay, [one for one in claims if one not in stay])


def _place(staff: Mapping[str, Worker], placed: list[Entry], left: list[Entry]) -> bool:
    if not left:
        return True
    one, rest = left[0], left[1:]
    return any(
        _place(staff, [*placed, replace(one, technician_id=name)], rest) for name in who_can(staff, placed, one, None)
    )
