"""What the model of the small shop remembers: what was promised, to whom, and by which call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from support.small_shop import STAFF, Job, Worker, location

Contact = Literal["phone", "email", "both"]
NOTATIONS: Final = {
    "kim": ("+1 303 555 0142", "303-555-0142", "(303) 555 0142"),
    "lee": ("+13035550199", "303.555.0199", "1 303 555 0199"),
}
NORMALIZED: Final = {"kim": "+13035550142", "lee": "+13035550199"}
ENDED: Final = frozenset({"cancelled", "completed", "no_show"})


@dataclass(frozen=True, slots=True)
class StoredHold:
    """What the model knows of a hold, or of the booking that it became."""

    job: Job
    known_as: str
    """What its caller is found by; empty once they are forgotten."""
    expires_at_ms: int
    state: str = "held"
    is_offer: bool = False
    """Somebody from the waitlist has it."""


@dataclass(frozen=True, slots=True)
class Sale:
    """A booking."""

    job: Job
    known_as: frozenset[str]
    """All that its customer is found by."""
    status: str = "confirmed"

    @property
    def takes_time(self) -> bool:
        return self.status != "cancelled"


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """What somebody waits for: a job at any start in a window."""

    job: Job
    """Its start is of no matter."""
    first: int
    last: int
    """Starts lie before it."""

    def wants(self, start: int, gone: tuple[tuple[int, int], ...] = ()) -> bool:
        """Whether a start may be offered that is not near one which was let go."""
        end = start + self.job.minutes
        return self.first <= start < self.last and not any(first < end and start < last for first, last in gone)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the waitlist, and what the model knows of it."""

    number: int
    window: WaitRequest
    known_as: tuple[str, ...]
    state: str = "waiting"
    token: str = ""
    gone: tuple[tuple[int, int], ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state in {"waiting", "offered"}

    @property
    def position_in_line(self) -> tuple[int, int]:
        """Who let fewer offers go is asked first, and among those who joined first."""
        return len(self.gone), self.number


@dataclass(frozen=True, slots=True)
class Sent:
    """A call, and the name of what it made: a token, or the id of a booking or a wait."""

    tool: str
    arguments: Mapping[str, object]
    made: str
    job: Job


Keys = dict[str, tuple[object, str]]
"""What a key was used for, and the name of what that made."""


@dataclass(slots=True)
class Memory:
    """What the model remembers."""

    staff: dict[str, Worker] = field(default_factory=lambda: dict(STAFF))
    holds: dict[str, StoredHold] = field(default_factory=dict)
    """By token."""
    sold: dict[str, Sale] = field(default_factory=dict)
    """Bookings by id."""
    waits: dict[str, Waiting] = field(default_factory=dict)
    """By id."""
    hold_keys: Keys = field(default_factory=dict)
    book_keys: Keys = field(default_factory=dict)
    """Tokens and derived keys among them."""
    move_keys: Keys = field(default_factory=dict)
    """Likewise."""
    wait_keys: Keys = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    """Every call that had an effect and can be told from others: what is safe to repeat."""
    stranded: frozenset[str] = frozenset()
    """Claims whose technician has been taken away from under them."""
    latest_ms: int = 0
    """The latest that the clock ever showed."""


def customer_arguments(who: str, contact: Contact, notation: int = 0) -> dict[str, str]:
    """A customer as an agent tells of them."""
    provided = {"customerName": f"{who.title()} Doe"}
    if contact != "email":
        provided["customerPhone"] = NOTATIONS[who][notation]
    if contact != "phone":
        provided["customerEmail"] = f"{who}@example.com"
    return provided


def references(who: str, contact: Contact) -> tuple[str, ...]:
    """What a customer is found by who told of themselves like that."""
    return tuple(f"{who}:{one}" for one in ("phone", "email") if contact in {one, "both"})


def job_arguments(job: Job) -> dict[str, object]:
    """A job as an agent asks for it."""
    provided: dict[str, object] = {"serviceType": job.kind, "start": text(job.start), "durationMinutes": job.minutes}
    if job.requested:
        provided["technicianId"] = job.requested
    if place := location(job.place):
        provided |= {"latitude": place.latitude, "longitude": place.longitude}
    return provided


def text(minute: int) -> str:
    """A minute of Monday as it is told."""
    return f"2025-06-02T{minute // 60 % 24:02}:{minute % 60:02}Z"
