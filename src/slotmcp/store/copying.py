"""Checked copy from one database to another, on SQLite or PostgreSQL: of projects, or of everything.

Access keys for all projects are not copied with projects, because they would also open the target's other projects.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import Column, Connection, Select, Table, create_engine, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool, StaticPool
from sqlalchemy.util import greenlet_spawn

from slotmcp.domain.errors import DatabaseUnusable, InvalidArgument, NotFound
from slotmcp.store.connection import connect_reader, connect_writer
from slotmcp.store.database_file import translate_faults
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import DRIVER, connect
from slotmcp.store.postgres.outages import FAULTS, driver_error, error_for_caller
from slotmcp.store.postgres.prepare import prepare as prepare_postgres
from slotmcp.store.postgres.prepare import read_version
from slotmcp.store.prepare import prepare
from slotmcp.store.schema import SCHEMA, file_version, too_old
from slotmcp.store.tables import METADATA

BATCH_ROWS: Final = 1_000
"""Rows that are read and written at a time."""

STATEMENT_TIMEOUT_MS: Final = 3_600_000
"""Time limit of one statement of a copy."""

PROJECTS: Final = METADATA.tables["projects"]
TECHNICIANS: Final = METADATA.tables["technicians"]
ASSIGNED_COLUMNS: Final = {("technicians", "number"), ("waits", "number")}
"""Columns whose numbers the target assigns. The order of waitlist entries stays the same."""

SKIPPED_TABLES: Final = {"clock", "dashboard_sessions", "maintenance", "postal_code_locations"}
"""The clock of an SQLite file, periodic tasks, sessions of operators, who log in again, and cached locations."""

COPIED_TABLES: Final = [table for table in METADATA.sorted_tables if table.name not in SKIPPED_TABLES]

OWNER_COLUMN: Final = "technician_number"
"""Column that is copied as the technician's id."""

COPY_FAULTS: Final[tuple[type[Exception], ...]] = (DBAPIError, *FAULTS)

Database: TypeAlias = Path | Address
"""File of SQLite, or database of PostgreSQL."""

Owners: TypeAlias = tuple[str | None, ...]
"""Projects whose rows are copied; None: the rows that belong to no project."""

Choose: TypeAlias = Callable[[Connection, Connection], Owners]
"""Returns what to copy from the source to the target."""

Values: TypeAlias = dict[str, Any]
"""Values of one row by column."""


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """Rows of one table that were copied."""

    name: str
    rows: int
    digest: str
    """SHA-256 of all rows in order, in hex; equal in source and target."""


@dataclass(frozen=True, slots=True)
class CopyReport:
    """Projects and tables that were copied."""

    project_ids: tuple[str, ...]
    tables: tuple[CopiedTable, ...]


async def copy_between(
    source: Database, target: Database, project_ids: Sequence[str], *, timeout_ms: int
) -> CopyReport:
    """Copy projects, or all projects if none is named, in one transaction of the target that is checked.

    The source is only read, and must have the newest schema. The target is created or upgraded first.

    Raises:
        NotFound, InvalidArgument: the request cannot be fulfilled.
        DatabaseTooNew, DatabaseUnusable, Unavailable: one of the databases cannot be used.
    """
    return await _copy_between(source, target, lambda read, written: _choose(read, written, project_ids), timeout_ms)


async def copy_everything(source: Database, target: Database, *, timeout_ms: int) -> CopyReport:
    """Copy everything into an empty database, in one transaction of the target that is checked.

    Raises:
        DatabaseTooNew, DatabaseUnusable, Unavailable: one of the databases cannot be used; the target may hold data.
    """
    return await _copy_between(source, target, partial(_choose_all, target), timeout_ms)


async def _copy_between(source: Database, target: Database, choose: Choose, timeout_ms: int) -> CopyReport:
    await _check_is_newest(source, timeout_ms)
    await _prepare(target, timeout_ms)
    try:
        async with _open_source(source, timeout_ms) as read, _open_target(target, timeout_ms) as written:
            # the greenlet lets synchronous code wait for asyncpg on the event loop
            return await greenlet_spawn(_copy, read, written, choose)
    except COPY_FAULTS as error:
        # the error's message may contain customer data
        kind = type(driver_error(error)).__name__
        raise DatabaseUnusable(
            f"The copy from {_describe(source)} to {_describe(target)} failed ({kind}). Nothing was copied."
        ) from error


