"""Connections to PostgreSQL, the statements that run on them, and their pool.

SQLAlchemy pools the connections. The rest of the store uses asyncpg's connection through a `Link`.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal, cast

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InvalidatePoolError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from slotmcp.store.claims import OVERLAP_CONSTRAINT, claim_conflict
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.outages import FAULTS, Fault, driver_error
from slotmcp.store.postgres.pooler import PooledConnection, shares_backends
from slotmcp.store.postgres.statements import numbered
from slotmcp.store.statement import Row, Statement

DRIVER: Final = "postgresql+asyncpg://"

MAX_PREPARED_STATEMENTS: Final = 256
"""Per connection. The store has fewer statements."""

GRACE_MS: Final = 1_000
"""Difference between the timeouts: a lock's is the shortest, then a statement's, then the connection's.

A process that hangs in a transaction, or whose connection breaks, loses its lock when the waiting processes give up.
No unit of work needs more time, because it waits only for the database.
"""

SETTINGS: Final = """
SET {scope} jit = off;
SELECT set_config('synchronous_commit', 'on', {is_local}) WHERE current_setting('synchronous_commit') = 'off';
SET {scope} lock_timeout = {lock_ms}; SET {scope} statement_timeout = {statement_ms};
SET {scope} idle_in_transaction_session_timeout = {statement_ms}; {read_only}
"""
"""Settings of a session, or of a transaction if the sessions belong to a pooler."""
READ_ONLY_NAMES: Final = {"SESSION": "default_transaction_read_only", "LOCAL": "transaction_read_only"}
CONNECT_FAULTS: Final[tuple[type[Exception], ...]] = (*FAULTS, asyncpg.InterfaceError)
"""Errors of a connection attempt, also if the connection was lost at once."""


async def connect(
    address: Address, *, timeout_ms: int, is_read_only: bool = False
) -> "asyncpg.Connection[asyncpg.Record]":
    """Return a connection with a timeout for locks, and slightly longer ones for statements and responses.

    Raises:
        One of the FAULTS, or asyncpg.InterfaceError if the connection was lost at once.
    """
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        address.url,
        timeout=timeout_ms / 1000,
        command_timeout=(timeout_ms + 2 * GRACE_MS) / 1000,
        statement_cache_size=MAX_PREPARED_STATEMENTS if address.statement_cache else 0,
        server_settings={"application_name": "slotmcp"},
        connection_class=asyncpg.Connection if address.statement_cache else PooledConnection,
    )
    if not address.statement_cache:
        pooled = cast("PooledConnection", connection)
        pooled.transaction_settings = _settings("LOCAL", timeout_ms, is_read_only=is_read_only)
        return connection
    try:
        await connection.execute(_settings("SESSION", timeout_ms, is_read_only=is_read_only))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def is_pooled_by_transaction(address: Address, *, timeout_ms: int) -> bool:
    """Return whether a pooler gives each transaction another connection to the server.

    Raises:
        One of the FAULTS.
    """
    pooled = replace(address, statement_cache=False)
    async with AsyncExitStack() as stack:
        one = await connect(pooled, timeout_ms=timeout_ms)
        stack.push_async_callback(one.close)
        other = await connect(pooled, timeout_ms=timeout_ms)
        stack.push_async_callback(other.close)
        return await shares_backends(one, other)


def _settings(scope: Literal["SESSION", "LOCAL"], timeout_ms: int, *, is_read_only: bool) -> str:
    read_only = f"SET {scope} {READ_ONLY_NAMES[scope]} = on" if is_read_only else ""
    is_local = "true" if scope == "LOCAL" else "false"
    statement_ms = timeout_ms + GRACE_MS
    return SETTINGS.format(
        scope=scope, is_local=is_local, lock_ms=timeout_ms, statement_ms=statement_ms, read_only=read_only
    )


class Link:
    """Connection in use. `fetch` implements the protocol Fetch."""

    def __init__(self, connection: Any, cipher: FieldCipher | None = None) -> None:  # noqa: ANN401  asyncpg's connection, or the pool's wrapper of it
        self._connection = connection
        self._cipher = cipher
        self._is_running = False

    @property
    def is_closed(self) -> bool:
        """Return whether the connection is closed."""
        closed: bool = self._connection.is_closed()
        return closed

    @property
    def is_broken(self) -> bool:
        """Return whether the connection is closed, or may still run an abandoned statement."""
        return self._is_running or self._connection.is_closed()

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the connection must not be used again: it is broken, or in a transaction."""
        return self.is_broken or self._connection.is_in_transaction()

    async def fetch(self, statement: Statement, /, **values: object) -> Sequence[Row]:
        """Run one of the store's statements, which is prepared once per connection, and return all rows.

        Raises:
            ClaimConflict: a live claim has the time.
            Fault: the database failed.
        """
        query = numbered(statement)
        if query is None:
            return ()
        if self._cipher:
            values = self._cipher.encrypt_values(values)
        self._is_running = True
        try:
            rows: Sequence[Row] = await self._connection.fetch(query.text, *[values[name] for name in query.names])
        except Exception as error:
            raise self._translate(error) from error
        self._is_running = False
        if not rows and statement.takes_time:
            raise claim_conflict()
        return self.decrypted(rows)

    @property
    def cipher(self) -> FieldCipher | None:
        """Encryption of the database's fields; None: none."""
        return self._cipher

    def decrypted(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows whose values may be encrypted."""
        return self._cipher.decrypt_rows(rows) if self._cipher else rows

    async def run_many(self, statement: Statement, sets: Sequence[dict[str, object]], /) -> None:
        """Run one of the store's statements for each set of values, in one round trip.

        Raises:
            ClaimConflict: a live claim has the time of one of them.
            Fault: the database failed.
        """
        query = numbered(statement)
        if query is None or not sets:
            return
        if self._cipher:
            sets = [self._cipher.encrypt_values(values) for values in sets]
        self._is_running = True
        try:
            rows = await self._connection.fetchmany(query.text, [[each[name] for name in query.names] for each in sets])
        except Exception as error:
            raise self._translate(error) from error
        self._is_running = False
        if len(rows) < len(sets) and statement.takes_time:
            raise claim_conflict()

    async def run(self, commands: str) -> str:
        """Run commands without values, and return the status of the last one.

        Raises:
            Fault: the database failed.
        """
        self._is_running = True
        try:
            status: str = await self._connection.execute(commands)
        except Exception as error:
            raise self._translate(error) from error
        self._is_running = False
        return status

    def _translate(self, error: Exception) -> Exception:
        """Return the error to raise for an error of the driver."""
        self._is_running = isinstance(error, TimeoutError)
        if isinstance(error, FAULTS) or self._connection.is_closed():
            return Fault()
        if isinstance(error, asyncpg.ExclusionViolationError) and error.constraint_name == OVERLAP_CONSTRAINT:
            return claim_conflict()
        return error


class Pool:
    """Bounded pool of connections, opened on demand and replaced when broken."""

    def __init__(  # noqa: PLR0913  what the pool consists of
        self,
        address: Address,
        *,
        size: int,
        timeout_ms: int,
        is_read_only: bool = False,
        cipher: FieldCipher | None = None,
        on_connect: Callable[[], None] | None = None,
    ) -> None:
        """Create an empty pool; `on_connect` is called for each new connection, which may lead to another server."""
        self._cipher = cipher
        self._engine = create_async_engine(
            DRIVER,
            async_creator=partial(connect, address, timeout_ms=timeout_ms, is_read_only=is_read_only),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=timeout_ms / 1000,
            pool_use_lifo=True,
        )
        event.listen(self._engine.sync_engine, "checkout", self._refuse_broken)
        if on_connect is not None:
            event.listen(self._engine.sync_engine, "connect", lambda _connection, _record: on_connect())
        self._is_in_doubt = False

    @property
    def in_use(self) -> int:
        """Number of connections in use."""
        pool: Any = self._engine.pool
        count: int = pool.checkedout()
        return count

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """Yield a connection for this caller alone, and close it afterwards if it is in doubt.

        Raises:
            Fault: no connection is available.
        """
        pooled = await self._connected()
        try:
            link = Link((await pooled.get_raw_connection()).driver_connection, self._cipher)
            try:
                yield link
            finally:
                self._is_in_doubt |= link.is_closed
                if link.is_in_doubt:
                    await pooled.invalidate()
        finally:
            await pooled.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _connected(self) -> AsyncConnection:
        try:
            return await self._engine.connect()
        except DBAPIError as error:
            raise Fault from driver_error(error)
        except InvalidRequestError as error:
            # the connection that replaced a broken one is broken, too
            raise Fault from asyncpg.ConnectionDoesNotExistError(str(error))
        except CONNECT_FAULTS as error:
            raise Fault from error

    def _refuse_broken(self, connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401  an adapter
        """Reject a connection that broke while idle, which needs no round trip; the pool makes another one.

        After a connection broke in use, reject all connections that were made before.
        """
        if self._is_in_doubt:
            self._is_in_doubt = False
            raise InvalidatePoolError
        if connection.driver_connection.is_closed():
            raise DisconnectionError
