"""Joining the waitlist: recognition of repeated and corrected requests.

`docs/explanation/retries.md` specifies when two requests are the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus, Customer
from slotmcp.domain.booking_identity import comparable
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.caller import is_guessable
from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import InvalidArgument, NotFound, ProblemKind
from slotmcp.domain.interval import Interval, overlaps
from slotmcp.domain.moment import Moment
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import OPEN_STATES, WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.ports import Transaction
from slotmcp.services.appointments import find_need, find_service, resolve_moment
from slotmcp.services.areas import check_place
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from slotmcp.services.contacts import hash_reference, hash_references, normalize_customer, references_of
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys, job_details, key_mismatch
from slotmcp.services.placed_requests import PlacedRequest
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_checks import Feasibility, RefusedWait, check_wait
from slotmcp.services.waitlist_limits import JoinAllowance, check_references, check_room
from slotmcp.services.waitlist_queue import change_entry, offer_first, open_entries, sort_waiting_entries

MAX_COMPETING: Final = 16
"""Maximum number of earlier entries that are considered before a new one is refused because a start is available."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest(PlacedRequest):
    """Request to join the waitlist for any start in a window. None: not specified."""

    customer: Customer
    from_: Moment
    """Start of the window. For a date: the start of the day."""
    to: Moment
    """End of the window, exclusive. For a date: the end of the day."""
    project_id: str | None = None
    service_id: str | None = None
    duration_minutes: int | None = None
    technician_id: str | None = None
    priority: Priority | None = None
    """None: not given."""
    timezone: str | None = None
    """IANA zone of dates and local times. Default: the project's."""
    customer_reference: str = ""
    """The caller's opaque reference; only its hash with the project's salt is stored."""
    idempotency_key: str = field(default="", repr=False)
    origin: RequestOrigin = LOCAL_ORIGIN
    """Client that sent the request."""

    def window(self, project: Project) -> Interval:
        """Return the window of starts.

        Raises:
            InvalidArgument: it is empty, or the clocks skip one of its ends or show it twice.
        """
        zone_key = self.timezone or project.timezone
        start_from = resolve_moment(self.from_, zone_key, "from")
        start_to = resolve_moment(self.to, zone_key, "to", end_of_day=True)
        if start_to <= start_from:
            raise InvalidArgument("to", "it must be after from.", kind=ProblemKind.TIME)
        return start_from, start_to

    @property
    def secret_references(self) -> tuple[str, ...]:
        """References of a customerHash that cannot be guessed, as it is stored by this program and by older ones."""
        reference = self.customer_reference
        return () if not reference or is_guessable(reference) else hash_references(reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Entry of a request, which may be older than the request."""

    entry: WaitlistEntry
    replayed: bool
    """True if an earlier request created the entry."""
    is_changed: bool = False
    """True if this request corrected the entry."""
    line: Sequence[WaitlistEntry] = ()
    """Open entries in order of joining; empty if the request may have changed those of others."""


def check_feasibility(availability: Availability, request: JoinRequest) -> Feasibility | None:
    """Check before the lock is taken whether the window can become available; None if the request is invalid."""
    schedule = availability.schedule
    try:
        _, need = _find_job(schedule, request)
        check_place(schedule, request.location, request.postal_code)
        return Feasibility.of(availability, need, request.window(schedule.project))
    except (InvalidArgument, NotFound):
        return None


async def join(
    unit: UnitOfWork, request: JoinRequest, feasibility: Feasibility | None, allowance: JoinAllowance
) -> Joined:
    """Add an entry, or find and correct the entry of an earlier request.

    Raises:
        RefusedWait, InvalidArgument, NotFound, IdempotencyMismatch, WaitLimit.
    """
    transaction, availability = unit.transaction, await unit.availability()
    wanted = _new_entry(transaction, availability, request, unit.ids.new_token())
    waiting = await open_entries(transaction, availability)
    keys = _idempotency_keys(transaction, request, wanted)
    receipt = await keys.find_receipt(transaction)
    keyed = await transaction.waitlist_entry(json.loads(receipt.answer)["waitId"]) if receipt else None
    keyed = next((entry for entry in waiting if keyed and entry.id == keyed.id), keyed)
    if receipt is not None and keyed is not None:
        if keys.is_same_request(receipt):
            return Joined(entry=keyed, replayed=True, line=waiting)
        if not _is_same_visit(transaction, request, wanted, keyed):
            raise key_mismatch()
    known = keyed or await _earlier_entry(transaction, request, wanted, waiting)
    if known is None:
        allowance.require()
        joined = await _add(unit, wanted, feasibility, waiting)
    else:
        joined = await _correct(unit, known, wanted, feasibility)
    if keyed is None:
        await keys.store_response(transaction, {"waitId": joined.entry.id})
    return joined


async def booking_of(transaction: Transaction, entry: WaitlistEntry) -> Booking | None:
    """Return the booking that ended a wait: of its offer, or another one of the customer in the window."""
    if entry.state is not WaitlistState.BOOKED:
        return None
    hold = await transaction.hold(entry.hold_token) if entry.hold_token else None
    if hold is not None and hold.state in {ClaimState.BOOKED, ClaimState.CANCELLED}:
        return await transaction.booking(hold.claim.id)
    found = {booking.id: booking for key in entry.contact_keys for booking in await transaction.bookings_by(key)}
    fitting = [
        booking
        for booking in found.values()
        if booking.claim.service_id == entry.service_id and entry.start_from <= booking.claim.start < entry.start_to
    ]
    return min(fitting, key=lambda one: (_is_canceled(one), one.claim.start, one.id), default=None)


def _is_canceled(booking: Booking) -> bool:
    return booking.status is BookingStatus.CANCELLED


def _find_job(schedule: Schedule, request: JoinRequest) -> tuple[ServiceType, Need]:
    """Return the service and the requirements of the requested job.

    Raises:
        InvalidArgument, NotFound.
    """
    service = find_service(schedule, request.service_id)
    need = find_need(
        schedule,
        service,
        duration_minutes=request.duration_minutes,
        technician_id=request.technician_id,
        location=request.place,
        postal_code=request.postal_code,
        priority=request.priority,
    )
    return service, need


def _new_entry(
    transaction: Transaction, availability: Availability, request: JoinRequest, entry_id: str
) -> WaitlistEntry:
    schedule = availability.schedule
    service, need = _find_job(schedule, request)
    start_from, start_to = request.window(schedule.project)
    customer = normalize_customer(request.customer, schedule.project)
    own_reference = (hash_reference(request.customer_reference),) if request.customer_reference else ()
    references = (*(own_reference if request.secret_references else ()), *references_of(customer))
    pseudonym, *_ = map(transaction.pseudonym, (*own_reference, *references))
    return WaitlistEntry(
        id=entry_id,
        service_id=service.id,
        duration_minutes=need.duration_minutes,
        start_from=start_from,
        start_to=start_to,
        customer=customer,
        customer_pseudonym=pseudonym,
        joined_at_ms=transaction.now_ms,
        technician_id=request.technician_id,
        location=request.place,
        postal_code=request.postal_code,
        priority=request.priority or Priority.NORMAL,
        contact_keys=tuple(map(transaction.pseudonym, references)),
    )


def _idempotency_keys(transaction: Transaction, request: JoinRequest, entry: WaitlistEntry) -> IdempotencyKeys:
    own_reference = (request.customer_reference,) if request.customer_reference else ()
    references = sorted(map(transaction.pseudonym, (*own_reference, *references_of(entry.customer))))
    job, extra = _window_of(entry), job_details(entry.postal_code, entry.priority)
    return idempotency_keys(
        transaction,
        use_case="join_waitlist",
        origin=request.origin,
        key=request.idempotency_key,
        owners=references_of(entry.customer),
        request=("wait", *job, comparable(entry.customer.name), request.location, references, *extra),
        earlier_request=("wait", *job, *references),
    )


async def _earlier_entry(
    transaction: Transaction, request: JoinRequest, wanted: WaitlistEntry, waiting: Sequence[WaitlistEntry]
) -> WaitlistEntry | None:
    """Return the customer's open entry for the same visit, else the equal one that an active booking ended."""
    entries = [
        entry for entry in waiting if entry.state in OPEN_STATES and _is_same_visit(transaction, request, wanted, entry)
    ]
    if entries:
        return next((entry for entry in entries if _job_of(entry) == _job_of(wanted)), entries[0])
    for entry in await transaction.waitlist_entries(WaitlistState.BOOKED):
        if _job_of(entry) == _job_of(wanted) and _is_same_visit(transaction, request, wanted, entry):
            booking = await booking_of(transaction, entry)
            if booking is not None and not _is_canceled(booking):
                return entry
    return None


def _is_same_visit(transaction: Transaction, request: JoinRequest, wanted: WaitlistEntry, entry: WaitlistEntry) -> bool:
    """Return whether an entry is of the same customer and service, and its window overlaps the requested one."""
    return (
        entry.service_id == wanted.service_id
        and overlaps((entry.start_from, entry.start_to), (wanted.start_from, wanted.start_to))
        and _is_same_customer(transaction, request, wanted, entry)
    )


def _is_same_customer(
    transaction: Transaction, request: JoinRequest, wanted: WaitlistEntry, entry: WaitlistEntry
) -> bool:
    """Return whether a contact is equal, or the customerHash is equal and no contact differs."""
    if not set(references_of(wanted.customer)).isdisjoint(references_of(entry.customer)):
        return True
    pairs = (wanted.customer.phone, entry.customer.phone), (wanted.customer.email, entry.customer.email)
    if any(all(pair) for pair in pairs):  # both have a contact of this kind, and they differ
        return False
    return any(transaction.pseudonym(reference) in entry.contact_keys for reference in request.secret_references)


def _job_of(entry: WaitlistEntry) -> tuple[object, ...]:
    return *_window_of(entry), entry.postal_code, entry.priority


def _window_of(entry: WaitlistEntry) -> tuple[object, ...]:
    return entry.service_id, entry.duration_minutes, entry.start_from, entry.start_to, entry.technician_id


async def _add(
    unit: UnitOfWork, wanted: WaitlistEntry, feasibility: Feasibility | None, waiting: Sequence[WaitlistEntry]
) -> Joined:
    check_room(waiting, wanted)
    line: Sequence[WaitlistEntry] = (*waiting, wanted)
    try:
        check_wait(await unit.availability(), wanted, feasibility)
    except RefusedWait as refused:
        if refused.reason is not None:
            raise
        # time that became free by itself belongs to earlier entries
        line = ()
        competing = [entry for entry in sort_waiting_entries(waiting) if _competes(entry, wanted)][:MAX_COMPETING]
        await offer_first(unit, None, competing)
        check_wait(await unit.availability(), wanted, feasibility)
    await unit.transaction.add_waitlist_entry(wanted)
    return Joined(entry=wanted, replayed=False, line=line)


def _competes(entry: WaitlistEntry, wanted: WaitlistEntry) -> bool:
    """Return whether an entry may be offered a start that a new entry could use."""
    reach = wanted.duration_minutes + entry.duration_minutes
    return entry.start_from < wanted.start_to + reach and wanted.start_from < entry.start_to + reach


async def _correct(
    unit: UnitOfWork, known: WaitlistEntry, wanted: WaitlistEntry, feasibility: Feasibility | None
) -> Joined:
    """Replace the details of an open entry by the requested ones. The entry keeps its id and its place in line."""
    corrected = _corrected(known, wanted)
    if known.state not in OPEN_STATES or replace(corrected, contact_keys=known.contact_keys) == known:
        return Joined(entry=known, replayed=True)
    if _job_of(corrected) != _job_of(known):
        check_wait(await unit.availability(), corrected, feasibility)
    check_references(corrected)
    return Joined(entry=await change_entry(unit, known, corrected), replayed=True, is_changed=True)


def _corrected(known: WaitlistEntry, wanted: WaitlistEntry) -> WaitlistEntry:
    """Return an entry with the requested details; contacts and a place that the request omits stay."""
    is_same_name = comparable(known.customer.name) == comparable(wanted.customer.name)
    return replace(
        known,
        duration_minutes=wanted.duration_minutes,
        start_from=wanted.start_from,
        start_to=wanted.start_to,
        technician_id=wanted.technician_id,
        location=wanted.location or known.location,
        postal_code=wanted.postal_code or known.postal_code,
        priority=wanted.priority,
        customer=Customer(
            name=known.customer.name if is_same_name else wanted.customer.name,
            phone=wanted.customer.phone or known.customer.phone,
            email=wanted.customer.email or known.customer.email,
        ),
        contact_keys=tuple(dict.fromkeys((*known.contact_keys, *wanted.contact_keys))),
    )
