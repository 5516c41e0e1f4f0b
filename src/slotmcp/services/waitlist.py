"""Use cases of the waitlist, which customers join while no suitable time is available."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import Location, Project, ServiceType
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import InvalidArgument, NotFound, NothingToWaitFor, ProblemKind, SlotsAvailable
from slotmcp.domain.interval import MINUTES_PER_DAY, Interval
from slotmcp.domain.moment import Moment
from slotmcp.domain.offer import Offer
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.engine.feasibility import MAX_DAYS_AHEAD, reason_never_free
from slotmcp.engine.slots import list_starts, slots_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import ProjectEvent, Transaction
from slotmcp.services.alternatives import nearest_slots
from slotmcp.services.appointments import check_length, find_need, find_service, resolve_moment
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from slotmcp.services.concurrency import Notifier
from slotmcp.services.contacts import hash_reference, normalize_customer, references_of
from slotmcp.services.idempotency import IdempotencyKeys, idempotency_keys
from slotmcp.services.pagination import spread
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import EVENT_PREFIX, OPEN, need_of, offer_freed_time, sort_waiting_entries

_ALTERNATIVES: Final = 3
_CANDIDATES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
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
    location: Location | None = None
    """Place of the job."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistEntryStatus:
    """Waitlist entry with its position and its offer."""

    project: Project
    service: ServiceType
    entry: WaitlistEntry
    position: int
    """Position among the waiting entries for the same service, from 1. 0: the entry is not waiting."""
    hold: Hold | None
    """The last offer."""
    now_ms: int
    replayed: bool = False
    """True if an earlier call created the entry."""

    @property
    def offer(self) -> Hold | None:
        """Return the hold that the customer is offered or has booked."""
        if self.hold is None or self.entry.state not in {WaitlistState.OFFERED, WaitlistState.BOOKED}:
            return None
        return self.hold if self.hold.state in {ClaimState.HELD, ClaimState.BOOKED} else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistOverview:
    """Open entries of a project, in order of joining."""

    project: Project
    entries: tuple[WaitlistEntryStatus, ...]
    now_ms: int


