"""The two ends of a copy: databases of either dialect, opened for reading one state, or for one transaction."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias, cast

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool, StaticPool
from sqlalchemy.util import greenlet_spawn

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.connection import connect_reader, connect_writer
from slotmcp.store.copying import CopyReport, copy_books
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import connect
from slotmcp.store.postgres.outages import FAULTS, drivers_own, told
from slotmcp.store.postgres.pool import DRIVER
from slotmcp.store.postgres.prepare import prepare as prepare_postgres
from slotmcp.store.postgres.prepare import read_version
from slotmcp.store.prepare import named_faults, prepare
from slotmcp.store.schema import SCHEMA, found_version

End: TypeAlias = Path | Address
"""A file of SQLite's, or a database of PostgreSQL's."""

COPY_FAILS: Final[tuple[type[Exception], ...]] = (DBAPIError, *FAULTS)

STATEMENT_MS: Final = 3_600_000
"""A statement of a copy may take so long."""


async def copy_between(source: End, target: End, project_ids: Sequence[str], *, timeout_ms: int) -> CopyReport:
    """Copy projects from one database to another in one transaction there, and check the copy before it is kept.

    The source is only read, and has to be of this version already; the target is made or upgraded first.

    Raises:
        NotFound, InvalidArgument: what was asked cannot be done.
        DatabaseTooNew, DatabaseUnusable, Unavailable: one of them cannot be used.
    """
    await _refuse_old(source, timeout_ms)
    await _prepare(target, timeout_ms)
    try:
        async with _reading(source, timeout_ms) as read, _writing(target, timeout_ms) as written:
            # in a greenlet, a connection to PostgreSQL waits on the event loop, and its caller does not notice
            return await greenlet_spawn(copy_books, read, written, project_ids)
    except COPY_FAILS as error:
        # an error's own words may hold a customer's
        kind = type(drivers_own(error)).__name__
        raise DatabaseUnusable(
            f"The copy from {shown(source)} to {shown(target)} failed ({kind}). Nothing was copied."
        ) from error


async def _refuse_old(source: End, timeout_ms: int) -> None:
    if isinstance(source, Address):
        version = await _version_of(source, timeout_ms)
    else:
        version = await asyncio.to_thread(_version_of_file, source, timeout_ms)
    if version != SCHEMA.newest:
        is_empty = "is empty" if version is None else f"is of an older slotmcp (its schema is {version})"
        raise DatabaseUnusable(
            f"The database {shown(source)} {is_empty}. A copy leaves its source as it is; let `slotmcp doctor` "
            "bring it up to date first."
        )


async def _version_of(address: Address, timeout_ms: int) -> str | None:
    try:
        return await read_version(address, timeout_ms=timeout_ms)
    except FAULTS as error:
        raise told(error, address) from error


def _version_of_file(path: Path, timeout_ms: int) -> str | None:
    if not path.is_file():
        raise DatabaseUnusable(f"The database {path} cannot be used: there is no such file.")
    with named_faults(path), closing(connect_reader(path, timeout_ms=timeout_ms)) as connection:
        return found_version(connection, path, SCHEMA)


async def _prepare(target: End, timeout_ms: int) -> None:
    if isinstance(target, Address):
        await prepare_postgres(target, timeout_ms=timeout_ms)
    else:
        await asyncio.to_thread(prepare, target, timeout_ms=timeout_ms)


def _reading(end: End, timeout_ms: int) -> AbstractAsyncContextManager[Connection]:
    if isinstance(end, Address):
        return _on_server(end, "REPEATABLE READ")
    return _on_file(end, timeout_ms, "BEGIN", is_read=True)


def _writing(end: End, timeout_ms: int) -> AbstractAsyncContextManager[Connection]:
    if isinstance(end, Address):
        return _on_server(end, "READ COMMITTED")
    return _on_file(end, timeout_ms, "BEGIN IMMEDIATE", is_read=False)


@asynccontextmanager
async def _on_server(address: Address, isolation: str) -> AsyncIterator[Connection]:
    """A transaction, committed on leaving in good order."""
    creator = partial(connect, address, timeout_ms=STATEMENT_MS)
    engine = create_async_engine(DRIVER, async_creator=creator, poolclass=NullPool, isolation_level=isolation)
    try:
        async with engine.begin() as connection:
            yield cast("Connection", connection.sync_connection)  # it is there while the transaction is
    finally:
        await engine.dispose()


@asynccontextmanager
async def _on_file(path: Path, timeout_ms: int, begin: str, *, is_read: bool) -> AsyncIterator[Connection]:
    """A transaction, committed on leaving in good order."""
    opened = connect_reader if is_read else connect_writer
    with named_faults(path), closing(opened(path, timeout_ms=timeout_ms)) as plain:
        engine = create_engine("sqlite://", creator=lambda: plain, poolclass=StaticPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(begin)
            yield connection
            connection.exec_driver_sql("COMMIT")


def shown(end: End) -> str:
    """Where it is, without any secret."""
    return end.shown if isinstance(end, Address) else str(end)
