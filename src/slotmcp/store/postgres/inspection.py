"""Inspection of a PostgreSQL database, whose server itself keeps pages and references intact."""

from slotmcp.store.inspection import Inspection, count_all_rows, find_broken_rules
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import Link, connect
from slotmcp.store.postgres.outages import FAULTS, Fault, error_for_operator
from slotmcp.store.postgres.prepare import read_version
from slotmcp.store.schema import SCHEMA, too_old

STATEMENT_TIMEOUT_MS = 3_600_000
"""Time limit of one statement of an inspection."""
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


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
            rows = await count_all_rows(link.fetch)
        finally:
            await connection.close()
    except FAULTS as error:
        raise error_for_operator(error, address) from error
    except Fault as fault:
        raise error_for_operator(fault.__cause__ or fault, address) from fault
    return Inspection(place=address.shown, schema_version=version, rows=rows, problems=tuple(problems))
