"""A claim on one technician's time: a hold while it lives, a booking once it is confirmed."""

from dataclasses import dataclass
from enum import StrEnum

from slotmcp.domain.catalog import Location
from slotmcp.domain.interval import Interval, Minute


class ClaimState(StrEnum):
    """Where a claim stands. Only HELD and BOOKED take time."""

    HELD = "held"
    BOOKED = "booked"
    LAPSED = "lapsed"
    """A hold whose time ran out; kept for a day, so that it can be revived while its unit is free."""
    RELEASED = "released"
    """A hold given back by its caller."""
    WITHDRAWN = "withdrawn"
    """A hold taken back by the business: nobody is left who could serve it."""
    CANCELLED = "cancelled"
    """A booking that was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the engine needs to know of a hold or a booking.

    A hold pins a technician, the witness that it can be served; its caller never sees which. The
    engine may move a hold to another technician to make room, but never a booking, and never a
    hold whose caller chose the technician.
    """

    id: str
    technician_id: str
    service_id: str
    start: Minute
    end: Minute
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    expires_at_ms: int | None = None
    """Set on a hold: the first millisecond at which it is gone. None on a booking."""
    technician_chosen: bool = False
    """The caller asked for this technician."""
    location: Location | None = None
    """Where the job is, if that is known."""

    @property
    def interval(self) -> Interval:
        """The appointment itself, without buffers."""
        return self.start, self.end

    @property
    def is_hold(self) -> bool:
        """Whether it still has to be confirmed."""
        return self.expires_at_ms is not None

    def is_live(self, now_ms: int) -> bool:
        """Whether it takes time now: a booking always, a hold until it expires."""
        return self.expires_at_ms is None or now_ms < self.expires_at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold as its caller knows it, with what the store keeps beside the claim."""

    claim: Claim
    token: str
    state: ClaimState
    customer_pseudonym: str
    """The caller's opaque reference, hashed with the project's salt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyTime:
    """Time taken by something outside, such as a calendar. It has no buffers of its own."""

    technician_id: str
    start: Minute
    end: Minute
    source: str = ""
