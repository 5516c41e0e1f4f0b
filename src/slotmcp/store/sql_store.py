"""Methods of the port Store that are the same on both databases."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from slotmcp.domain.access import AccessKey, DashboardSession
from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CalendarBacklog
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim, Hold
from slotmcp.domain.erasure import Erasure
from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.retention import Purged, Retention
from slotmcp.domain.trace import Trace
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import BookingPages, CommitHandler, ProjectEvent, ProjectMemory, Unit
from slotmcp.store.access import (
    ADD_ACCESS_KEY,
    ALL_ACCESS_KEYS,
    HAS_ACCESS_KEYS,
    REVOKE_ACCESS_KEY,
    access_key_of,
    access_key_values,
)
from slotmcp.store.bookings import (
    BOOKINGS_NEEDING_ATTENTION,
    OVERLAPPING_BOOKINGS,
    booking_of,
    read_booking,
    read_booking_claims,
    read_bookings_overlapping,
    read_latest_bookings_by,
    read_pages,
)
from slotmcp.store.calendar_pages import read_backlogs, read_due_projects, read_projects
from slotmcp.store.catalog import PROJECT_IDS, SALT
from slotmcp.store.claims import read_hold, read_holds
from slotmcp.store.columns import AccessKeyRow
from slotmcp.store.encryption import readable_salt
from slotmcp.store.erasures import read_erasures
from slotmcp.store.places import (
    DELETE_OLDEST_LOCATIONS,
    MAX_LOCATIONS,
    POSTAL_CODE_LOCATION,
    SAVE_POSTAL_CODE_LOCATION,
    location_of_rows,
)
from slotmcp.store.purging import CLAIM_TASK, DELETE_OLD_KEYS, OLD_KEYS, POSTPONE_TASK, purge
from slotmcp.store.schedules import Snapshot, project_not_found
from slotmcp.store.sessions import (
    ADD_SESSION,
    DELETE_SESSION,
    DELETE_SESSIONS,
    EXTEND_SESSION,
    SESSION,
    session_of,
    session_values,
)
from slotmcp.store.statement import Fetch, Row, Statement
from slotmcp.store.traces import (
    ADD_TRACES,
    BATCH_ROWS,
    CONVERSATIONS,
    DROP_OLDEST_TRACES,
    DROP_TRACES,
    REFUSALS,
    TRACE,
    TRACES,
    TRACES_SIZE,
    excess_traces,
    traces_of,
    traces_values,
)
from slotmcp.store.values import json_text, pseudonym_of
from slotmcp.store.waitlist import (
    NEWEST_EVENTS,
    PROJECTS_OF_ENTRY,
    WAITING_PROJECTS,
    read_entries,
    read_entry,
    read_events,
)

ALL_ROWS: Final = 2**31 - 1
ALL_TIME: Final[Interval] = (-(2**31), 2**31 - 1)
"""Every minute that a claim can have."""

T = TypeVar("T")
Query = Callable[[Fetch], Awaitable[T]]


class QueryRunner(Protocol):
    """Runs queries on the newest committed state."""

    async def run(self, query: Query[T]) -> T:
        """Run a query of one statement.

        Raises:
            Unavailable: the database does not respond.
        """
        ...

    async def run_in_snapshot(self, query: Query[T]) -> T:
        """Run a query of several statements, all of which see the same state.

        Raises:
            Unavailable: the database does not respond.
        """
        ...


class StoreWriter(Protocol):
    """Runs units of work, and single statements outside of any project's lock."""

    commit_handlers: list[CommitHandler]

    async def write(self, project_id: str, unit: Unit[T], *, create: bool) -> T:
        """Run a unit of work and commit it.

        A unit that has begun runs to its end even if the caller is canceled.

        Raises:
            NotFound, Unavailable, and any exception of the unit.
        """
        ...

    async def write_alone(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """Run one idempotent statement outside of any project's lock, commit it durably, and return its rows.

        Raises:
            Unavailable: the lock was not free in time, or the database failed. The statement may have run.
        """
        ...


class SqlStore:
    """Base of the stores, without the methods that read the current time."""

    def __init__(
        self,
        *,
        memory: ProjectMemory,
        quick: QueryRunner,
        pages: QueryRunner,
        long: QueryRunner,
        writer: StoreWriter,
    ) -> None:
        self.project_memory = memory
        self._quick = quick
        """Runner of frequent small queries, which never wait for a long one."""
        self._pages = pages
        """Runner of the other queries of calls."""
        self._long = long
        """Runner of queries that may read many rows. The other runners never wait for it."""
        self._writer = writer
        self._pseudonyms: dict[str, Callable[[str], str]] = memory.table()
        """By project. A project's salt never changes."""

    async def project_ids(self) -> tuple[str, ...]:
        rows = await self._quick.run(lambda fetch: fetch(PROJECT_IDS))
        return tuple(project_id for (project_id,) in rows)

    async def bookings(self, project_id: str, within: Interval | None = None) -> tuple[Booking, ...]:
        start, end = within or ALL_TIME
        rows = await self._long.run(
            lambda fetch: fetch(OVERLAPPING_BOOKINGS, project_id=project_id, start_minute=start, end_minute=end)
        )
        return await asyncio.to_thread(lambda: tuple(map(booking_of, rows)))  # those of a large team take a second

    async def bookings_needing_attention(self, project_id: str, after: Minute) -> tuple[Booking, ...]:
        rows = await self._pages.run(
            lambda fetch: fetch(BOOKINGS_NEEDING_ATTENTION, project_id=project_id, end_minute=after)
        )
        return tuple(map(booking_of, rows))

    async def scan_bookings(self, project_id: str, read: Callable[[BookingPages], Awaitable[T]]) -> T:
        return await self._long.run_in_snapshot(lambda fetch: read(read_pages(fetch, project_id)))

    async def booking(self, project_id: str, booking_id: str) -> Booking | None:
        return await self._pages.run(lambda fetch: read_booking(fetch, project_id, booking_id))

    async def booking_claims(self, project_id: str, booking_ids: Collection[str]) -> Mapping[str, Claim]:
        return await self._pages.run(lambda fetch: read_booking_claims(fetch, project_id, booking_ids))

    async def bookings_by(self, project_id: str, *references: str, now: Minute, max_others: int) -> tuple[Booking, ...]:
        query = partial(_read_bookings_by, project_id=project_id, references=references, now=now, max_others=max_others)
        return await self._pages.run_in_snapshot(query)

    async def bookings_overlapping(
        self, project_id: str, contact_keys: Collection[str], *, service_id: str, start: Minute, end: Minute
    ) -> tuple[Booking, ...]:
        return await self._pages.run(
            lambda fetch: read_bookings_overlapping(
                fetch, project_id, contact_keys, service_id=service_id, start=start, end=end
            )
        )

    async def pseudonyms(self, project_id: str) -> Callable[[str], str]:
        pseudonym = self._pseudonyms.get(project_id)
        if pseudonym is None:
            salt = await self._quick.run(lambda fetch: _read_salt(fetch, project_id))
            pseudonym = self._pseudonyms[project_id] = partial(pseudonym_of, salt)
            self.project_memory.note(project_id)
        return pseudonym

    async def hold(self, project_id: str, token: str) -> Hold | None:
        return await self._pages.run(lambda fetch: read_hold(fetch, project_id, token))

    async def holds(self, project_id: str, tokens: Collection[str]) -> Mapping[str, Hold]:
        return await self._pages.run(lambda fetch: read_holds(fetch, project_id, tokens))

    async def waitlist_entry(self, project_id: str, entry_id: str) -> WaitlistEntry | None:
        return await self._pages.run(lambda fetch: read_entry(fetch, project_id, entry_id))

    async def waitlist_entries(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        return await self._pages.run(lambda fetch: read_entries(fetch, project_id, states))

    async def waiting_projects(self) -> tuple[str, ...]:
        rows = await self._quick.run(lambda fetch: fetch(WAITING_PROJECTS))
        return tuple(project_id for (project_id,) in rows)

    async def projects_of_waitlist_entry(self, entry_id: str) -> tuple[str, ...]:
        rows = await self._quick.run(lambda fetch: fetch(PROJECTS_OF_ENTRY, id=entry_id))
        return tuple(project_id for (project_id,) in rows)

    async def access_keys(self) -> tuple[AccessKey, ...]:
        rows = await self._pages.run(lambda fetch: fetch(ALL_ACCESS_KEYS))
        return tuple(access_key_of(AccessKeyRow(*values)) for values in rows)

    async def has_access_keys(self) -> bool:
        ((exists,),) = await self._quick.run(lambda fetch: fetch(HAS_ACCESS_KEYS))
        return bool(exists)

    async def add_access_key(self, key: AccessKey, secret_hash: str) -> None:
        await self._writer.write_alone(ADD_ACCESS_KEY, **access_key_values(key, secret_hash))

    async def revoke_access_key(self, key_id: str, at_ms: int) -> bool:
        return bool(await self._writer.write_alone(REVOKE_ACCESS_KEY, id=key_id, at_ms=at_ms))

    async def add_session(self, session: DashboardSession) -> None:
        await self._writer.write_alone(ADD_SESSION, **session_values(session))

    async def session(self, session_id: str) -> DashboardSession | None:
        rows = await self._quick.run(lambda fetch: fetch(SESSION, id=session_id))
        return session_of(rows[0]) if rows else None

    async def extend_session(self, session_id: str, idle_at_ms: int) -> None:
        await self._writer.write_alone(EXTEND_SESSION, id=session_id, idle_at_ms=idle_at_ms)

    async def delete_session(self, session_id: str) -> None:
        await self._writer.write_alone(DELETE_SESSION, id=session_id)

    async def delete_sessions(self, now_ms: int, *, max_per_key: int, max_in_all: int) -> int:
        limits = {"max_per_key": max_per_key, "max_in_all": max_in_all}
        return len(await self._writer.write_alone(DELETE_SESSIONS, now_ms=now_ms, **limits))

    async def postal_code_location(self, country: str, postal_code: str, *, found_after_ms: int) -> Location | None:
        key = {"country": country, "postal_code": postal_code}
        rows = await self._quick.run(lambda fetch: fetch(POSTAL_CODE_LOCATION, found_after_ms=found_after_ms, **key))
        return location_of_rows(rows)

    async def save_postal_code_location(
        self, country: str, postal_code: str, location: Location, *, found_at_ms: int
    ) -> None:
        await self._writer.write_alone(
            SAVE_POSTAL_CODE_LOCATION,
            country=country,
            postal_code=postal_code,
            latitude=location.latitude,
            longitude=location.longitude,
            found_at_ms=found_at_ms,
        )
        await self._writer.write_alone(DELETE_OLDEST_LOCATIONS, max_locations=MAX_LOCATIONS)

    async def calendar_projects(self) -> tuple[str, ...]:
        return await self._quick.run(read_projects)

    async def due_calendars(self, *, now_ms: int, finished_by_ms: int) -> tuple[str, ...]:
        return await self._quick.run(
            lambda fetch: read_due_projects(fetch, now_ms=now_ms, finished_by_ms=finished_by_ms)
        )

    async def calendar_backlogs(self) -> Mapping[str, CalendarBacklog]:
        return await self._pages.run(read_backlogs)

    async def trace(self, trace_id: str) -> Trace | None:
        rows = await self._pages.run(lambda fetch: fetch(TRACE, id=trace_id))
        return next(iter(traces_of(rows)), None)

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:
        span = {"project_id": project_id, "from_ms": from_ms, "to_ms": to_ms}
        rows = await self._long.run(lambda fetch: fetch(TRACES, **span))
        return await asyncio.to_thread(traces_of, rows)  # the traces of a busy week take a second

    async def conversations(
        self, project_id: str, conversation_ids: Collection[str], *, from_ms: int, limit: int
    ) -> tuple[Trace, ...]:
        values = {
            "project_id": project_id,
            "conversations": json_text(sorted(conversation_ids)),
            "from_ms": from_ms,
            "limit": limit,
        }
        return traces_of(await self._long.run(lambda fetch: fetch(CONVERSATIONS, **values)))

    async def refusals(self, project_id: str, *, from_ms: int, limit: int) -> tuple[Trace, ...]:
        values = {"project_id": project_id, "from_ms": from_ms, "limit": limit}
        return traces_of(await self._long.run(lambda fetch: fetch(REFUSALS, **values)))

    async def newest_events(self) -> Mapping[str, int]:
        return dict(await self._quick.run(lambda fetch: fetch(NEWEST_EVENTS)))

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        return await self._quick.run(lambda fetch: read_events(fetch, project_id, after))

    async def erasures(self, project_id: str) -> tuple[Erasure, ...]:
        return await self._pages.run(lambda fetch: read_erasures(fetch, project_id))

    async def add_traces(self, traces: Sequence[Trace]) -> None:
        await self._writer.write_alone(ADD_TRACES, **traces_values(traces))

    async def drop_traces(self, before_ms: int) -> int:
        return len(await self._writer.write_alone(DROP_TRACES, before_ms=before_ms))

    async def excess_traces(self, max_bytes: int) -> int:
        return excess_traces(await self._long.run(lambda fetch: fetch(TRACES_SIZE)), max_bytes)

    async def drop_oldest_traces(self, count: int) -> int:
        return len(await self._writer.write_alone(DROP_OLDEST_TRACES, count=min(count, BATCH_ROWS)))

    async def purge_access_keys(self, over_by_ms: int, *, is_dry_run: bool) -> int:
        if is_dry_run:
            return len(await self._pages.run(lambda fetch: fetch(OLD_KEYS, over_by_ms=over_by_ms)))
        return len(await self._writer.write_alone(DELETE_OLD_KEYS, over_by_ms=over_by_ms))

    async def count_purgeable(self, project_id: str, retention: Retention, *, now_ms: int) -> Purged:
        def count(fetch: Fetch) -> Awaitable[Purged]:
            snapshot = Snapshot(fetch=fetch, project_id=project_id, now_ms=now_ms)
            return purge(snapshot, retention, limit=ALL_ROWS, is_dry_run=True)

        return await self._long.run_in_snapshot(count)

    async def claim_task(self, task: str, *, now_ms: int, next_ms: int) -> bool:
        return bool(await self._writer.write_alone(CLAIM_TASK, task=task, now_ms=now_ms, next_ms=next_ms))

    async def postpone_task(self, task: str, *, next_ms: int) -> None:
        await self._writer.write_alone(POSTPONE_TASK, task=task, next_ms=next_ms)

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        return await self._writer.write(project_id, unit, create=create)

    def subscribe(self, handler: CommitHandler) -> None:
        self._writer.commit_handlers.append(handler)


async def _read_bookings_by(
    fetch: Fetch, project_id: str, references: Collection[str], *, now: Minute, max_others: int
) -> tuple[Booking, ...]:
    found: dict[str, Booking] = {}
    for (salt,) in await fetch(SALT, project_id=project_id):
        for reference in references:
            key = pseudonym_of(readable_salt(bytes(salt)), reference)
            bookings = await read_latest_bookings_by(fetch, project_id, key, now=now, max_others=max_others)
            found |= {booking.id: booking for booking in bookings}
    return tuple(sorted(found.values(), key=lambda booking: (booking.claim.start, booking.id)))


async def _read_salt(fetch: Fetch, project_id: str) -> bytes:
    for (salt,) in await fetch(SALT, project_id=project_id):
        return readable_salt(bytes(salt))
    raise await project_not_found(Snapshot(fetch=fetch, project_id=project_id, now_ms=0))
