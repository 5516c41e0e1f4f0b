"""Queue of the waitlist: offers of freed time, and the end of entries whose customer books.

Entries with fewer declined offers come first, and earlier ones before later ones. When an offer expires or is released,
the next entry gets it. A time that overlaps a declined one is not offered to the same customer again. An unreachable
customer therefore does not block the others.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import MAX_HOLD_MINUTES, ClaimState, Hold, HoldTerms
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.waitlist import OPEN_STATES, WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.ports import Transaction
from slotmcp.services.appointments import Appointment
from slotmcp.services.callers import identify_customer
from slotmcp.services.placement import place_hold
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_search import QUICK_CHECKS, EntrySearch, need_of

OFFER_MINUTES: Final = MAX_HOLD_MINUTES
"""Lifetime of an offer's hold, within which the customer must be called."""

MAX_CHANGES: Final = 8
"""Maximum number of offers that one transaction makes, and of ended offers that it records."""

EVENT_PREFIX: Final = "waitlist."
"""Prefix of an event's kind. The new state of the entry follows: "waitlist.offered"."""


async def offer_freed_time(unit: UnitOfWork, before: Availability) -> None:
    """Hold the time that a unit of work freed for the first entries that can use it, and record the offers it ended.

    Every unit of work that frees time calls this last, with the availability before its writes. No other caller can
    then take the time in between. Work beyond `MAX_CHANGES`, and long searches, are left to the sweep.
    """
    stored = await unit.transaction.waitlist_entries(*OPEN_STATES)
    if not stored:
        return
    entries = await current_entries(unit.transaction, stored, (await unit.availability()).earliest_start)
    ended = [entry for entry, earlier in zip(entries, stored, strict=True) if entry != earlier][:MAX_CHANGES]
    for entry in ended:
        await save_entry(unit.transaction, entry)
    await offer_first(unit, before, sort_waiting_entries(entries), in_full={entry.id for entry in ended})


async def offer_first(
    unit: UnitOfWork, before: Availability | None, queue: Iterable[WaitlistEntry], *, in_full: Collection[str] = ()
) -> None:
    """Offer the time that became free since `before` to the first entries of a queue, in its order.

    For the entries whose ids are in `in_full`, all free time is searched.
    """
    search, offers = EntrySearch(before, await unit.availability(), max_checks=QUICK_CHECKS), 0
    for entry in queue:
        start = search.first_start(entry, in_full=entry.id in in_full)
        if start is None:
            continue
        if offers == MAX_CHANGES:
            unit.is_postponed = True
            return
        if await offer_time(unit, entry, start):
            offers += 1
            search = EntrySearch(before, await unit.availability(), max_checks=QUICK_CHECKS)
    unit.is_postponed |= not search.is_complete


async def open_entries(transaction: Transaction, availability: Availability) -> list[WaitlistEntry]:
    """Return the open entries in order of joining, as they are now."""
    return await current_entries(
        transaction, await transaction.waitlist_entries(*OPEN_STATES), availability.earliest_start
    )


async def current_entries(
    transaction: Transaction, entries: Sequence[WaitlistEntry], earliest: Minute
) -> list[WaitlistEntry]:
    """Return entries as they are now, at the cost of one round trip. `earliest` is the earliest bookable start."""
    holds = await transaction.holds([entry.hold_token for entry in entries if entry.is_offered])
    return [current_entry(entry, holds, transaction.now_ms, earliest) for entry in entries]


def current_entry(entry: WaitlistEntry, holds: Mapping[str, Hold], now_ms: int, earliest: Minute) -> WaitlistEntry:
    """Return an entry in the state that follows from its offer, which is one of `holds`, and from its window."""
    current = entry.with_hold(holds.get(entry.hold_token), now_ms)
    is_over = current.state is WaitlistState.WAITING and current.start_to <= earliest
    return replace(current, state=WaitlistState.EXPIRED) if is_over else current


