"""Base of stores that change some calls of another store."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import TypeVar

from slotmcp.domain.access import AccessKey, DashboardSession
from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CalendarBacklog
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim, Hold
from slotmcp.domain.erasure import CleanupReport, Erasure
from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.retention import Purged, Retention
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Trace
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import BookingPages, CommitHandler, Head, ProjectEvent, ProjectMemory, Store, StoredKey, Unit
from slotmcp.ports.calendar import CalendarView, CalendarWork

T = TypeVar("T")


class WrappedStore:
    """Store port that delegates every call to the wrapped store, unless a subclass overrides it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def project_ids(self) -> tuple[str, ...]:
        return await self._store.project_ids()

    @property
    def project_memory(self) -> ProjectMemory:
        return self._store.project_memory

    @property
    def connections_in_use(self) -> int:
        return self._store.connections_in_use

    @property
    def locks_all_projects(self) -> bool:
        return self._store.locks_all_projects

    async def heads(self) -> Mapping[str, Head]:
        return await self._store.heads()

    async def only_head(self) -> tuple[str, Head]:
        return await self._store.only_head()

    async def check_write(self) -> None:
        await self._store.check_write()

    async def head(self, project_id: str) -> Head:
        return await self._store.head(project_id)

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        return await self._store.schedule(project_id, known)

    async def bookings(self, project_id: str, within: Interval | None = None) -> tuple[Booking, ...]:
        return await self._store.bookings(project_id, within)

    async def bookings_needing_attention(self, project_id: str, after: Minute) -> tuple[Booking, ...]:
        return await self._store.bookings_needing_attention(project_id, after)

    async def scan_bookings(self, project_id: str, read: Callable[[BookingPages], Awaitable[T]]) -> T:
        return await self._store.scan_bookings(project_id, read)

    async def booking(self, project_id: str, booking_id: str) -> Booking | None:
        return await self._store.booking(project_id, booking_id)

    async def booking_claims(self, project_id: str, booking_ids: Collection[str]) -> Mapping[str, Claim]:
        return await self._store.booking_claims(project_id, booking_ids)

    async def bookings_by(self, project_id: str, *references: str, now: Minute, max_others: int) -> tuple[Booking, ...]:
        return await self._store.bookings_by(project_id, *references, now=now, max_others=max_others)

    async def bookings_overlapping(
        self, project_id: str, contact_keys: Collection[str], *, service_id: str, start: Minute, end: Minute
    ) -> tuple[Booking, ...]:
        return await self._store.bookings_overlapping(
            project_id, contact_keys, service_id=service_id, start=start, end=end
        )

    async def pseudonyms(self, project_id: str) -> Callable[[str], str]:
        return await self._store.pseudonyms(project_id)

    async def hold(self, project_id: str, token: str) -> Hold | None:
        return await self._store.hold(project_id, token)

    async def waitlist_entry(self, project_id: str, entry_id: str) -> WaitlistEntry | None:
        return await self._store.waitlist_entry(project_id, entry_id)

    async def holds(self, project_id: str, tokens: Collection[str]) -> Mapping[str, Hold]:
        return await self._store.holds(project_id, tokens)

    async def waitlist_entries(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        return await self._store.waitlist_entries(project_id, *states)

    async def waiting_projects(self) -> tuple[str, ...]:
        return await self._store.waiting_projects()

    async def projects_of_waitlist_entry(self, entry_id: str) -> tuple[str, ...]:
        return await self._store.projects_of_waitlist_entry(entry_id)

    async def newest_events(self) -> Mapping[str, int]:
        return await self._store.newest_events()

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        return await self._store.events(project_id, after)

    async def calendar(self, project_id: str) -> CalendarView:
        return await self._store.calendar(project_id)

    async def calendar_work(self, project_id: str) -> CalendarWork:
        return await self._store.calendar_work(project_id)

    async def calendar_backlogs(self) -> Mapping[str, CalendarBacklog]:
        return await self._store.calendar_backlogs()

    async def due_calendars(self, *, now_ms: int, finished_by_ms: int) -> tuple[str, ...]:
        return await self._store.due_calendars(now_ms=now_ms, finished_by_ms=finished_by_ms)

    async def calendar_projects(self) -> tuple[str, ...]:
        return await self._store.calendar_projects()

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        await self._store.add_traces(traces)

    async def trace(self, trace_id: str) -> Trace | None:
        return await self._store.trace(trace_id)

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:
        return await self._store.traces(project_id, from_ms, to_ms)

    async def conversations(
        self, project_id: str, conversation_ids: Collection[str], *, from_ms: int, limit: int
    ) -> tuple[Trace, ...]:
        return await self._store.conversations(project_id, conversation_ids, from_ms=from_ms, limit=limit)

    async def refusals(self, project_id: str, *, from_ms: int, limit: int) -> tuple[Trace, ...]:
        return await self._store.refusals(project_id, from_ms=from_ms, limit=limit)

    async def drop_traces(self, before_ms: int) -> int:
        return await self._store.drop_traces(before_ms)

    async def excess_traces(self, max_bytes: int) -> int:
        return await self._store.excess_traces(max_bytes)

    async def drop_oldest_traces(self, count: int) -> int:
        return await self._store.drop_oldest_traces(count)

    async def add_access_key(self, key: AccessKey, secret_hash: str) -> None:
        await self._store.add_access_key(key, secret_hash)

    async def access_key(self, key_id: str) -> StoredKey | None:
        return await self._store.access_key(key_id)

    async def access_keys(self) -> tuple[AccessKey, ...]:
        return await self._store.access_keys()

    async def has_access_keys(self) -> bool:
        return await self._store.has_access_keys()

    async def valid_credentials(self, ids: Collection[str]) -> frozenset[str]:
        return await self._store.valid_credentials(ids)

    async def revoke_access_key(self, key_id: str, at_ms: int) -> bool:
        return await self._store.revoke_access_key(key_id, at_ms)

    async def postal_code_location(self, country: str, postal_code: str, *, found_after_ms: int) -> Location | None:
        return await self._store.postal_code_location(country, postal_code, found_after_ms=found_after_ms)

    async def save_postal_code_location(
        self, country: str, postal_code: str, location: Location, *, found_at_ms: int
    ) -> None:
        await self._store.save_postal_code_location(country, postal_code, location, found_at_ms=found_at_ms)

    async def add_session(self, session: DashboardSession) -> None:
        await self._store.add_session(session)

    async def session(self, session_id: str) -> DashboardSession | None:
        return await self._store.session(session_id)

    async def extend_session(self, session_id: str, idle_at_ms: int) -> None:
        await self._store.extend_session(session_id, idle_at_ms)

    async def delete_session(self, session_id: str) -> None:
        await self._store.delete_session(session_id)

    async def delete_sessions(self, now_ms: int, *, max_per_key: int, max_in_all: int) -> int:
        return await self._store.delete_sessions(now_ms, max_per_key=max_per_key, max_in_all=max_in_all)

    async def erasures(self, project_id: str) -> tuple[Erasure, ...]:
        return await self._store.erasures(project_id)

    async def count_purgeable(self, project_id: str, retention: Retention, *, now_ms: int) -> Purged:
        return await self._store.count_purgeable(project_id, retention, now_ms=now_ms)

    async def purge_access_keys(self, over_by_ms: int, *, is_dry_run: bool) -> int:
        return await self._store.purge_access_keys(over_by_ms, is_dry_run=is_dry_run)

    async def claim_task(self, task: str, *, now_ms: int, next_ms: int) -> bool:
        return await self._store.claim_task(task, now_ms=now_ms, next_ms=next_ms)

    async def postpone_task(self, task: str, *, next_ms: int) -> None:
        await self._store.postpone_task(task, next_ms=next_ms)

    async def clean_up(self, *, is_thorough: bool) -> CleanupReport:
        return await self._store.clean_up(is_thorough=is_thorough)

    async def now_ms(self) -> int:
        return await self._store.now_ms()

    def subscribe(self, handler: CommitHandler) -> None:
        self._store.subscribe(handler)

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        return await self._store.write(project_id, unit, create=create)
