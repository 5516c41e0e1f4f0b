"""Store on SQLite: one file for many processes; one writing thread, four reading threads, and the revision probe."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final, Self, TypeVar

from slotmcp.domain.access import MAX_LISTED_PROJECTS, only_project
from slotmcp.domain.erasure import CleanupReport
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Clock, Head, ProjectMemory, StoredKey
from slotmcp.ports.calendar import CalendarView, CalendarWork
from slotmcp.store.access import ACCESS_KEY, CREDENTIAL_ENDS, access_key_of, valid_ids
from slotmcp.store.calendar_pages import read_view, read_work
from slotmcp.store.catalog import FIRST_REVISIONS, REVISIONS
from slotmcp.store.change_log import LatestSchedules
from slotmcp.store.cleanup import clean_file
from slotmcp.store.clock import FileClock, running
from slotmcp.store.columns import AccessKeyRow
from slotmcp.store.connection import MEMORY, connect, connect_reader, is_fault, make_fetch, to_unavailable
from slotmcp.store.database_file import translate_faults
from slotmcp.store.encryption import FieldCipher, check_encryption
from slotmcp.store.prepare import migrate, prepare
from slotmcp.store.reader import RevisionProbe, SqliteReader
from slotmcp.store.schedules import Snapshot, is_in_log, read_revision, read_schedule
from slotmcp.store.schema import SCHEMA, Preparation
from slotmcp.store.sql_store import SqlStore
from slotmcp.store.statement import drive
from slotmcp.store.status import StoreStatus, read_status
from slotmcp.store.values import json_text
from slotmcp.store.write_check import find_write_problem, not_writable
from slotmcp.store.writer import SqliteWriter

T = TypeVar("T")

DEFAULT_TIMEOUT_MS: Final = 5_000
_numbers: Final = count(1)
"""Numbers of the databases in memory of this process."""


class SqliteStore(SqlStore):
    """Implementation of the port Store. Use it on the event loop on which it was opened."""

    _writer: SqliteWriter

    def __init__(
        self, path: Path, *, clock: Clock, timeout_ms: int, cipher: FieldCipher | None, memory: ProjectMemory
    ) -> None:
        self._path = path
        self._timeout_ms = timeout_ms
        self._clock = clock
        self._schedules = LatestSchedules(memory)
        quick = SqliteReader(path, timeout_ms=timeout_ms, cipher=cipher)
        pages = SqliteReader(path, timeout_ms=timeout_ms, cipher=cipher)
        long = SqliteReader(path, timeout_ms=timeout_ms, cipher=cipher)
        self._full = SqliteReader(path, timeout_ms=timeout_ms, cipher=cipher)
        """Reader of complete schedules. That of a large project takes as long as hundreds of other reads."""
        self._readers = (quick, pages, long, self._full)
        self._revision_probe = RevisionProbe(path, quick)
        # last, because it starts a thread
        self._writer = SqliteWriter(path, clock=clock, schedules=self._schedules, timeout_ms=timeout_ms, cipher=cipher)
        super().__init__(memory=memory, quick=quick, pages=pages, long=long, writer=self._writer)

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913  one parameter per setting
        cls,
        path: Path,
        *,
        clock: Clock,
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
        preparation: Preparation = Preparation.UPGRADE,
        cipher: FieldCipher | None = None,
        memory: ProjectMemory | None = None,
    ) -> AsyncIterator[Self]:
        """Open a database file, and create or upgrade it first if needed. On exit, commit the queued units.

        `timeout_ms` is how long a call waits for other processes. A FileClock runs until the exit. `cipher` encrypts
        contact details and notes.

        Raises:
            DatabaseTooNew, DatabaseTooOld, DatabaseInUse, DatabaseUnusable.
        """
        await asyncio.to_thread(prepare, path, timeout_ms=timeout_ms, preparation=preparation)
        async with cls._open_prepared(
            path, clock=clock, timeout_ms=timeout_ms, cipher=cipher, memory=memory or ProjectMemory()
        ) as store:
            yield store

    @classmethod
    @asynccontextmanager
    async def open_in_memory(cls, *, clock: Clock, timeout_ms: int = DEFAULT_TIMEOUT_MS) -> AsyncIterator[Self]:
        """Open a new database without projects in memory. It is lost on exit."""
        path = MEMORY / str(next(_numbers))
        with closing(connect(path, wait_ms=0)) as connection:  # keeps the database
            await asyncio.to_thread(migrate, connection, SCHEMA)
            async with cls._open_prepared(
                path, clock=clock, timeout_ms=timeout_ms, cipher=None, memory=ProjectMemory()
            ) as store:
                yield store

    @classmethod
    @asynccontextmanager
    async def _open_prepared(
        cls, path: Path, *, clock: Clock, timeout_ms: int, cipher: FieldCipher | None, memory: ProjectMemory
    ) -> AsyncIterator[Self]:
        async with AsyncExitStack() as stack:
            if isinstance(clock, FileClock):
                await stack.enter_async_context(running(clock, path, timeout_ms=timeout_ms))
            with translate_faults(path):
                await asyncio.to_thread(_check_encryption, path, timeout_ms, cipher)
                store = cls(path, clock=clock, timeout_ms=timeout_ms, cipher=cipher, memory=memory)
            stack.push_async_callback(store._close)
            yield store

    @property
    def locks_all_projects(self) -> bool:
        """Return True. A database file has one lock."""
        return True

    @property
    def connections_in_use(self) -> int:
        return 0

    async def heads(self) -> Mapping[str, Head]:
        now_ms = self._clock.now_ms()
        revisions = await self._revision_probe.run(lambda fetch: fetch(REVISIONS))
        return {project_id: Head(revision=revision, now_ms=now_ms) for project_id, revision in revisions}

    async def only_head(self) -> tuple[str, Head]:
        now_ms = self._clock.now_ms()
        rows = await self._revision_probe.run(lambda fetch: fetch(FIRST_REVISIONS, limit=MAX_LISTED_PROJECTS))
        project_id = only_project([row[0] for row in rows], rows[0][2] if rows else 0)
        return project_id, Head(revision=rows[0][1], now_ms=now_ms)

    async def head(self, project_id: str) -> Head:
        snapshot = partial(Snapshot, project_id=project_id, now_ms=self._clock.now_ms())
        return await self._revision_probe.run(lambda fetch: _head(snapshot(fetch=fetch)))

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        head = await self.head(project_id)
        latest = self._schedules.get(project_id)
        if known is None or (latest is not None and latest.revision > known.revision):
            known = latest
        if known is not None and known.revision == head.revision:
            return known
        reader = self._pages if is_in_log(known, head.revision) else self._full
        snapshot = partial(Snapshot, project_id=project_id, now_ms=head.now_ms)
        schedule = await reader.run_in_snapshot(lambda fetch: _schedule(snapshot(fetch=fetch), known))
        self._schedules.offer([schedule])
        return schedule

    async def calendar(self, project_id: str) -> CalendarView:
        now_ms = self._clock.now_ms()
        return await self._pages.run_in_snapshot(lambda fetch: read_view(fetch, project_id, now_ms))

    async def calendar_work(self, project_id: str) -> CalendarWork:
        now_ms = self._clock.now_ms()
        return await self._pages.run_in_snapshot(lambda fetch: read_work(fetch, project_id, now_ms))

    async def access_key(self, key_id: str) -> StoredKey | None:
        rows = await self._quick.run(lambda fetch: fetch(ACCESS_KEY, id=key_id))
        if not rows:
            return None
        row = AccessKeyRow(*rows[0])
        return StoredKey(key=access_key_of(row), secret_hash=row.secret_hash, now_ms=self._clock.now_ms())

    async def valid_credentials(self, ids: Collection[str]) -> frozenset[str]:
        rows = await self._quick.run(lambda fetch: fetch(CREDENTIAL_ENDS, keys=json_text(sorted(ids))))
        return valid_ids(rows, self._clock.now_ms())

    async def check_write(self) -> None:
        if problem := await asyncio.to_thread(find_write_problem, self._path, self._clock.now_ms()):
            raise not_writable(problem)

    async def now_ms(self) -> int:
        return self._clock.now_ms()

    async def clean_up(self, *, is_thorough: bool) -> CleanupReport:
        return await asyncio.to_thread(self._clean_up, is_thorough=is_thorough)

    async def status(self) -> StoreStatus:
        """Return the state of the database, for its operator.

        Raises:
            Unavailable: the database does not respond.
        """
        return await self._pages.run(lambda fetch: read_status(fetch, self._path))

    def _clean_up(self, *, is_thorough: bool) -> CleanupReport:
        try:
            return clean_file(self._path, timeout_ms=self._timeout_ms, is_thorough=is_thorough)
        except sqlite3.DatabaseError as error:
            if is_fault(error):
                raise to_unavailable(error) from error
            raise

    async def incarnation(self) -> str:
        """Return an empty text, because a restore of a file increases all revisions."""
        return ""

    async def _close(self) -> None:
        await self._writer.close()
        self._revision_probe.close()
        for reader in self._readers:
            await asyncio.to_thread(reader.close)


def _check_encryption(path: Path, timeout_ms: int, cipher: FieldCipher | None) -> None:
    with closing(connect_reader(path, timeout_ms=timeout_ms)) as connection:
        drive(check_encryption(make_fetch(connection, cipher), cipher))


async def _head(snapshot: Snapshot) -> Head:
    return Head(revision=await read_revision(snapshot), now_ms=snapshot.now_ms)


async def _schedule(snapshot: Snapshot, known: Schedule | None) -> Schedule:
    return await read_schedule(snapshot, known, await read_revision(snapshot))
