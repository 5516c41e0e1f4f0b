"""The waitlist: callers for whom nothing fitted, in the order in which they asked."""

from dataclasses import dataclass
from enum import StrEnum

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Location
from slotmcp.domain.interval import Minute


class WaitState(StrEnum):
    """Where a wait stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    """A time is held for them, for longer than a caller on the phone has."""
    BOOKED = "booked"
    EXPIRED = "expired"
    """The window has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One caller's wait for a time."""

    id: str
    service_id: str
    duration_minutes: int
    start_from: Minute
    start_to: Minute
    """Starts before it."""
    customer: Customer
    customer_pseudonym: str
    joined_at_ms: int
    technician_id: str | None = None
    location: Location | None = None
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of the references by which its customer finds it: phone, e-mail, customerHash."""
    state: WaitState = WaitState.WAITING
    hold_token: str = ""
    """Of the hold that was offered last."""
