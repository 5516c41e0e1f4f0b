"""The cost of a batch of an import does not grow with the batch in round trips, nor with the project in rows read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slotmcp.domain.booking import Booking
from slotmcp.ports import Transaction
from slotmcp.store.bookings import BOOKING_CLAIMS
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import connect
from slotmcp.store.postgres.statements import numbered
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.values import json_text
from support.schedules import PROJECT, booking
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

if TYPE_CHECKING:
    import asyncpg

SHOP = PROJECT.id
BATCH = 100
BATCHES = 12
"""PostgreSQL plans a prepared statement anew five times, then it may keep a plan."""


def batch_of(number: int, size: int = BATCH) -> list[Booking]:
    """Return one of several batches without overlaps."""
    return [booking(f"b-{number}-{each}", at=60 * (number * BATCH + each)) for each in range(size)]


async def added(store: PostgresStore, bookings: Sequence[Booking]) -> None:
    """Add bookings as an import does."""

    async def unit(transaction: Transaction) -> None:
        assert not await transaction.booking_claims([each.id for each in bookings])
        await transaction.add_bookings(bookings)

    await store.write(SHOP, unit)


async def test_existing_bookings_are_looked_up_by_id_with_a_plan_that_was_made_for_an_empty_table(
    store: PostgresStore, postgres_url: str
) -> None:
    """Statistics follow minutes later, and are off in this server. A plan that filters by id reads every booking."""
    connection = await connect(Address.of(postgres_url), timeout_ms=DEFAULT_TIMEOUT_MS)
    lookup = numbered(BOOKING_CLAIMS)
    assert lookup is not None
    assert set(lookup.names) == {"project_id", "keys"}
    values = {"project_id": SHOP, "keys": json_text(["b-0-0", "missing", f"b-{BATCHES - 1}-1"])}
    arguments = ", ".join(f"'{values[name]}'" for name in lookup.names)
    await connection.execute(f"PREPARE lookup AS {lookup.text}")
    for number in range(BATCHES):
        await connection.fetch(f"EXECUTE lookup({arguments})")
        await added(store, batch_of(number))
    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN (ANALYZE) EXECUTE lookup({arguments})"))
    found = await connection.fetch(f"EXECUTE lookup({arguments})")
    await connection.close()
    assert len(found) == 2
    assert "AND (id = " in plan, plan
    assert "Rows Removed by Filter" not in plan, plan


async def test_a_batch_takes_as_many_round_trips_as_one_booking(store: PostgresStore) -> None:
    queries: list[str] = []

    def log(query: "asyncpg.connection.LoggedQuery") -> None:
        queries.append(query.query)

    async def count(bookings: Sequence[Booking]) -> int:
        queries.clear()
        await added(store, bookings)
        return len(queries)

    await added(store, batch_of(0))
    async with store._writer._pool.link() as link:  # noqa: SLF001  the only connection that was opened
        link._connection.add_query_logger(log)  # noqa: SLF001
    for_one = await count(batch_of(1, size=1))
    assert for_one > 0
    assert await count(batch_of(2)) == for_one
