"""State of the small shop's model: claims, customers, and the calls that made them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from oracle.retries import BookArguments
from support.small_shop import STAFF, Job, Worker, location

Contact = Literal["phone", "email", "both"]
NOTATIONS: Final = {
    "kim": ("+1 303 555 0142", "303-555-0142", "(303) 555 0142"),
    "lee": ("+13035550199", "303.555.0199", "1 303 555 0199"),
}
NORMALIZED: Final = {"kim": "+13035550142", "lee": "+13035550199"}
HASHES: Final = {"kim": "kim:hash-7f3a91c2", "lee": "lee:hash-e5d84b06"}
"""References that cannot be guessed."""
ENDED: Final = frozenset({"cancelled", "completed", "no_show"})


@dataclass(frozen=True, slots=True)
class StoredHold:
    """Hold in the model, or the booking that it became."""

    job: Job
    known_as: str
    """Reference of the caller; empty after the customer is forgotten."""
    expires_at_ms: int
    state: str = "held"
    is_offer: bool = False
    """True if it is an offer to a waitlist entry."""
    contacts: frozenset[str] = frozenset()
    """Contacts of the caller, by which a request without the token finds it."""


@dataclass(frozen=True, slots=True)
class Sale:
    """Booking in the model."""

    job: Job
    known_as: frozenset[str]
    """References of the customer."""
    status: str = "confirmed"
    by: BookArguments = field(default_factory=BookArguments)
    """Request that made it, with the contacts that were added since."""
    is_forgotten: bool = False

    @property
    def takes_time(self) -> bool:
        return self.status != "cancelled"


@dataclass(frozen=True, slots=True)
class WaitRequest:
    """Requested job and window of a waitlist entry."""

    job: Job
    """Requested job. Its start is ignored."""
    first: int
    last: int
    """End of the window, exclusive for starts."""

    def wants(self, start: int, gone: tuple[tuple[int, int], ...] = ()) -> bool:
        """Return True if a start is in the window and overlaps no declined offer."""
        end = start + self.job.minutes
        return self.first <= start < self.last and not any(first < end and start < last for first, last in gone)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Waitlist entry in the model."""

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
        """Position in line: fewer declined offers first, then the earlier entry."""
        return len(self.gone), self.number


@dataclass(frozen=True, slots=True)
class Sent:
    """Call that had an effect, and the token or id that it returned."""

    tool: str
    arguments: Mapping[str, object]
    made: str
    job: Job


Keys = dict[str, tuple[object, str]]
"""Request and result of each used key in its scope."""


@dataclass(slots=True)
class Memory:
    """State of the model."""

    staff: dict[str, Worker] = field(default_factory=lambda: dict(STAFF))
    holds: dict[str, StoredHold] = field(default_factory=dict)
    """Holds by token."""
    sold: dict[str, Sale] = field(default_factory=dict)
    """Bookings by id."""
    waits: dict[str, Waiting] = field(default_factory=dict)
    """Waitlist entries by id."""
    hold_keys: Keys = field(default_factory=dict)
    book_keys: dict[str, tuple[BookArguments, str]] = field(default_factory=dict)
    move_keys: Keys = field(default_factory=dict)
    """Includes derived keys."""
    wait_keys: Keys = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    """Calls that had an effect and can be repeated safely."""
    stranded: frozenset[str] = frozenset()
    """Bookings whose technician became unavailable."""
    latest_ms: int = 0
    """Latest time that the clock has shown."""


def scoped(key: str, owner: str) -> str:
    """Return a key with the caller or booking to which it belongs; without a key, empty text."""
    return f"{key} {owner}" if key else ""


def customer_arguments(who: str, contact: Contact, notation: int = 0) -> dict[str, str]:
    """Return the arguments that describe a customer."""
    provided = {"customerName": f"{who.title()} Doe"}
    if contact != "email":
        provided["customerPhone"] = NOTATIONS[who][notation]
    if contact != "phone":
        provided["customerEmail"] = f"{who}@example.com"
    return provided


def references(who: str, contact: Contact) -> tuple[str, ...]:
    """Return the references of a customer with these contacts."""
    return tuple(f"{who}:{kind}" for kind in ("phone", "email") if contact in {kind, "both"})


def book_arguments(who: str, contact: Contact, job: Job) -> BookArguments:
    """Return a request to book a job."""
    where = location(job.place)
    return BookArguments(
        name=f"{who.title()} Doe",
        phone="" if contact == "email" else NORMALIZED[who],
        email="" if contact == "phone" else f"{who}@example.com",
        service=job.kind,
        start=job.start,
        minutes=job.minutes,
        technician=job.requested,
        place=(where.latitude, where.longitude) if where else None,
    )


def job_arguments(job: Job) -> dict[str, object]:
    """Return the arguments that describe a job."""
    provided: dict[str, object] = {"serviceType": job.kind, "start": text(job.start), "durationMinutes": job.minutes}
    if job.requested:
        provided["technicianId"] = job.requested
    if place := location(job.place):
        provided |= {"latitude": place.latitude, "longitude": place.longitude}
    return provided


def text(minute: int) -> str:
    """Return a minute of Monday as an instant on the wire."""
    return f"2025-06-02T{minute // 60 % 24:02}:{minute % 60:02}Z"
