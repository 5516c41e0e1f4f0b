"""Inspection of a PostgreSQL database, whose server itself keeps pages and references intact."""

from typing import Final

from slotmcp.store.columns import TABLE_NAMES
from slotmcp.store.inspection import Inspection, find_broken_rules
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import Link, connect
from slotmcp.store.postgres.outages import FAILURES, error_for_operator
from slotmcp.store.postgres.prepare import read_version
from slotmcp.store.schema import SCHEMA, too_old
from slotmcp.store.statement import Fetch, Statement

STATEMENT_TIMEOUT_MS: Final = 3_600_000
"""Time limit of one statement of an inspection."""
BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


async def inspect_server(address: Address, *, timeout_ms: int) -> Inspection:
    """Inspect one state of a database without changing it.

    Raises:
        DatabaseTooNew, DatabaseTooOld, DatabaseUnusable, Unavailable: this program cannot read the database.
    """
    try:
        version = await read_version(address, timeout_ms=timeout_ms)
        if version != SCHEMA.newest:
            raise too_old(address.shown, version or "empty", SCHEMA)
        connection = await connect(address, timeout_ms=STATEMENT_TIMEOUT_MS)
        try:
            link = Link(connection)
            await link.run(BEGIN)
            problems = await find_broken_rules(link.fetch)
            rows = await _count_rows(link.fetch)
        finally:
            await connection.close()
    except FAILURES as error:
        raise error_for_operator(error, address) from error
    return Inspection(place=address.shown, schema_version=version, rows=rows, problems=tuple(problems))


async def _count_rows(fetch: Fetch) -> dict[str, int]:
    """Return the number of rows of each table of the newest schema."""
    counts: dict[str, int] = {}
    for name in TABLE_NAMES:
        ((counts[name],),) = await fetch(Statement(f"SELECT count(*) FROM {name}"))
    return counts
