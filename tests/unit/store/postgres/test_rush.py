"""Many callers and several servers on one PostgreSQL database."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slotmcp.ports import BookingPages, ClaimConflict, Transaction
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import connect
from slotmcp.store.postgres.statements import HEAD
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.statement import Fetch
from support.postgres_databases import Databases, name_of
from support.postgres_locks import until_waiting
from support.schedules import ANA, PROJECT, booking, open_shop
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

if TYPE_CHECKING:
    import asyncpg

SHOP = PROJECT.id
RUSH = 200
PROJECTS = 30
FAR_AHEAD = 50 * 366 * 1440
"""Minutes from now, which is the database's: schedules do not contain past claims."""


async def test_one_caller_wins_a_rush_on_one_technician_and_all_get_a_result(
    store: PostgresStore, other: PostgresStore
) -> None:
    """Plain inserts into a table with an exclusion constraint would deadlock."""

    async def take(number: int) -> bool:
        try:
            await (store, other)[number % 2].write(
                SHOP, lambda transaction: transaction.add_booking(booking(f"b-{number}", at=number % 60))
            )
        except ClaimConflict:
            return False
        return True

    async with asyncio.timeout(60):
        assert sum(await asyncio.gather(*map(take, range(RUSH)))) == 1


async def test_a_later_revision_is_never_seen_before_an_earlier_one(store: PostgresStore, other: PostgresStore) -> None:
    """Each write adds one claim and moves the revision by one, so the revision gives the number of claims."""

    async def sell(number: int) -> None:
        writer = (store, other)[number % 2]
        sold = booking(f"b-{number}", at=FAR_AHEAD + number * 60)
        await writer.write(SHOP, lambda transaction: transaction.add_booking(sold))

    async def watch(reader: PostgresStore) -> list[int]:
        seen: list[int] = []
        while not seen or seen[-1] < RUSH + 1:
            schedule = await reader.schedule(SHOP)
            assert len(schedule.technician_schedules["ana"].claims) == schedule.revision - 1
            head = await reader.head(SHOP)
            assert head.revision >= schedule.revision
            seen.append(schedule.revision)
        return seen

    async with asyncio.timeout(60):
        watching = asyncio.gather(watch(store), watch(other))
        await asyncio.gather(*map(sell, range(RUSH)))
        for seen in await watching:
            assert seen == sorted(seen)


async def test_all_statements_of_a_snapshot_see_the_same_state(store: PostgresStore) -> None:
    async def question(fetch: Fetch) -> tuple[int, int]:
        ((before, _),) = await fetch(HEAD, project_id=SHOP)
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        ((after, _),) = await fetch(HEAD, project_id=SHOP)
        return before, after

    assert await store._pages.run_in_snapshot(question) == (1, 1)  # noqa: SLF001  between two statements of a read
    assert (await store.head(SHOP)).revision == 2


async def test_long_reads_leave_connections_for_other_calls(postgres_url: str) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def read(_pages: BookingPages) -> None:
        began.set()
        await may_end.wait()

    async with PostgresStore.open(postgres_url, pool_size=4) as store, asyncio.TaskGroup() as reading:
        await open_shop(store)
        for _ in range(4):
            reading.create_task(store.scan_bookings(SHOP, read))
        await began.wait()
        assert (await store.schedule(SHOP)).project.id == SHOP
        may_end.set()


async def test_two_servers_that_create_a_project_at_once_create_it_once(postgres_url: str) -> None:
    async def create(store: PostgresStore, project_id: str, together: asyncio.Barrier) -> str:
        async def unit(transaction: Transaction) -> str:
            await transaction.save_project(replace(PROJECT, id=project_id))
            await transaction.save_technicians([ANA])
            return transaction.pseudonym("kim")

        await together.wait()
        return await store.write(project_id, unit, create=True)

    async with PostgresStore.open(postgres_url) as first, PostgresStore.open(postgres_url) as second:
        for number in range(10):
            project_id, together = f"p-{number}", asyncio.Barrier(2)
            pseudonyms = await asyncio.gather(*(create(store, project_id, together) for store in (first, second)))
            assert len(set(pseudonyms)) == 1, "one salt"
            assert (await first.head(project_id)).revision == 1


async def test_many_projects_share_a_few_connections(postgres_url: str, postgres: Databases) -> None:
    async def trade(store: PostgresStore, number: int) -> int:
        project_id = f"p-{number:02}"

        async def unit(transaction: Transaction) -> None:
            await transaction.save_project(replace(PROJECT, id=project_id))
            await transaction.save_technicians([ANA])

        await store.write(project_id, unit, create=True)
        await store.write(project_id, lambda transaction: transaction.add_booking(booking("b")))
        return (await store.schedule(project_id)).revision

    async with (
        asyncio.timeout(60),
        PostgresStore.open(postgres_url, timeout_ms=DEFAULT_TIMEOUT_MS, pool_size=2) as store,
    ):
        revisions = await asyncio.gather(*(trade(store, number) for number in range(PROJECTS)))
        assert list(await store.heads()) == [f"p-{number:02}" for number in range(PROJECTS)]
        connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'slotmcp'"
        assert postgres.execute(connected, postgres_url.rpartition("/")[2].partition("?")[0])[0][0] <= 2
    assert revisions == [2] * PROJECTS


async def test_the_time_is_the_databases_when_the_lock_is_granted(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    clock = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"

    async def unit(transaction: Transaction) -> int:
        return transaction.now_ms

    before = await session.fetchval(clock)
    assert before <= (await store.head(SHOP)).now_ms <= await session.fetchval(clock)
    assert before <= (await store.heads())[SHOP].now_ms <= await session.fetchval(clock)
    async with session.transaction():
        await session.execute("SELECT 1 FROM projects FOR UPDATE")
        writing = asyncio.create_task(store.write(SHOP, unit))
        await until_waiting(session, 1)
        await session.execute("SELECT pg_sleep(0.05)")
        released = await session.fetchval(clock)
    assert released <= await writing <= await session.fetchval(clock)


async def test_a_unit_that_awaits_something_else_under_the_lock_is_stopped(store: PostgresStore) -> None:
    async def unit(transaction: Transaction) -> None:
        await asyncio.gather(transaction.schedule(), transaction.lapse_holds())

    with pytest.raises(RuntimeError, match="transaction's methods"):
        await store.write(SHOP, unit)
    await open_shop(store)


@pytest.mark.parametrize(("configured", "expected"), [("off", "on"), ("on", "on"), ("remote_apply", "remote_apply")])
async def test_a_commit_waits_for_the_disk_even_if_the_server_is_configured_not_to(
    postgres_url: str, postgres: Databases, configured: str, expected: str
) -> None:
    postgres.execute(f'ALTER DATABASE "{name_of(postgres_url)}" SET synchronous_commit = {configured}')
    connection = await connect(Address.of(postgres_url), timeout_ms=DEFAULT_TIMEOUT_MS)
    assert await connection.fetchval("SHOW synchronous_commit") == expected
    await connection.close()