class WaitlistService:
    """Use cases of the waitlist."""

    def __init__(self, writer: ProjectWriter, *, travel_lookup: TravelLookup, notifier: Notifier) -> None:
        self.notifier = notifier
        """Notified when an entry may have changed, in any process."""
        self._writer = writer
        self._store = writer.store
        self._availability_cache = writer.availability_cache
        self._travel_lookup = travel_lookup

    async def join_waitlist(self, request: JoinRequest) -> WaitlistEntryStatus:
        """Add a customer for whom nothing is available, or return their open entry for the same request.

        Raises:
            SlotsAvailable: a start in the window is available now.
            NothingToWaitFor: no cancellation can make a start in the window available.
            InvalidArgument, NotFound, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        if request.location is not None:  # fill the cache of travel times before taking the lock
            availability = await self._availability_cache.availability(project_id)
            window = request.window(availability.schedule.project)
            await self._travel_lookup.between(availability, request.location, *window)

        async def work(unit: UnitOfWork) -> WaitlistEntryStatus:
            transaction = unit.transaction
            await offer_freed_time(unit)  # earlier entries come before this one
            availability = await unit.availability()
            entry = _new_entry(transaction, availability, request, unit.ids.new_token())
            keys = _idempotency_keys(transaction, request, entry)
            existing = await _existing_entry(transaction, keys, entry)
            if existing is None:
                _check_length(availability, entry)
                _check_window(availability, entry)
                _check_nothing_available(availability, entry)
                _check_possible(availability, entry)
                await transaction.add_waitlist_entry(entry)
            joined = existing or entry
            await keys.store_response(transaction, {"waitId": joined.id})
            hold = await transaction.hold(joined.hold_token) if joined.hold_token else None
            entries = await transaction.waitlist_entries(*OPEN)
            return _status(availability, joined, hold, entries, replayed=existing is not None)

        return await self._writer.write(project_id, work)

    async def look_up(self, entry_id: str, projects: Collection[str] | None = None) -> WaitlistEntryStatus:
        """Return the status of an entry by its secret id, in any project or only in some.

        Raises:
            NotFound, Unavailable.
        """
        for project_id in await self._store.project_ids():
            if projects is not None and project_id not in projects:
                continue
            if entry := await self._store.waitlist_entry(project_id, entry_id):
                availability = await self._availability_cache.availability(project_id)
                current = await self._open_entries(project_id, availability.now_ms)
                entry, hold = current.get(entry.id) or (entry, await self._offered_hold(project_id, entry))
                return _status(availability, entry, hold, [other for other, _ in current.values()])
        raise NotFound("waitId", "There is no waitlist entry with that id.")

    async def list_waitlist(self, project_id: str | None) -> WaitlistOverview:
        """Return the open entries of a project.

        Raises:
            NotFound, InvalidArgument (no project given and several exist), Unavailable.
        """
        project_id = await self._availability_cache.project_id(project_id)
        availability = await self._availability_cache.availability(project_id)
        current = await self._open_entries(project_id, availability.now_ms)
        entries = [entry for entry, _ in current.values()]
        return WaitlistOverview(
            project=availability.schedule.project,
            entries=tuple(_status(availability, entry, hold, entries) for entry, hold in current.values()),
            now_ms=availability.now_ms,
        )

    async def sweep(self) -> None:
        """Update every waitlist and offer free time, because no call does so when a hold expires.

        Raises:
            Unavailable.
        """
        for project_id in await self._store.project_ids():
            if await self._store.waitlist_entries(project_id, *OPEN):
                await self._writer.write(project_id, offer_freed_time)

    async def events(self, after: Mapping[str, int]) -> Mapping[str, tuple[ProjectEvent, ...]]:
        """Return the events of each project's entries after a number, in order. `after` has numbers by project.

        Raises:
            Unavailable.
        """
        return {
            project_id: tuple(
                event
                for event in await self._store.events(project_id, after.get(project_id, 0))
                if event.kind.startswith(EVENT_PREFIX)
            )
            for project_id in await self._store.project_ids()
        }

    async def _open_entries(self, project_id: str, now_ms: int) -> dict[str, tuple[WaitlistEntry, Hold | None]]:
        """Return the open entries as they are now, by id, each with its last offer."""
        entries: dict[str, tuple[WaitlistEntry, Hold | None]] = {}
        for entry in await self._store.waitlist_entries(project_id, *OPEN):
            hold = await self._offered_hold(project_id, entry)
            entries[entry.id] = entry.with_hold(hold, now_ms), hold
        return entries

    async def _offered_hold(self, project_id: str, entry: WaitlistEntry) -> Hold | None:
        return await self._store.hold(project_id, entry.hold_token) if entry.hold_token else None


def _new_entry(
    transaction: Transaction, availability: Availability, request: JoinRequest, entry_id: str
) -> WaitlistEntry:
    schedule = availability.schedule
    service = find_service(schedule, request.service_id)
    need = find_need(
        schedule,
        service,
        duration_minutes=request.duration_minutes,
        technician_id=request.technician_id,
        location=request.location,
    )
    start_from, start_to = request.window(schedule.project)
    customer = normalize_customer(request.customer, schedule.project)
    own_reference = (hash_reference(request.customer_reference),) if request.customer_reference else ()
    contact_keys = tuple(map(transaction.pseudonym, (*own_reference, *references_of(customer))))
    return WaitlistEntry(
        id=entry_id,
        service_id=service.id,
        duration_minutes=need.duration_minutes,
        start_from=start_from,
        start_to=start_to,
        customer=customer,
        customer_pseudonym=contact_keys[0],
        joined_at_ms=transaction.now_ms,
        technician_id=request.technician_id,
        location=request.location,
        contact_keys=contact_keys,
    )


def _idempotency_keys(transaction: Transaction, request: JoinRequest, entry: WaitlistEntry) -> IdempotencyKeys:
    own_reference = (request.customer_reference,) if request.customer_reference else ()
    references = map(transaction.pseudonym, (*own_reference, *references_of(entry.customer)))
    return idempotency_keys(
        transaction,
        use_case="join_waitlist",
        origin=request.origin,
        key=request.idempotency_key,
        owners=references_of(entry.customer),
        request=("wait", *_job_of(entry), *sorted(references)),
    )


async def _existing_entry(
    transaction: Transaction, keys: IdempotencyKeys, entry: WaitlistEntry
) -> WaitlistEntry | None:
    """Return the entry that this request created earlier, or the customer's open entry for the same job."""
    answer = await keys.find_response(transaction)
    if answer and (earlier := await transaction.waitlist_entry(json.loads(answer)["waitId"])):
        return earlier
    for other in await transaction.waitlist_entries(*OPEN):
        if _job_of(other) == _job_of(entry) and not set(other.contact_keys).isdisjoint(entry.contact_keys):
            return other
    return None


