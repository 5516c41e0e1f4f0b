"""Use cases of the waitlist, which customers join while no suitable time is available."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import NotFound
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.ports import ProjectEvent
from slotmcp.services.concurrency import Notifier
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_joining import JoinRequest, booking_of, join
from slotmcp.services.waitlist_queue import EVENT_PREFIX, OPEN, offer_freed_time, sort_waiting_entries


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
    booking: Booking | None = None
    """Booking that ended the wait."""
    replayed: bool = False
    """True if an earlier call created the entry."""
    is_changed: bool = False
    """True if the call corrected the entry."""

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
        """Add a customer for whom nothing is available, or find and correct their entry of an earlier request.

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
            await offer_freed_time(unit)  # earlier entries come before this one
            joined = await join(unit, request)
            transaction, entry = unit.transaction, joined.entry
            hold = await transaction.hold(entry.hold_token) if entry.hold_token else None
            status = _status(await unit.availability(), entry, hold, await transaction.waitlist_entries(*OPEN))
            return replace(
                status,
                booking=await booking_of(transaction, entry),
                replayed=joined.replayed,
                is_changed=joined.is_changed,
            )

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
                status = _status(availability, entry, hold, [other for other, _ in current.values()])
                is_booked = hold is not None and hold.state is ClaimState.BOOKED
                booking = await self._store.booking(project_id, hold.claim.id) if hold and is_booked else None
                return replace(status, booking=booking)
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


def _status(
    availability: Availability,
    entry: WaitlistEntry,
    hold: Hold | None,
    entries: Sequence[WaitlistEntry],
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
    )
