"""Use cases of the waitlist, which customers join while no suitable time is available."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import NotFound
from slotmcp.domain.waitlist import OPEN_STATES, WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.ports import AttemptLimiter, ProjectEvent
from slotmcp.services.concurrency import Notifier
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_checks import Feasibility, RefusedWait, refusal_of
from slotmcp.services.waitlist_joining import JoinRequest, booking_of, check_feasibility, join
from slotmcp.services.waitlist_limits import JoinAllowance
from slotmcp.services.waitlist_queue import open_entries, sort_waiting_entries
from slotmcp.services.waitlist_sweep import WaitlistSweeper


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

    def __init__(
        self,
        writer: ProjectWriter,
        sweeper: WaitlistSweeper,
        *,
        travel_lookup: TravelLookup,
        attempts: AttemptLimiter,
    ) -> None:
        """Create the service; `attempts` counts the new entries of each credential."""
        self._writer = writer
        self._attempts = attempts
        self._sweeper = sweeper
        self._store = writer.store
        self._availability_cache = writer.availability_cache
        self._travel_lookup = travel_lookup

    @property
    def notifier(self) -> Notifier:
        """Notified when an entry may have changed, in any process, and when a waitlist needs a sweep."""
        return self._writer.notifier

    @property
    def needs_sweep(self) -> bool:
        """True if a call of this process left work to the sweep."""
        return bool(self._writer.postponed)

    async def join_waitlist(self, request: JoinRequest) -> WaitlistEntryStatus:
        """Add a customer for whom nothing is available, or find and correct their entry of an earlier request.

        Raises:
            SlotsAvailable: a start in the window is available now.
            NothingToWaitFor: no cancellation can make a start in the window available.
            WaitLimit: the customer, the credential or the project has too many entries.
            InvalidArgument, NotFound, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        availability = await self._availability_cache.availability(project_id)
        request = await self._travel_lookup.places.located(availability.schedule, request)
        if request.place is not None:  # fill the cache of travel times before taking the lock
            window = request.window(availability.schedule.project)
            await self._travel_lookup.between(availability, request.place, *window)
        feasibility = await asyncio.to_thread(check_feasibility, availability, request)
        allowance = await JoinAllowance.acquire(self._attempts, project_id, request.origin.credential)
        is_new = False
        try:
            answer = await self._writer.write(project_id, lambda unit: _join(unit, request, feasibility, allowance))
            is_new = not answer.replayed
        except RefusedWait as refused:
            raise refusal_of(refused) from None
        finally:
            if not is_new:
                await allowance.refund()
        return answer

    async def look_up(self, entry_id: str, projects: Collection[str] | None = None) -> WaitlistEntryStatus:
        """Return the status of an entry by its secret id, in any project or only in some.

        Raises:
            NotFound, Unavailable.
        """
        for project_id in await self._store.projects_of_waitlist_entry(entry_id):
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
        """Update every waitlist and offer time that became free, because no call does so when a hold expires.

        Raises:
            Unavailable.
        """
        await self._sweeper.sweep()

    async def newest_events(self) -> Mapping[str, int]:
        """Return the number of the newest event of each project that has any.

        Raises:
            Unavailable.
        """
        return await self._store.newest_events()

    async def events(self, after: Mapping[str, int]) -> Mapping[str, tuple[ProjectEvent, ...]]:
        """Return the events of any kind after a number, in order, of each project that has newer ones.

        `after` has numbers by project. Projects without newer events cost no query.

        Raises:
            Unavailable.
        """
        newest = await self._store.newest_events()
        changed = [project_id for project_id, number in newest.items() if number > after.get(project_id, 0)]
        return {project_id: await self._store.events(project_id, after.get(project_id, 0)) for project_id in changed}

    async def _open_entries(self, project_id: str, now_ms: int) -> dict[str, tuple[WaitlistEntry, Hold | None]]:
        """Return the open entries as they are now, by id, each with its last offer."""
        entries: dict[str, tuple[WaitlistEntry, Hold | None]] = {}
        stored = await self._store.waitlist_entries(project_id, *OPEN_STATES)
        holds = await self._store.holds(project_id, [entry.hold_token for entry in stored if entry.hold_token])
        for entry in stored:
            hold = holds.get(entry.hold_token)
            entries[entry.id] = entry.with_hold(hold, now_ms), hold
        return entries

    async def _offered_hold(self, project_id: str, entry: WaitlistEntry) -> Hold | None:
        return await self._store.hold(project_id, entry.hold_token) if entry.hold_token else None


async def _join(
    unit: UnitOfWork, request: JoinRequest, feasibility: Feasibility | None, allowance: JoinAllowance
) -> WaitlistEntryStatus:
    joined = await join(unit, request, feasibility, allowance)
    transaction, entry = unit.transaction, joined.entry
    line = joined.line or await open_entries(transaction, await unit.availability())
    entry = next((each for each in line if each.id == entry.id), entry)
    hold = await transaction.hold(entry.hold_token) if entry.hold_token else None
    return replace(
        _status(await unit.availability(), entry, hold, line),
        booking=await booking_of(transaction, entry),
        replayed=joined.replayed,
        is_changed=joined.is_changed,
    )


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