def _job_of(entry: WaitlistEntry) -> tuple[object, ...]:
    return entry.service_id, entry.duration_minutes, entry.start_from, entry.start_to, entry.technician_id


def _check_window(availability: Availability, entry: WaitlistEntry) -> None:
    """Reject a window that has passed, begins after the last bookable day, or ends too far in the future."""
    frame, zone_key = availability.frame, availability.schedule.project.timezone
    if entry.start_to <= availability.earliest_start:
        first = utc_to_wall(zone_key, availability.earliest_start).isoformat(timespec="minutes")
        raise InvalidArgument(
            "to", f"the window has passed; starts are available from {first} on.", kind=ProblemKind.PAST
        )
    if entry.start_from >= frame.midnights[-1]:
        raise InvalidArgument(
            "from",
            f"bookings are open up to and including {frame.last_day}; give an earlier time.",
            kind=ProblemKind.TOO_FAR,
        )
    if entry.start_to > frame.midnights[0] + MAX_DAYS_AHEAD * MINUTES_PER_DAY:
        raise InvalidArgument("to", f"give a time within the next {MAX_DAYS_AHEAD} days.", kind=ProblemKind.TOO_FAR)


def _check_nothing_available(availability: Availability, entry: WaitlistEntry) -> None:
    """Reject an entry whose window contains available starts, and offer some of them."""
    project = availability.schedule.project
    need = need_of(entry, availability.schedule.services[entry.service_id], availability)
    if starts := list_starts(availability, need, entry.start_from, entry.start_to):
        chosen = spread(starts, _ALTERNATIVES, project.timezone, project.parts_of_day)
        slots = tuple(slots_at(availability, need, chosen, best=_CANDIDATES))
        offer = Offer(project=project, timezone=project.timezone, slots=slots, now_ms=availability.now_ms)
        raise SlotsAvailable("A start in that window is available, so there is no need to wait.", alternatives=offer)


def _check_length(availability: Availability, entry: WaitlistEntry) -> None:
    service = availability.schedule.services[entry.service_id]
    check_length(service, need_of(entry, service, availability))


def _check_possible(availability: Availability, entry: WaitlistEntry) -> None:
    """Reject an entry that would wait in vain, and offer the nearest available starts."""
    schedule = availability.schedule
    need = need_of(entry, schedule.services[entry.service_id], availability)
    reason = reason_never_free(availability, need, entry.start_from, entry.start_to)
    if reason is None:
        return
    requested = schedule.technician_schedules.get(entry.technician_id or "")
    raise NothingToWaitFor(
        "No start in that window can become available, even if bookings are canceled.",
        reason=reason,
        technician_name=requested.technician.name if requested else "",
        alternatives=Offer(
            project=schedule.project,
            timezone=schedule.project.timezone,
            slots=nearest_slots(availability, need, entry.start_from),
            now_ms=availability.now_ms,
        ),
    )


def _status(
    availability: Availability,
    entry: WaitlistEntry,
    hold: Hold | None,
    entries: Sequence[WaitlistEntry],
    *,
    replayed: bool = False,
) -> WaitlistEntryStatus:
    # if the service was removed from the catalog, its id serves as its name
    gone = ServiceType(id=entry.service_id, name=entry.service_id, duration_minutes=entry.duration_minutes)
    queue = [other.id for other in sort_waiting_entries(entries) if other.service_id == entry.service_id]
    return WaitlistEntryStatus(
        project=availability.schedule.project,
        service=availability.schedule.services.get(entry.service_id, gone),
        entry=entry,
        position=queue.index(entry.id) + 1 if entry.id in queue else 0,
        hold=hold,
        now_ms=availability.now_ms,
        replayed=replayed,
    )
