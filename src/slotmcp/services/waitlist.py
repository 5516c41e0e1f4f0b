"""The waitlist: who is told when something becomes free, in which order, and what they were offered."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.domain.errors import NotFound
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.ports import Ids, ProjectEvent, Store, Transaction
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.concurrency import Notifier
from slotmcp.services.joining import (
    JoinRequest,
    check_nothing_free,
    check_window,
    is_same,
    keys_of_join,
    understand,
    window_of,
)
from slotmcp.services.receipts import Keys
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waiting import EVENT_PREFIX, OPEN, in_line, offer_freed_time


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitAnswer:
    """How a wait stands."""

    project: Project
    service: ServiceType
    wait: WaitlistEntry
    position: int
    """1: asked first, of those who wait for the same service. 0: does not wait, or has an offer."""
    hold: Hold | None
    """What was offered last."""
    now_ms: int
    replayed: bool = False
    """An earlier call joined."""

    @property
    def offer(self) -> Hold | None:
        """What is kept for them now, or has become their booking."""
        if self.hold is None or self.wait.state not in {WaitlistState.OFFERED, WaitlistState.BOOKED}:
            return None
        return self.hold if self.hold.state in {ClaimState.HELD, ClaimState.BOOKED} else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistAnswer:
    """Those who wait or have an offer, in the order in which they joined."""

    project: Project
    waits: tuple[WaitAnswer, ...]
    now_ms: int


class WaitlistService:
    """Remembers who would come if something became free, and offers it to them when it does."""

    def __init__(
        self,
        *,
        store: Store,
        availability_cache: AvailabilityCache,
        ids: Ids,
        travel_lookup: TravelLookup,
        notifier: Notifier,
    ) -> None:
        """Remember in a store; the bell rings when something may have happened to a wait, in whatever process."""
        self._store = store
        self._notifier = notifier
        self._availability_cache = availability_cache
        self._ids = ids
        self._travel_lookup = travel_lookup

    async def join_waitlist(self, request: JoinRequest) -> WaitAnswer:
        """Put somebody on the waitlist for whom nothing fits; who is on it for the same is told how they stand.

        Raises:
            SlotsAvailable: something in the window can be had right now.
            InvalidArgument, NotFound, IdempotencyMismatch, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        await self._ask_the_way(project_id, request)

        async def unit(transaction: Transaction) -> WaitAnswer:
            # Those who wait already come before whoever joins now.
            await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))
            availability = await self._availability_cache.locked(transaction)
            wait = understand(transaction, availability, request, self._ids.new_token())
            keys = keys_of_join(transaction, request, wait)
            known = await _known(transaction, keys, wait)
            if known is None:
                check_window(availability, wait)
                check_nothing_free(availability, wait)
                await transaction.add_wait(wait)
            joined = known or wait
            await keys.remember(transaction, json.dumps({"waitId": joined.id}))
            hold = await transaction.hold(joined.hold_token) if joined.hold_token else None
            waits = await transaction.waits(*OPEN)
            return _answer(availability, joined, hold, waits, replayed=known is not None)

        return await self._store.write(project_id, unit)

    async def _ask_the_way(self, project_id: str, request: JoinRequest) -> None:
        """So that the routing service has told by road what is decided under the lock, now and when time is freed."""
        if request.location is not None:
            availability = await self._availability_cache.availability(project_id)
            window = window_of(request, availability.schedule.project)
            await self._travel_lookup.between(availability, request.location, *window)

    async def look_up(self, wait_id: str, projects: Collection[str] | None = None) -> WaitAnswer:
        """How somebody's wait stands; the id is a secret of theirs, and good in every project, or in some.

        Raises:
            NotFound, Unavailable.
        """
        for project_id in await self._store.project_ids():
            if projects is not None and project_id not in projects:
                continue
            if wait := await self._store.wait(project_id, wait_id):
                availability = await self._availability_cache.availability(project_id)
                known = await self._current(project_id, availability.now_ms)
                wait, hold = known.get(wait.id) or (wait, await self._hold(project_id, wait))
                return _answer(availability, wait, hold, [one for one, _ in known.values()])
        raise NotFound("waitId", "Nobody waits under that id.")

    async def list_waitlist(self, project_id: str | None) -> WaitlistAnswer:
        """Who waits for what, and who has an offer.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        project_id = await self._availability_cache.project_id(project_id)
        availability = await self._availability_cache.availability(project_id)
        known = await self._current(project_id, availability.now_ms)
        waits = [wait for wait, _ in known.values()]
        return WaitlistAnswer(
            project=availability.schedule.project,
            waits=tuple(_answer(availability, wait, hold, waits) for wait, hold in known.values()),
            now_ms=availability.now_ms,
        )

    async def sweep(self) -> None:
        """Bring every waitlist up to date, and offer what is free: holds expire without anybody doing anything.

        Raises:
            Unavailable.
        """

        async def unit(transaction: Transaction) -> None:
            await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))

        for project_id in await self._store.project_ids():
            if await self._store.waits(project_id, *OPEN):
                await self._store.write(project_id, unit)

    async def events(self, after: Mapping[str, int]) -> Mapping[str, tuple[ProjectEvent, ...]]:
        """What happened to each project's waits, in order, beyond the numbers that are known of some projects.

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

    async def wait_for_news(self, heard: int, seconds: float) -> int:
        """Wait until something may have happened since one `heard` last, or that long; give what to say next time."""
        return await self._notifier.wait(heard, seconds)

    async def _current(self, project_id: str, now_ms: int) -> dict[str, tuple[WaitlistEntry, Hold | None]]:
        """The open waits as they are now, by id, with what was offered last."""
        found: dict[str, tuple[WaitlistEntry, Hold | None]] = {}
        for wait in await self._store.waits(project_id, *OPEN):
            hold = await self._hold(project_id, wait)
            found[wait.id] = wait.after(hold, now_ms), hold
        return found

    async def _hold(self, project_id: str, wait: WaitlistEntry) -> Hold | None:
        return await self._store.hold(project_id, wait.hold_token) if wait.hold_token else None


async def _known(transaction: Transaction, keys: Keys, wait: WaitlistEntry) -> WaitlistEntry | None:
    """The wait that this request made before, or another open one for the same."""
    answer = await keys.recall(transaction)
    if answer and (before := await transaction.wait(json.loads(answer)["waitId"])):
        return before
    return next((one for one in await transaction.waits(*OPEN) if is_same(one, wait)), None)


def _answer(
    availability: Availability,
    wait: WaitlistEntry,
    hold: Hold | None,
    waits: Sequence[WaitlistEntry],
    *,
    replayed: bool = False,
) -> WaitAnswer:
    return WaitAnswer(
        project=availability.schedule.project,
        service=_service_of(availability.schedule, wait),
        wait=wait,
        position=_position(wait, waits),
        hold=hold,
        now_ms=availability.now_ms,
        replayed=replayed,
    )


def _position(wait: WaitlistEntry, waits: Sequence[WaitlistEntry]) -> int:
    rivals = [one.id for one in in_line(waits) if one.service_id == wait.service_id]
    return rivals.index(wait.id) + 1 if wait.id in rivals else 0


def _service_of(schedule: Schedule, wait: WaitlistEntry) -> ServiceType:
    """The service; one that left the catalog since is known by its id alone."""
    gone = ServiceType(id=wait.service_id, name=wait.service_id, duration_minutes=wait.duration_minutes)
    return schedule.services.get(wait.service_id, gone)
