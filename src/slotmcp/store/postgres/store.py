"""Store on PostgreSQL: one database for many servers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final, Self, TypeVar

from slotmcp.domain.access import MAX_LISTED_PROJECTS, only_project
from slotmcp.domain.erasure import CleanupReport
from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Clock, Head, ProjectMemory, StoredKey
from slotmcp.ports.calendar import CalendarView, CalendarWork
from slotmcp.store.access import access_key_of, valid_ids
from slotmcp.store.calendar_pages import read_view, read_work
from slotmcp.store.change_log import LatestSchedules
from slotmcp.store.columns import AccessKeyRow
from slotmcp.store.encryption import FieldCipher, check_encryption
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.cleanup import clean_tables
from slotmcp.store.postgres.known_projects import KnownProjects
from slotmcp.store.postgres.link import is_pooled_by_transaction
from slotmcp.store.postgres.outages import FAULTS, error_for_caller
from slotmcp.store.postgres.prepare import prepare
from slotmcp.store.postgres.reader import LongReader, PostgresReader, let_others_run
from slotmcp.store.postgres.statements import (
    ACCESS_KEY_NOW,
    CREDENTIAL_ENDS_NOW,
    FIRST_HEADS,
    HEAD,
    HEADS,
    INCARNATION,
    NOW,
)
from slotmcp.store.postgres.status import PostgresStatus, read_status
from slotmcp.store.postgres.writer import PostgresWriter
from slotmcp.store.schedules import Snapshot, project_not_found, read_schedule
from slotmcp.store.schema import Preparation
from slotmcp.store.sql_store import SqlStore
from slotmcp.store.statement import Fetch
from slotmcp.store.values import json_text
from slotmcp.store.write_check import not_writable

T = TypeVar("T")

DEFAULT_TIMEOUT_MS: Final = 5_000
POOL_SIZE: Final = 10
MIN_POOL_SIZE: Final = 2


class PostgresStore(SqlStore):
    """Implementation of the port Store. Use it on the event loop on which it was opened.

    It uses the clock of the database, so that servers with different clocks agree. Tests pass their own `clock`.
    """

    _writer: PostgresWriter

    def __init__(  # noqa: PLR0913  one parameter per setting
        self,
        address: Address,
        *,
        clock: Clock | None,
        timeout_ms: int,
        pool_size: int,
        cipher: FieldCipher | None,
        memory: ProjectMemory,
    ) -> None:
        writers = pool_size // 2
        self._address = address
        self._clock = clock
        self._pool_size = pool_size
        self._timeout_ms = timeout_ms
        self._schedules = LatestSchedules(memory)
        self._known = KnownProjects(memory)
        self._reader = PostgresReader(address, size=pool_size - writers, timeout_ms=timeout_ms, cipher=cipher)
        self._writer = PostgresWriter(
            address,
            clock=clock,
            schedules=self._schedules,
            known=self._known,
            size=writers,
            timeout_ms=timeout_ms,
            cipher=cipher,
        )
        long = LongReader(self._reader, max_connections=max(1, (pool_size - writers) // 2))
        super().__init__(memory=memory, quick=self._reader, pages=self._reader, long=long, writer=self._writer)

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913  one parameter per setting
        cls,
        url: str,
        *,
        clock: Clock | None = None,
        timeout_ms: int = DEFAULT_TIMEOUT_MS,
        pool_size: int = POOL_SIZE,
        cipher: FieldCipher | None = None,
        preparation: Preparation = Preparation.UPGRADE,
        memory: ProjectMemory | None = None,
        statement_cache: bool = True,
    ) -> AsyncIterator[Self]:
        """Open a database, and fill or upgrade it first if needed. On exit, commit the queued units.

        `timeout_ms` is how long a call waits for a lock, a response or a connection. `pool_size` is the maximum number
        of connections and at least two. Half of them write, and at most half of the others run long reads. `cipher`
        encrypts contact details and notes.
        `statement_cache` is False behind a pooler in transaction mode.

        Raises:
            DatabaseTooNew, DatabaseTooOld, DatabaseUnusable, Unavailable.
        """
        address = Address.of(url, statement_cache=statement_cache)
        await prepare(address, timeout_ms=timeout_ms, preparation=preparation)
        store = cls(
            address,
            clock=clock,
            timeout_ms=timeout_ms,
            pool_size=max(pool_size, MIN_POOL_SIZE),
            cipher=cipher,
            memory=memory or ProjectMemory(),
        )
        try:
            await store._reader.run(lambda fetch: check_encryption(fetch, cipher))
            yield store
        finally:
            await store._close()

    @property
    def locks_all_projects(self) -> bool:
        """Return False. Each project has a row of its own to lock."""
        return False

    @property
    def connections_in_use(self) -> int:
        return self._reader.in_use + self._writer.in_use

    async def heads(self) -> Mapping[str, Head]:
        rows = await self._reader.run(lambda fetch: fetch(HEADS))
        return {project_id: Head(revision=revision, now_ms=self._now_ms(now)) for project_id, revision, now in rows}

    async def only_head(self) -> tuple[str, Head]:
        rows = await self._reader.run(lambda fetch: fetch(FIRST_HEADS, limit=MAX_LISTED_PROJECTS))
        project_id = only_project([row[0] for row in rows], rows[0][3] if rows else 0)
        return project_id, Head(revision=rows[0][1], now_ms=self._now_ms(rows[0][2]))

    async def head(self, project_id: str) -> Head:
        return await self._reader.run(lambda fetch: self._head(fetch, project_id))

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        known = known or self._schedules.get(project_id)
        schedule = await self._reader.run_in_snapshot(lambda fetch: self._schedule(fetch, project_id, known))
        self._schedules.offer([schedule])
        return schedule

    async def calendar(self, project_id: str) -> CalendarView:
        return await self._reader.run_in_snapshot(lambda fetch: self._at_now(fetch, project_id, read_view))

    async def calendar_work(self, project_id: str) -> CalendarWork:
        return await self._reader.run_in_snapshot(lambda fetch: self._at_now(fetch, project_id, read_work))

    async def access_key(self, key_id: str) -> StoredKey | None:
        rows = await self._reader.run(lambda fetch: fetch(ACCESS_KEY_NOW, id=key_id))
        if not rows:
            return None
        *values, now = rows[0]
        row = AccessKeyRow(*values)
        return StoredKey(key=access_key_of(row), secret_hash=row.secret_hash, now_ms=self._now_ms(now))

    async def valid_credentials(self, ids: Collection[str]) -> frozenset[str]:
        keys = json_text(sorted(ids))
        rows = await self._reader.run(lambda fetch: fetch(CREDENTIAL_ENDS_NOW, keys=keys))
        return valid_ids([ends for _, *ends in rows], self._now_ms(rows[0][0])) if rows else frozenset()

    async def check_write(self) -> None:
        if problem := await self._writer.find_write_problem():
            raise not_writable(problem)

    async def now_ms(self) -> int:
        ((now,),) = await self._reader.run(lambda fetch: fetch(NOW))
        return self._now_ms(now)

    async def clean_up(self, *, is_thorough: bool) -> CleanupReport:
        try:
            return await clean_tables(self._address, timeout_ms=self._timeout_ms, is_thorough=is_thorough)
        except FAULTS as error:
            raise error_for_caller(error, self._address) from error

    async def status(self) -> PostgresStatus:
        """Return the state of the database, for its operator.

        Raises:
            Unavailable: the database does not respond.
        """
        loses_settings = self._address.statement_cache and await self._is_pooled_by_transaction()
        return await self._reader.run(
            lambda fetch: read_status(
                fetch, place=self._address.shown, pool_size=self._pool_size, loses_settings=loses_settings
            )
        )

    async def _is_pooled_by_transaction(self) -> bool:
        try:
            return await is_pooled_by_transaction(self._address, timeout_ms=self._timeout_ms)
        except FAULTS as error:
            raise error_for_caller(error, self._address) from error

    async def incarnation(self) -> str:
        """Return an identifier of the data's history; empty if the database's user may not read it.

        Raises:
            Unavailable: the database does not respond.
        """
        try:
            ((identifier,),) = await self._reader.run(lambda fetch: fetch(INCARNATION))
        except DatabaseUnusable:
            return ""
        return str(identifier)

    async def _at_now(self, fetch: Fetch, project_id: str, read: Callable[[Fetch, str, int], Awaitable[T]]) -> T:
        ((now,),) = await fetch(NOW)
        return await read(fetch, project_id, self._now_ms(now))

    async def _head(self, fetch: Fetch, project_id: str) -> Head:
        rows = await fetch(HEAD, project_id=project_id)
        if not rows:
            raise await project_not_found(Snapshot(fetch=fetch, project_id=project_id, now_ms=0))
        ((revision, now),) = rows
        self._known.observe(project_id, revision=revision, clock_ms=now)
        return Head(revision=revision, now_ms=self._now_ms(now))

    async def _schedule(self, fetch: Fetch, project_id: str, known: Schedule | None) -> Schedule:
        head = await self._head(fetch, project_id)
        snapshot = Snapshot(fetch=fetch, project_id=project_id, now_ms=head.now_ms, pause=let_others_run)
        return await read_schedule(snapshot, known, head.revision)

    def _now_ms(self, database_ms: int) -> int:
        return database_ms if self._clock is None else self._clock.now_ms()

    async def _close(self) -> None:
        await self._writer.close()
        await self._reader.close()
