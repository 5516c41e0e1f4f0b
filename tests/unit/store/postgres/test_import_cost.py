"""The cost of a batch of an import does not grow with the batch in round trips, nor with the project in rows read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Booking
from slotmcp.ports import BookingPages, Transaction
from slotmcp.services.batch_pace import SOLE_BATCH_ROWS
from slotmcp.store.bookings import BOOKING_CLAIMS
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import connect
from slotmcp.store.postgres.statements import numbered
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.values import json_text
from support.postgres_databases import Databases
from support.schedules import PROJECT, booking
from support.shop import at, plan, technician
from support.shop import booking as shop_booking
from support.until import until
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

if TYPE_CHECKING:
    import asyncpg

SHOP = PROJECT.id
BATCH = 100
BATCHES = 12
"""PostgreSQL plans a prepared statement anew five times, then it may keep a plan."""


KEYS = ("phone", "email", "a hash")
TEAM = plan(*(technician(f"t{number}", "00:00-24:00") for number in range(10)))
FEW, MANY = 1_500, 6_000
CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
READ = """
SELECT (SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit) FROM pg_statio_user_tables)::bigint,
       (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)::bigint,
       (SELECT sum(seq_tup_read) FROM pg_stat_user_tables)::bigint
"""
"""Pages, index entries, and rows in sequential scans read so far in the database. Pages in the cache count, too."""


def hours(number: int) -> Iterator[Booking]:
    """Yield bookings of an hour, one after the other for each technician."""
    for each in range(number):
        yield shop_booking(f"b-{each}", f"t{each % 10}", at("00:00") + 60 * (each // 10))


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
    """The largest batch of an import, too, is written by one statement."""
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
    largest = batch_of(BATCHES, size=SOLE_BATCH_ROWS)
    assert await count([replace(each, contact_keys=tuple(f"{each.id}-{key}" for key in KEYS)) for each in largest]) == (
        for_one
    )


class Reads(NamedTuple):
    """Numbers of what a database has read."""

    pages: int
    entries: int
    """Index entries."""
    scanned: int
    """Rows in sequential scans."""

    def since(self, earlier: "Reads") -> "Reads":
        return Reads(*(now - before for now, before in zip(self, earlier, strict=True)))


def reads(postgres: Databases, url: str) -> Reads:
    """Return what a database without open connections has read."""
    # a connection adds its counts when it ends
    until(lambda: postgres.execute(CONNECTIONS, url=url) == [(0,)], "the connections have ended")
    ((pages, entries, scanned),) = postgres.execute(READ, url=url)
    return Reads(pages, entries, scanned)


async def reads_of_import_and_export(postgres: Databases, bookings: int) -> tuple[Reads, Reads]:
    """Import a new project, and read all of its bookings as an export does."""

    async def count(pages: BookingPages) -> int:
        return sum([len(page) async for page in pages])

    with postgres.clone() as url:
        async with PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS) as store:
            plan = replace(TEAM, bookings=tuple(hours(bookings)))
            report = await build_app(store).projects.import_project(plan, prune=False)
            assert len(report.created) > bookings
        imported = reads(postgres, url)
        async with PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS) as store:
            assert await store.scan_bookings(SHOP, count) == bookings
        return imported, reads(postgres, url).since(imported)


async def test_what_an_import_and_an_export_read_grows_with_the_bookings(postgres: Databases) -> None:
    """Nothing that grows is read again for each booking, batch or page, although there are no statistics.

    An export reads each booking, its claim, and its technician.
    """
    few, few_exported = await reads_of_import_and_export(postgres, FEW)
    many, many_exported = await reads_of_import_and_export(postgres, MANY)
    for less, more in ((few, many), (few_exported, many_exported)):
        assert less.pages > FEW
        assert more.pages / less.pages < 1.2 * MANY / FEW
        assert more.entries / less.entries < 1.2 * MANY / FEW
        assert more.entries < 5 * MANY
        assert more.scanned - less.scanned < SOLE_BATCH_ROWS, "a sequential scan of some rows for each batch is allowed"


def test_the_function_parses_each_record_once(postgres: Databases) -> None:
    """PostgreSQL expands `(f(x)).*` to a call of the function for each column, which trebles the time of a claim."""
    with postgres.clone() as url:
        ((source,),) = postgres.execute("SELECT prosrc FROM pg_proc WHERE proname = 'write_group'", url=url)
    assert "jsonb_populate_record(" in source
    assert not re.search(r"\)\s*\)\s*\.\*", source)
