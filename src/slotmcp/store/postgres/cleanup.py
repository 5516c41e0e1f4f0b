"""Removal of deleted data from PostgreSQL's tables.

VACUUM frees the space of dead rows, but their bytes stay in the pages until the space is used again. VACUUM FULL writes
a table to a new file, while calls that need the table wait.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from slotmcp.domain.erasure import CleanupReport
from slotmcp.domain.units import BYTES_PER_MB
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import connect

VACUUM_TIMEOUT_MS: Final = 600_000
"""Time limit for the vacuum of one table."""
MAX_REWRITE_BYTES: Final = 200 * BYTES_PER_MB
"""Size up to which a table is written again without a request, because calls wait meanwhile: about two seconds."""

REWRITTEN: Final = (
    "bookings",
    "booking_contacts",
    "claims",
    "waits",
    "wait_contacts",
    "calendar_entries",
    "calendar_parked",
    "calendar_pushes",
)
"""Tables with data of customers."""
TABLES: Final = (*REWRITTEN, "traces")
"""Traces hold only keyed hashes and rounded locations, and may be large."""

FACTS: Final = """
SELECT c.relname, pg_has_role(current_user, c.relowner, 'USAGE'), pg_table_size(c.oid)
FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY($1)
ORDER BY array_position($1, c.relname::text)
"""
"""Query for each table: its name, whether this role may vacuum it, and its size."""

KEPT_ELSEWHERE: Final = (
    "PostgreSQL's write-ahead log and its archive, replicas until they follow, and your own dumps and snapshots"
)


@dataclass(frozen=True, slots=True)
class TableFacts:
    """Name, owner and size of a table."""

    name: str
    is_own: bool
    """True if this role may vacuum it."""
    size: int

    def is_rewritten(self, *, is_thorough: bool) -> bool:
        """Return whether the table is written again."""
        return self.name in REWRITTEN and (is_thorough or self.size <= MAX_REWRITE_BYTES)


async def clean_tables(address: Address, *, timeout_ms: int, is_thorough: bool) -> CleanupReport:
    """Vacuum the tables with data of customers as far as the role may, and write them again unless they are large.

    Through a pooler, a rewrite could not be given a timeout for its lock, so there is none.

    Raises:
        One of the FAULTS.
    """
    connection: Any = await connect(address, timeout_ms=VACUUM_TIMEOUT_MS)
    try:
        if address.statement_cache:
            await connection.execute(f"SET lock_timeout = {timeout_ms}")
        tables = [TableFacts(*row) for row in await connection.fetch(FACTS, list(TABLES))]
        own = [table for table in tables if table.is_own]
        rewritten = {table for table in own if address.statement_cache and table.is_rewritten(is_thorough=is_thorough)}
        large = [table.name for table in own if not await _clean(connection, table, is_rewritten=table in rewritten)]
    finally:
        await connection.close()
    foreign = [table.name for table in tables if not table.is_own]
    return CleanupReport(
        cleaned=(f"{len(own)} tables of {address.shown}",) if own else (),
        remaining=(*_remaining(address, foreign=foreign, large=large), KEPT_ELSEWHERE),
    )


async def _clean(connection: Any, table: TableFacts, *, is_rewritten: bool) -> bool:  # noqa: ANN401  asyncpg's connection
    """Vacuum one table; return False if free space of its pages may still hold data of customers."""
    if is_rewritten:
        try:
            await connection.execute(f"VACUUM FULL {table.name}")
        except asyncpg.LockNotAvailableError:
            pass
        else:
            return True
    await connection.execute(f"VACUUM {table.name}")
    return table.name not in REWRITTEN


def _remaining(address: Address, *, foreign: Iterable[str], large: Iterable[str]) -> Iterable[str]:
    if names := ", ".join(foreign):
        yield f"dead rows in {address.shown}: the owner of the tables has to run `VACUUM FULL {names}`"
    if names := ", ".join(large):
        way = "at a quiet time" if address.statement_cache else "and a URL that does not lead through a pooler"
        yield f"free space of {names} in {address.shown}: run the command again with --thorough {way}"
