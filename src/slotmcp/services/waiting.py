"""Whoever waits: what becomes of their waits when time is freed, and when it is sold.

Who let fewer offers go is asked first, and among those who joined first. An offer that ran out or was given back is
made to the next; nobody is offered a time again that overlaps one they let go, so that whoever cannot be reached does
not keep it from everybody else.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import ServiceType, TravelPolicy
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.ports import Transaction
from slotmcp.services.intents import Appointment
from slotmcp.services.taking import take_hold
from slotmcp.services.unit_of_work import UnitOfWork

OFFER_MINUTES: Final = 15
"""How long a time is kept for somebody from the waitlist: they have to be called first."""

OPEN: Final = (WaitlistState.WAITING, WaitlistState.OFFERED)
EVENT_PREFIX: Final = "waitlist."
"""Before the state that a wait came to: "waitlist.offered"."""


async def offer_freed_time(unit: UnitOfWork) -> None:
    """Bring the waitlist up to date, and hold what is free for the first in line whom it fits.

    To be called last in every unit of work that frees time, so that nobody comes in between.
    """
    transaction = unit.transaction
    waits = await transaction.waits(*OPEN)
    if not waits:
        return
    await transaction.lapse_holds()
    earliest = (await unit.availability()).earliest_start
    for wait in in_line([await _up_to_date(transaction, wait, earliest) for wait in waits]):
        await _offer(unit, wait)


async def close_waits(unit: UnitOfWork, booking: Booking, *, hold_token: str = "") -> None:
    """End the waits that a new time of a booking fulfils: the offer it took, and what its customer waits for besides.

    That is a wait with a contact of the customer's, for the same service, and a window that the time lies in.
    """
    transaction, has_freed = unit.transaction, False
    for wait in await transaction.waits(*OPEN):
        is_taken = hold_token != "" and wait.hold_token == hold_token
        if is_taken or _is_fulfilled(wait, booking):
            has_freed |= not is_taken and await _take_back(transaction, wait)
            await _save(transaction, replace(wait, state=WaitlistState.BOOKED))
    if has_freed:
        await offer_freed_time(unit)


async def leave(unit: UnitOfWork, waits: Iterable[WaitlistEntry]) -> bool:
    """End waits that are not wanted any more, and pass on what is kept for them; whether any was still open."""
    ended = [wait for wait in waits if wait.state in OPEN]
    freed = [await _take_back(unit.transaction, wait) for wait in ended]
    for wait in ended:
        await _save(unit.transaction, replace(wait, state=WaitlistState.EXPIRED))
    if any(freed):
        await offer_freed_time(unit)
    return bool(ended)


async def offers_to(transaction: Transaction, customer_pseudonym: str) -> int:
    """How many times are kept for a customer because they waited for them."""
    offered = [
        one for one in await transaction.waits(WaitlistState.OFFERED) if one.customer_pseudonym == customer_pseudonym
    ]
    return sum([await _kept(transaction, wait) is not None for wait in offered])


def in_line(waits: Iterable[WaitlistEntry]) -> list[WaitlistEntry]:
    """Those who wait, of waits in the order in which they were joined, in the order in which they are asked."""
    return sorted((wait for wait in waits if wait.state is WaitlistState.WAITING), key=lambda wait: len(wait.let_go))


def need_of(wait: WaitlistEntry, service: ServiceType, travel: TravelPolicy, told: TravelTimes | None) -> Need:
    """What somebody waits for needs of a technician. `told` knows ways better than the estimate."""
    return Need.of_service(
        service,
        duration_minutes=wait.duration_minutes,
        technician_id=wait.technician_id,
        site=site_at(wait.location, travel, told),
    )


async def _up_to_date(transaction: Transaction, wait: WaitlistEntry, earliest: Minute) -> WaitlistEntry:
    now = wait
    if wait.state is WaitlistState.OFFERED:
        now = wait.after(await transaction.hold(wait.hold_token), transaction.now_ms)
    if now.state is WaitlistState.WAITING and now.start_to <= earliest:
        now = replace(now, state=WaitlistState.EXPIRED)
    if now != wait:
        await _save(transaction, now)
    return now


async def _offer(unit: UnitOfWork, wait: WaitlistEntry) -> None:
    availability = await unit.availability()
    appointment = _first_that_fits(availability, wait)
    if appointment is None:
        return
    hold = await take_hold(
        unit,
        availability,
        appointment,
        customer_pseudonym=wait.customer_pseudonym,
        lives_ms=OFFER_MINUTES * MS_PER_MINUTE,
    )
    if hold is not None:
        await _save(unit.transaction, replace(wait, state=WaitlistState.OFFERED, hold_token=hold.token))


def _first_that_fits(availability: Availability, wait: WaitlistEntry) -> Appointment | None:
    schedule = availability.schedule
    service = schedule.services.get(wait.service_id)
    if service is None:
        return None
    need = need_of(wait, service, schedule.project.travel, availability.cached_travel)
    starts = list_starts(availability, need, wait.start_from, wait.start_to)
    start = next((start for start in starts if wait.accepts((start, start + wait.duration_minutes))), None)
    return None if start is None else Appointment(service, need, start, wait.location)


def _is_fulfilled(wait: WaitlistEntry, booking: Booking) -> bool:
    return (
        wait.service_id == booking.claim.service_id
        and wait.start_from <= booking.claim.start < wait.start_to
        and not set(wait.contact_keys).isdisjoint(booking.contact_keys)
    )


async def _take_back(transaction: Transaction, wait: WaitlistEntry) -> bool:
    """Free what is held for somebody whose wait is over; whether anything was."""
    hold = await _kept(transaction, wait)
    if hold is not None:
        await transaction.release_hold(hold.claim.id)
    return hold is not None


async def _kept(transaction: Transaction, wait: WaitlistEntry) -> Hold | None:
    """The live hold of an offer."""
    hold = await transaction.hold(wait.hold_token) if wait.state is WaitlistState.OFFERED else None
    is_live = hold is not None and hold.state is ClaimState.HELD and hold.claim.is_live(transaction.now_ms)
    return hold if is_live else None


async def _save(transaction: Transaction, wait: WaitlistEntry) -> None:
    await transaction.save_wait(wait)
    await transaction.add_event(f"{EVENT_PREFIX}{wait.state}", wait.id)
