"""The waitlist: callers for whom nothing fitted, in the order in which they asked."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.interval import Interval, Minute, overlaps


class WaitlistState(StrEnum):
    """Where a wait stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    """A time is held for them, for longer than a caller on the phone has."""
    BOOKED = "booked"
    EXPIRED = "expired"
    """The window has passed, or nobody waits for it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistEntry:
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
    state: WaitlistState = WaitlistState.WAITING
    hold_token: str = ""
    """Of the hold that was offered last."""
    let_go: tuple[Interval, ...] = ()
    """Times that were offered and not taken; nothing that overlaps them is offered again."""

    def after(self, hold: Hold | None, now_ms: int) -> Self:
        """What has become of an offered time: the wait as it is now, its offer's hold being this one.

        Whose offer ran out or was given back waits on and has let that time go; whose offer was withdrawn waits on.
        """
        if self.state is not WaitlistState.OFFERED:
            return self
        if hold is None or hold.state is ClaimState.WITHDRAWN:
            return replace(self, state=WaitlistState.WAITING)
        if hold.state in {ClaimState.BOOKED, ClaimState.CANCELLED}:
            return replace(self, state=WaitlistState.BOOKED)
        if hold.state is ClaimState.HELD and hold.claim.is_live(now_ms):
            return self
        return replace(self, state=WaitlistState.WAITING, let_go=(*self.let_go, hold.claim.interval))

    def accepts(self, time: Interval) -> bool:
        """Whether a time may be offered that begins within the window: it was not let go before."""
        return not any(overlaps(time, gone) for gone in self.let_go)
