"""Waitlist: customers who wait for a slot, in order of joining."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from slotmcp.domain.booking import Customer
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.interval import Interval, Minute, overlaps


class WaitlistState(StrEnum):
    """State of a waitlist entry."""

    WAITING = "waiting"
    OFFERED = "offered"
    """A time is held for the customer, longer than during a phone call."""
    BOOKED = "booked"
    EXPIRED = "expired"
    """The window has passed, or the customer was erased."""


OPEN_STATES: Final = (WaitlistState.WAITING, WaitlistState.OFFERED)
"""States in which an entry can still become a booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistEntry:
    """One customer's request on the waitlist."""

    id: str
    service_id: str
    duration_minutes: int
    start_from: Minute
    start_to: Minute
    """Exclusive end of the requested starts."""
    customer: Customer
    customer_pseudonym: str
    joined_at_ms: int
    technician_id: str | None = None
    location: Location | None = None
    postal_code: str = ""
    priority: Priority = Priority.NORMAL
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of the customer's references: phone, email, and a customerHash that cannot be guessed."""
    state: WaitlistState = WaitlistState.WAITING
    hold_token: str = ""
    """Token of the hold that was offered last."""
    declined_times: tuple[Interval, ...] = ()
    """Times that the customer declined. Times that overlap them are not offered again."""

    @property
    def is_offered(self) -> bool:
        """True if a time was offered, even if the offer has ended since."""
        return self.state is WaitlistState.OFFERED

    def with_hold(self, hold: Hold | None, now_ms: int) -> Self:
        """Return the entry in the state that follows from the state of its offered hold.

        An entry whose offer expired or was released waits again, and the time counts as declined. An entry
        whose offer was withdrawn waits again.
        """
        if self.state is not WaitlistState.OFFERED:
            return self
        if hold is None or hold.state is ClaimState.WITHDRAWN:
            return replace(self, state=WaitlistState.WAITING)
        if hold.state in {ClaimState.BOOKED, ClaimState.CANCELLED}:
            return replace(self, state=WaitlistState.BOOKED)
        if hold.state is ClaimState.HELD and hold.claim.is_live(now_ms):
            return self
        return replace(self, state=WaitlistState.WAITING, declined_times=(*self.declined_times, hold.claim.interval))

    def accepts(self, time: Interval) -> bool:
        """Return whether a time may be offered because it overlaps no declined time."""
        return not any(overlaps(time, declined) for declined in self.declined_times)
