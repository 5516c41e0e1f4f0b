"""Queue of the waitlist: offers of freed time, and the end of entries whose customer books.

Entries with fewer declined offers come first, and earlier ones before later ones. When an offer expires or is released,
the next entry gets it. A time that overlaps a declined one is not offered to the same customer again. An unreachable
customer therefore does not block the others.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.claim import MAX_HOLD_MINUTES, ClaimState, Hold, HoldTerms
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts
from slotmcp.engine.travel import site_at
from slotmcp.ports import Transaction
from slotmcp.services.appointments import Appointment
from slotmcp.services.callers import identify_customer
from slotmcp.services.placement import place_hold
from slotmcp.services.unit_of_work import UnitOfWork

OFFER_MINUTES: Final = MAX_HOLD_MINUTES
"""Lifetime of an offer's hold, within which the customer must be called."""

OPEN: Final = (WaitlistState.WAITING, WaitlistState.OFFERED)
EVENT_PREFIX: Final = "waitlist."
"""Prefix of an event's kind. The new state of the entry follows: "waitlist.offered"."""


async def offer_freed_time(unit: UnitOfWork) -> None:
    """Update the open entries, and hold free times for the first entries that can use them.

    Every unit of work that frees time calls this last, so that no other caller takes the time in between.
    """
    transaction = unit.transaction
    entries = await transaction.waitlist_entries(*OPEN)
    if not entries:
        return
    await transaction.lapse_holds()
    earliest = (await unit.availability()).earliest_start
    for entry in sort_waiting_entries([await _update_entry(transaction, entry, earliest) for entry in entries]):
        await _offer_time(unit, entry)


async def close_fulfilled_entries(unit: UnitOfWork, booking: Booking, *, hold_token: str = "") -> None:
    """Close the entries that a booking's new time fulfills.

    These are the entry whose offer was booked, and the customer's other entries with the same service whose window
    contains the start. They share a contact with the booking.
    """
    transaction, has_freed = unit.transaction, False
    for entry in await transaction.waitlist_entries(*OPEN):
        is_taken = hold_token != "" and entry.hold_token == hold_token
        if is_taken or _is_fulfilled(entry, booking):
            has_freed |= not is_taken and await _release_offer(transaction, entry)
            await _save(transaction, replace(entry, state=WaitlistState.BOOKED))
    if has_freed:
        await offer_freed_time(unit)


async def change_entry(unit: UnitOfWork, entry: WaitlistEntry, corrected: WaitlistEntry) -> WaitlistEntry:
    """Save a corrected entry and return it. An offer that it cannot use goes to the next entry."""
    offer = await _read_live_offer(unit.transaction, entry)
    if offer is None or _fits(corrected, offer):
        await _save(unit.transaction, corrected)
        return corrected
    await unit.transaction.release_hold(offer.claim.id)
    waiting = replace(corrected, state=WaitlistState.WAITING, hold_token="")
    await _save(unit.transaction, waiting)
    await offer_freed_time(unit)
    return await unit.transaction.waitlist_entry(entry.id) or waiting


def _fits(entry: WaitlistEntry, offer: Hold) -> bool:
    """Return whether an offered time is one that an entry can use."""
    claim = offer.claim
    return (
        entry.start_from <= claim.start < entry.start_to
        and claim.end - claim.start == entry.duration_minutes
        and entry.technician_id in {None, claim.technician_id}
    )


async def leave_waitlist(unit: UnitOfWork, entries: Iterable[WaitlistEntry]) -> bool:
    """Expire entries, and offer their held times to the next entries; return whether any entry was open."""
    open_entries = [entry for entry in entries if entry.state in OPEN]
    freed = [await _release_offer(unit.transaction, entry) for entry in open_entries]
    for entry in open_entries:
        await _save(unit.transaction, replace(entry, state=WaitlistState.EXPIRED))
    if any(freed):
        await offer_freed_time(unit)
    return bool(open_entries)


def sort_waiting_entries(entries: Iterable[WaitlistEntry]) -> list[WaitlistEntry]:
    """Return the waiting entries in the order in which they get offers. `entries` are in order of joining."""
    waiting = (entry for entry in entries if entry.state is WaitlistState.WAITING)
    return sorted(waiting, key=lambda entry: len(entry.declined_times))


def need_of(entry: WaitlistEntry, service: ServiceType, availability: Availability) -> Need:
    """Return the requirements of an entry's job."""
    return Need.of_service(
        service,
        duration_minutes=entry.duration_minutes,
        technician_id=entry.technician_id,
        site=site_at(entry.location, availability.schedule.project.travel, availability.cached_travel),
    )


async def _update_entry(transaction: Transaction, entry: WaitlistEntry, earliest: Minute) -> WaitlistEntry:
    updated = entry
    if entry.state is WaitlistState.OFFERED:
        updated = entry.with_hold(await transaction.hold(entry.hold_token), transaction.now_ms)
    if updated.state is WaitlistState.WAITING and updated.start_to <= earliest:
        updated = replace(updated, state=WaitlistState.EXPIRED)
    if updated != entry:
        await _save(transaction, updated)
    return updated


async def _offer_time(unit: UnitOfWork, entry: WaitlistEntry) -> None:
    availability = await unit.availability()
    appointment = _find_first_fit(availability, entry)
    if appointment is None:
        return
    now_ms = unit.transaction.now_ms
    expires_at_ms = now_ms + OFFER_MINUTES * MS_PER_MINUTE
    hold = await place_hold(
        unit,
        availability,
        appointment,
        terms=HoldTerms(
            caller=identify_customer(unit.transaction.pseudonym, entry.customer),
            created_at_ms=now_ms,
            latest_expiry_ms=expires_at_ms,
        ),
        expires_at_ms=expires_at_ms,
        customer_pseudonym=entry.customer_pseudonym,
    )
    if hold is not None:
        await _save(unit.transaction, replace(entry, state=WaitlistState.OFFERED, hold_token=hold.token))


def _find_first_fit(availability: Availability, entry: WaitlistEntry) -> Appointment | None:
    service = availability.schedule.services.get(entry.service_id)
    if service is None:
        return None
    need = need_of(entry, service, availability)
    starts = list_starts(availability, need, entry.start_from, entry.start_to)
    start = next((start for start in starts if entry.accepts((start, start + entry.duration_minutes))), None)
    return None if start is None else Appointment(service, need, start, entry.location)


def _is_fulfilled(entry: WaitlistEntry, booking: Booking) -> bool:
    return (
        entry.service_id == booking.claim.service_id
        and entry.start_from <= booking.claim.start < entry.start_to
        and not set(entry.contact_keys).isdisjoint(booking.contact_keys)
    )


async def _release_offer(transaction: Transaction, entry: WaitlistEntry) -> bool:
    """Release the live hold of an entry's offer; return whether there was one."""
    hold = await _read_live_offer(transaction, entry)
    if hold is not None:
        await transaction.release_hold(hold.claim.id)
    return hold is not None


async def _read_live_offer(transaction: Transaction, entry: WaitlistEntry) -> Hold | None:
    """Return the live hold of an entry's offer."""
    hold = await transaction.hold(entry.hold_token) if entry.state is WaitlistState.OFFERED else None
    is_live = hold is not None and hold.state is ClaimState.HELD and hold.claim.is_live(transaction.now_ms)
    return hold if is_live else None


async def _save(transaction: Transaction, entry: WaitlistEntry) -> None:
    await transaction.save_waitlist_entry(entry)
    await transaction.add_event(f"{EVENT_PREFIX}{entry.state}", entry.id)
