"""Claim on one technician's time: a hold, or a booking once it is confirmed."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.catalog import Location
from slotmcp.domain.interval import Interval, Minute

MAX_HOLD_MINUTES: Final = 15
"""Longest lifetime of a hold, which the offers of the waitlist have."""


class ClaimState(StrEnum):
    """State of a claim. Only HELD and BOOKED take time."""

    HELD = "held"
    BOOKED = "booked"
    LAPSED = "lapsed"
    """An expired hold; kept for a day, so that it can be revived while its time is free."""
    RELEASED = "released"
    """A hold that its caller released."""
    WITHDRAWN = "withdrawn"
    """A hold that the business withdrew because no technician can serve it."""
    CANCELLED = "cancelled"
    """A booking that was canceled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingBooking:
    """Booking for whose move a hold is kept, with its new time. The hold claims the part that the booking lacks."""

    booking_id: str
    start: Minute
    end: Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTerms:
    """Terms of a hold: the caller for whom it is kept, and the purpose."""

    caller: CallerIdentity
    created_at_ms: int
    latest_expiry_ms: int
    """Time by which the hold and every hold that replaces it expire."""
    credential: str = ""
    """Pseudonym of the credential that created the hold; empty for the offers of the waitlist."""
    token_key: str = ""
    """Pseudonym of the hold's token."""
    request_key: str = ""
    """Pseudonym of the request's idempotency key; empty: none."""
    is_additional: bool = False
    """True if the caller keeps it in addition to others at the same time."""
    moving: MovingBooking | None = None
    """Booking that the hold serves; None: a new booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Time that a hold or a booking takes, as the engine sees it.

    A hold pins a technician, which guarantees that it can be served; the caller never sees that technician. The
    engine may move a hold to another technician to make room. It never moves a booking, nor a hold whose caller
    requested the technician.
    """

    id: str
    technician_id: str
    service_id: str
    start: Minute
    end: Minute
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    expires_at_ms: int | None = None
    """Time at which a hold expires. None for a booking."""
    technician_chosen: bool = False
    """True if the caller requested this technician."""
    location: Location | None = None
    """Location of the job, if it is known."""
    postal_code: str = ""
    """Postal code of the job, if it is known."""
    priority: Priority = Priority.NORMAL
    hold: HoldTerms | None = None
    """Terms of a hold. None for a booking, and for a hold of an older program."""

    @property
    def interval(self) -> Interval:
        """The appointment without its buffers."""
        return self.start, self.end

    @property
    def appointment(self) -> Interval:
        """The appointment that the claim is for: of a hold that moves a booking, the booking's new time."""
        moving = self.hold.moving if self.hold else None
        return (moving.start, moving.end) if moving else self.interval

    @property
    def moved_booking_id(self) -> str:
        """Id of the booking that the hold moves; empty: none."""
        moving = self.hold.moving if self.hold else None
        return moving.booking_id if moving else ""

    @property
    def is_additional(self) -> bool:
        """True if the claim is a hold that its caller keeps in addition to others at the same time."""
        return self.hold is not None and self.hold.is_additional

    @property
    def is_movable(self) -> bool:
        """True if the engine may move the claim to another technician, as long as it is a hold."""
        return not self.technician_chosen and not self.moved_booking_id

    @property
    def is_hold(self) -> bool:
        """True if the claim is a hold."""
        return self.expires_at_ms is not None

    def is_live(self, now_ms: int) -> bool:
        """Return whether the claim takes time now: a booking always, a hold until it expires."""
        return self.expires_at_ms is None or now_ms < self.expires_at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold: the claim, with its token and customer."""

    claim: Claim
    token: str
    state: ClaimState
    customer_pseudonym: str
    """The caller's opaque customer reference, hashed with the project's salt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyTime:
    """Time of a technician that is taken outside of slotmcp, such as a calendar event. It has no buffers."""

    technician_id: str
    start: Minute
    end: Minute
    source: str = ""