def _copy(source: Connection, target: Connection, choose: Choose) -> CopyReport:
    """Copy the chosen owners' rows, and check the copy.

    The caller begins and ends a transaction on both connections. That of the source sees one state.

    Raises:
        NotFound, InvalidArgument: the request cannot be fulfilled.
        DatabaseUnusable: the copy differs from the original.
    """
    owners = choose(source, target)
    copied = [_copy_table(source, target, table, owners) for table in COPIED_TABLES]
    for table, original in zip(COPIED_TABLES, copied, strict=True):
        if _summarize(target, table, owners) != original:
            raise DatabaseUnusable(f"The copy differs from the original in {table.name}. Nothing was copied.")
    return CopyReport(tuple(filter(None, owners)), tuple(copied))


def _choose(source: Connection, target: Connection, requested: Sequence[str]) -> Owners:
    """Return the requested projects of the source, or all of them.

    Raises:
        NotFound: the source does not have one of the projects.
        InvalidArgument: the source has no project, or the target has one of them.
    """
    available = _read_project_ids(source)
    if not available:
        raise InvalidArgument("--from", "holds no project; there is nothing to copy.")
    for project_id in requested:
        if project_id not in available:
            raise NotFound.among("--project", "project", project_id, available)
    wanted = tuple(dict.fromkeys(requested)) or tuple(available)
    if known := sorted({*_read_project_ids(target)} & {*wanted}):
        raise InvalidArgument("--to", f"already has {', '.join(known)}, and projects cannot be merged.")
    return wanted


def _choose_all(place: Database, source: Connection, target: Connection) -> Owners:
    """Return all projects of the source, and None for the rows without a project.

    Raises:
        DatabaseUnusable: the target is not empty.
    """
    for table in COPIED_TABLES:
        if target.execute(select(table).limit(1)).first() is not None:
            raise DatabaseUnusable(f"The database {_describe(place)} has data already. Name a new, empty database.")
    return (*_read_project_ids(source), None)


def _read_project_ids(connection: Connection) -> list[str]:
    return list(connection.scalars(select(PROJECTS.c.id).order_by(PROJECTS.c.id)))


def _copy_table(source: Connection, target: Connection, table: Table, owners: Owners) -> CopiedTable:
    digest = RowDigest(table.name)
    for owner in owners:
        numbers = _read_technician_numbers(target, owner) if owner and OWNER_COLUMN in table.columns else {}
        for rows in _read(source, table, owner):
            digest.add(rows)
            target.execute(
                insert(table), [{**row, OWNER_COLUMN: numbers[row[OWNER_COLUMN]]} if numbers else row for row in rows]
            )
    return digest.total


def _summarize(target: Connection, table: Table, owners: Owners) -> CopiedTable:
    digest = RowDigest(table.name)
    for owner in owners:
        for rows in _read(target, table, owner):
            digest.add(rows)
    return digest.total


def _read(connection: Connection, table: Table, owner: str | None) -> Iterator[list[Values]]:
    """Yield an owner's rows of a table in batches, in an order that is the same in every database."""
    selected = _select(table, owner)
    if selected is None:
        return
    result = connection.execute(selected.execution_options(yield_per=BATCH_ROWS))
    for rows in result.mappings().partitions():
        yield [dict(row) for row in rows]


def _select(table: Table, owner: str | None) -> Select[Any] | None:
    """Return the query of an owner's rows, or None if a table cannot have any."""
    copied = [column for column in table.columns if (table.name, column.name) not in ASSIGNED_COLUMNS]
    if OWNER_COLUMN in table.columns:
        return None if owner is None else _select_by_technician(table, copied, owner)
    rows = select(*copied).order_by(*_order_columns(table))
    project = PROJECTS.c.id if table is PROJECTS else table.columns.get("project_id")
    if project is None:
        return rows if owner is None else None
    return rows.where(project == owner)  # for None, this compares with IS NULL


def _select_by_technician(table: Table, copied: Sequence[Column[Any]], project_id: str) -> Select[Any]:
    columns = [TECHNICIANS.c.id.label(OWNER_COLUMN) if column.name == OWNER_COLUMN else column for column in copied]
    joined = table.join(TECHNICIANS, table.c[OWNER_COLUMN] == TECHNICIANS.c.number)
    order = [TECHNICIANS.c.id, *(column for column in _order_columns(table) if column.name != OWNER_COLUMN)]
    return select(*columns).select_from(joined).where(TECHNICIANS.c.project_id == project_id).order_by(*order)


