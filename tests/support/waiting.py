"""Shorthands for waitlist tests."""

from typing import Any

from slotmcp.domain.booking import Customer
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.waitlist import WaitlistEntryStatus
from slotmcp.services.waitlist_joining import JoinRequest
from support.shop import MONDAY, Shop, at, clock_text

LINE = ("kim", "lee", "max", "noa", "ola")


def person(name: str) -> Customer:
    """Return a customer with a unique phone number."""
    return Customer(name=name.title(), phone=f"+1 303 555 {LINE.index(name):04}")


async def join(shop: Shop, name: str = "kim", window: str = "09:00-17:00", **facts: Any) -> WaitlistEntryStatus:  # noqa: ANN401  a JoinRequest's fields
    """Add a customer to the waitlist for starts on Monday."""
    first, last = (at(time) for time in window.split("-"))
    facts = {"customer": person(name), "from_": first, "to": last, **facts}
    return await shop.app.waitlist.join_waitlist(JoinRequest(**facts))


async def release(shop: Shop, token: str) -> None:
    """Release a hold."""
    assert (await shop.app.holds.release_hold(None, token)).released


async def line(shop: Shop) -> str:
    """Return the open entries in order of joining as "kim:1 lee:09:00": the position, or the offered start."""
    answer = await shop.app.waitlist.list_waitlist(None)
    return " ".join(f"{status.entry.customer.name.lower()}:{_position_or_offer(status)}" for status in answer.entries)


def _position_or_offer(status: WaitlistEntryStatus) -> str:
    if status.entry.state is WaitlistState.WAITING:
        return str(status.position)
    assert status.hold is not None
    return clock_text(status.hold.claim.start)


async def state(shop: Shop, wait: WaitlistEntryStatus) -> WaitlistState:
    """Return the state of an entry."""
    return (await shop.app.waitlist.look_up(wait.entry.id)).entry.state


def on(day: int, time: str) -> int:
    """Return a minute some days after Monday."""
    return at(f"{MONDAY[:8]}{2 + day:02}T{time}")
