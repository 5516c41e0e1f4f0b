"""Encryption, re-encryption and decryption of the values that a database already has, in batches.

Each batch is a transaction, so servers can run meanwhile if they have all keys, and a run that was interrupted is
repeated. The salts decide whether a database counts as encrypted: they are encrypted first and decrypted last.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final, Protocol, TypeVar

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store import columns
from slotmcp.store.columns import ENCRYPTED_COLUMNS
from slotmcp.store.connection import connect_writer, execute_with_retry, make_fetch
from slotmcp.store.copying import Database
from slotmcp.store.database_file import translate_faults
from slotmcp.store.encryption import FieldCipher
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import Pool
from slotmcp.store.postgres.outages import FAILURES, error_for_operator
from slotmcp.store.postgres.prepare import UPGRADE_TIMEOUT_MS, read_version
from slotmcp.store.schema import SCHEMA, file_version
from slotmcp.store.sql_store import Query
from slotmcp.store.statement import Fetch, Row, Statement, Table, drive, update

T = TypeVar("T")

BATCH_ROWS: Final = 500
TABLES: Final = (columns.PROJECTS, columns.BOOKINGS, columns.WAITS, columns.CALENDAR_ENTRIES, columns.CALENDAR_PARKED)
"""Tables with encrypted columns, the salts first."""

Convert = Callable[[object], object]
"""Returns what to store instead of a value."""


class RunBatch(Protocol):
    """Runs a query in a write transaction of its own."""

    def __call__(self, query: Query[T], /) -> Awaitable[T]:
        """Run the query and commit it; roll back if it raises."""
        ...


async def encrypt_database(database: Database, cipher: FieldCipher, *, timeout_ms: int) -> int:
    """Encrypt all values with the cipher's first key, and return how many were not; `remove_encryption` undoes it.

    Raises:
        DatabaseUnusable: a value has an unknown key, or the database cannot be used.
        Unavailable: it does not respond.
    """

    def convert(value: object) -> object:
        return value if not value or cipher.is_newest(value) else cipher.encrypt(cipher.decrypt(value))

    return await _convert_database(database, TABLES, convert, timeout_ms)


async def remove_encryption(database: Database, cipher: FieldCipher, *, timeout_ms: int) -> int:
    """Decrypt all values, and return how many were encrypted.

    Raises:
        DatabaseUnusable: a value has an unknown key, or the database cannot be used.
        Unavailable: it does not respond.
    """
    return await _convert_database(database, TABLES[::-1], cipher.decrypt, timeout_ms)


async def _convert_database(database: Database, tables: Sequence[Table], convert: Convert, timeout_ms: int) -> int:
    if isinstance(database, Path) and not database.is_file():
        raise DatabaseUnusable(f"The database {database} cannot be used: there is no such file.")
    opened = _open_server(database, timeout_ms) if isinstance(database, Address) else _open_file(database, timeout_ms)
    async with opened as run_batch:
        return sum([await _convert_table(run_batch, table, convert) for table in tables])


async def _convert_table(run_batch: RunBatch, table: Table, convert: Convert) -> int:
    converter = TableConverter(table, convert)
    has_more = True
    while has_more:
        has_more = await run_batch(converter.convert_batch)
    return converter.converted


class TableConverter:
    """Conversion of one table, in the order of its key."""

    def __init__(self, table: Table, convert: Convert) -> None:
        self._key = table.key
        self._encrypted = tuple(column for column in table.columns if column in ENCRYPTED_COLUMNS)
        self._convert = convert
        self._after: Row = ()
        self.converted = 0
        """Number of values that were converted."""
        key, comparison = ", ".join(table.key), ", ".join(f":{name}" for name in table.key)
        select = f"SELECT {', '.join((*table.key, *self._encrypted))} FROM {table.name}"
        order = f"ORDER BY {key} LIMIT {BATCH_ROWS}"
        self._first = _locking(f"{select} {order}")
        self._next = _locking(f"{select} WHERE ({key}) > ({comparison}) {order}")
        # names of their own, so that the store does not encrypt the values again
        expressions = {name: f":new_{name}" for name in self._encrypted}
        self._update = Statement(update(table, unchanged={*table.columns} - {*self._encrypted}, **expressions))

    async def convert_batch(self, fetch: Fetch) -> bool:
        """Convert the next rows; return whether there may be more."""
        after = dict(zip(self._key, self._after, strict=True)) if self._after else {}
        rows = await fetch(self._next if after else self._first, **after)
        for row in rows:
            key, values = row[: len(self._key)], row[len(self._key) :]
            new = tuple(map(self._convert, values))
            if new != tuple(values):
                self.converted += sum(before is not after for before, after in zip(values, new, strict=True))
                await fetch(self._update, **dict(self._parameters(key, new)))
        self._after = tuple(rows[-1][: len(self._key)]) if rows else ()
        return len(rows) == BATCH_ROWS

    def _parameters(self, key: Row, values: Row) -> Iterator[tuple[str, object]]:
        yield from zip(self._key, key, strict=True)
        yield from ((f"new_{name}", value) for name, value in zip(self._encrypted, values, strict=True))


def _locking(select: str) -> Statement:
    """Return a SELECT that locks its rows. A transaction of SQLite has locked the whole file."""
    return Statement(select, postgres=f"{select} FOR UPDATE")


@asynccontextmanager
async def _open_file(path: Path, timeout_ms: int) -> AsyncIterator[RunBatch]:
    """Yield a function that runs batches on a file. Finally, remove the old values from its write-ahead log."""
    with translate_faults(path), closing(connect_writer(path, timeout_ms=timeout_ms)) as connection:
        if file_version(connection, path, SCHEMA) != SCHEMA.newest:
            raise _outdated(str(path))

        async def run_batch(query: Query[T], /) -> T:
            execute_with_retry(connection, "BEGIN IMMEDIATE", time.monotonic() + timeout_ms / 1000)
            try:
                result = drive(query(make_fetch(connection)))
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
            return result

        yield run_batch
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@asynccontextmanager
async def _open_server(address: Address, timeout_ms: int) -> AsyncIterator[RunBatch]:
    """Yield a function that runs batches on PostgreSQL. Finally, remove the old values from its tables."""
    pool = Pool(address, size=1, timeout_ms=UPGRADE_TIMEOUT_MS)
    try:
        if await read_version(address, timeout_ms=timeout_ms) != SCHEMA.newest:
            raise _outdated(address.shown)

        async def run_batch(query: Query[T], /) -> T:
            async with pool.link() as link:
                await link.run("BEGIN")
                result = await query(link.fetch)
                await link.run("COMMIT")
                return result

        yield run_batch
        async with pool.link() as link:
            await link.run(f"VACUUM {', '.join(table.name for table in TABLES)}")
    except FAILURES as error:
        raise error_for_operator(error, address) from error
    finally:
        await pool.close()


def _outdated(place: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"The database {place} is empty or has an older schema. Start a server first.")