def _order_columns(table: Table) -> list[Any]:
    return [TECHNICIANS.c.id] if table is TECHNICIANS else list(table.primary_key.columns)


def _read_technician_numbers(target: Connection, project_id: str) -> dict[str, int]:
    """Return the numbers that the target assigned to a project's technicians, by id."""
    technicians = select(TECHNICIANS).where(TECHNICIANS.c.project_id == project_id)
    return {row["id"]: row["number"] for row in target.execute(technicians).mappings()}


class RowDigest:
    """Row count and digest of one table."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = 0
        self._digest = hashlib.sha256()

    def add(self, rows: Sequence[Values]) -> None:
        """Count a batch of rows and add it to the digest."""
        self._rows += len(rows)
        for row in rows:
            self._digest.update(repr(sorted(row.items())).encode())

    @property
    def total(self) -> CopiedTable:
        """Count and digest of all rows added so far."""
        return CopiedTable(self._name, self._rows, self._digest.hexdigest())


async def _check_is_newest(source: Database, timeout_ms: int) -> None:
    if isinstance(source, Address):
        version = await _read_server_version(source, timeout_ms)
    else:
        version = await asyncio.to_thread(_read_file_version, source, timeout_ms)
    if version != SCHEMA.newest:
        if version is not None:
            raise too_old(_describe(source), version, SCHEMA)
        raise DatabaseUnusable(f"The database {_describe(source)} is empty. There is nothing to copy.")


async def _read_server_version(address: Address, timeout_ms: int) -> str | None:
    try:
        return await read_version(address, timeout_ms=timeout_ms)
    except FAULTS as error:
        raise error_for_caller(error, address) from error


def _read_file_version(path: Path, timeout_ms: int) -> str | None:
    if not path.is_file():
        raise DatabaseUnusable(f"The database {path} cannot be used: there is no such file.")
    with translate_faults(path), closing(connect_reader(path, timeout_ms=timeout_ms)) as connection:
        return file_version(connection, path, SCHEMA)


async def _prepare(target: Database, timeout_ms: int) -> None:
    if isinstance(target, Address):
        await prepare_postgres(target, timeout_ms=timeout_ms)
    else:
        await asyncio.to_thread(prepare, target, timeout_ms=timeout_ms)


def _open_source(database: Database, timeout_ms: int) -> AbstractAsyncContextManager[Connection]:
    if isinstance(database, Address):
        return _begin_on_server(database, "REPEATABLE READ")
    return _begin_on_file(database, timeout_ms, "BEGIN", is_read=True)


def _open_target(database: Database, timeout_ms: int) -> AbstractAsyncContextManager[Connection]:
    if isinstance(database, Address):
        return _begin_on_server(database, "READ COMMITTED")
    return _begin_on_file(database, timeout_ms, "BEGIN IMMEDIATE", is_read=False)


@asynccontextmanager
async def _begin_on_server(address: Address, isolation: str) -> AsyncIterator[Connection]:
    """Open a transaction on PostgreSQL, which is committed unless the block raises."""
    creator = partial(connect, address, timeout_ms=STATEMENT_TIMEOUT_MS)
    engine = create_async_engine(DRIVER, async_creator=creator, poolclass=NullPool, isolation_level=isolation)
    try:
        async with engine.begin() as connection:
            yield cast("Connection", connection.sync_connection)  # set while the transaction is open
    finally:
        await engine.dispose()


@asynccontextmanager
async def _begin_on_file(path: Path, timeout_ms: int, begin: str, *, is_read: bool) -> AsyncIterator[Connection]:
    """Open a transaction on SQLite, which is committed unless the block raises."""
    open_connection = connect_reader if is_read else connect_writer
    with translate_faults(path), closing(open_connection(path, timeout_ms=timeout_ms)) as plain:
        engine = create_engine("sqlite://", creator=lambda: plain, poolclass=StaticPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(begin)
            yield connection
            connection.exec_driver_sql("COMMIT")


def _describe(database: Database) -> str:
    """Return the database's location without any secret."""
    return database.shown if isinstance(database, Address) else str(database)