async def close_fulfilled_entries(unit: UnitOfWork, booking: Booking, *, hold_token: str = "") -> None:
    """Close the entries that a booking's new time fulfills.

    These are the entry whose offer was booked, and the customer's other entries with the same service whose window
    contains the start. They share a contact with the booking.
    """
    transaction, has_freed = unit.transaction, False
    open_entries = await transaction.waitlist_entries(*OPEN_STATES)
    fulfilled = [entry for entry in open_entries if _has_offer(entry, hold_token) or _is_fulfilled(entry, booking)]
    if not fulfilled:
        return
    before = await unit.availability()
    for entry in fulfilled:
        has_freed |= not _has_offer(entry, hold_token) and await _release_offer(transaction, entry)
        await save_entry(transaction, replace(entry, state=WaitlistState.BOOKED))
    if has_freed:
        await offer_freed_time(unit, before)


def _has_offer(entry: WaitlistEntry, hold_token: str) -> bool:
    return hold_token != "" and entry.hold_token == hold_token


async def change_entry(unit: UnitOfWork, entry: WaitlistEntry, corrected: WaitlistEntry) -> WaitlistEntry:
    """Save a corrected entry and return it. An offer that it cannot use goes to the next entry."""
    before = await unit.availability()
    offer = await _read_live_offer(unit.transaction, entry)
    if offer is None or _fits(corrected, offer):
        await save_entry(unit.transaction, corrected)
        return corrected
    await unit.transaction.release_hold(offer.claim.id)
    waiting = replace(corrected, state=WaitlistState.WAITING, hold_token="")
    await save_entry(unit.transaction, waiting)
    await offer_freed_time(unit, before)
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
    before = await unit.availability()
    open_entries = [entry for entry in entries if entry.state in OPEN_STATES]
    freed = [await _release_offer(unit.transaction, entry) for entry in open_entries]
    for entry in open_entries:
        await save_entry(unit.transaction, replace(entry, state=WaitlistState.EXPIRED))
    if any(freed):
        await offer_freed_time(unit, before)
    return bool(open_entries)


def sort_waiting_entries(entries: Iterable[WaitlistEntry]) -> list[WaitlistEntry]:
    """Return the waiting entries in the order in which they get offers. `entries` are in order of joining."""
    waiting = (entry for entry in entries if entry.state is WaitlistState.WAITING)
    return sorted(waiting, key=lambda entry: len(entry.declined_times))


async def offer_time(unit: UnitOfWork, entry: WaitlistEntry, start: Minute) -> bool:
    """Hold a start for a waiting entry; return False if the start is not bookable any more."""
    transaction, availability = unit.transaction, await unit.availability()
    service = availability.schedule.services.get(entry.service_id)
    if service is None:
        return False
    await transaction.lapse_holds()  # expired holds no longer keep the database from accepting this one
    expires_at_ms = transaction.now_ms + OFFER_MINUTES * MS_PER_MINUTE
    hold = await place_hold(
        unit,
        availability,
        Appointment(
            service,
            need_of(entry, service, availability),
            start,
            entry.location,
            postal_code=entry.postal_code,
        ),
        terms=HoldTerms(
            caller=identify_customer(transaction.pseudonym, entry.customer),
            created_at_ms=transaction.now_ms,
            latest_expiry_ms=expires_at_ms,
        ),
        expires_at_ms=expires_at_ms,
        customer_pseudonym=entry.customer_pseudonym,
    )
    if hold is not None:
        await save_entry(transaction, replace(entry, state=WaitlistState.OFFERED, hold_token=hold.token))
    return hold is not None


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


async def save_entry(transaction: Transaction, entry: WaitlistEntry) -> None:
    """Save an entry, and publish its state."""
    await transaction.save_waitlist_entry(entry)
    await transaction.add_event(f"{EVENT_PREFIX}{entry.state}", entry.id)
