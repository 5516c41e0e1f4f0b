"""Servers that go away, connections that are cut, locks that are not had: what callers are told, and recovery."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from slotmcp.domain.errors import DatabaseUnusable, Unavailable
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import Pool
from slotmcp.store.postgres.outages import Fault
from slotmcp.store.postgres.store import PostgresStore
from support.postgres_databases import Databases
from support.postgres_locks import until_waiting
from support.postgres_server import GUARDED, PostgresServer
from support.proxy import Proxy
from support.schedules import PROJECT, booking, hold, open_shop, receipt
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

SHOP = PROJECT.id
CALLERS = 60
HASTY_MS = 200


async def sell(store: PostgresStore, number: int) -> int:
    """Sell one time, however often it takes; say how often one was told to come back."""

    async def unit(transaction: Transaction) -> None:
        if await transaction.booking(f"b-{number}") is None:
            await transaction.add_booking(booking(f"b-{number}", at=number * 60))

    refusals = 0
    while True:
        try:
            await store.write(SHOP, unit)
        except Unavailable:
            refusals += 1
            await store.head(SHOP) if refusals % 2 else None
        else:
            return refusals


async def rush(stores: list[PostgresStore], disturb: Callable[[], object]) -> int:
    """Sell many times over several servers, disturbed in the middle; say how often somebody was told to come back."""
    sold = asyncio.Event()

    async def first() -> int:
        refusals = await sell(stores[0], 0)
        sold.set()
        return refusals

    async def disturbing() -> int:
        await sold.wait()
        await asyncio.to_thread(disturb)
        return 0

    async def second(number: int) -> int:
        while True:
            try:
                return await sell(stores[number % len(stores)], number)
            except Unavailable:  # of a read
                continue

    async with asyncio.timeout(60):
        return sum(await asyncio.gather(first(), disturbing(), *map(second, range(1, CALLERS))))


async def test_a_server_that_crashes_in_the_middle_of_a_rush_loses_and_doubles_nothing(
    crashing_url: str, postgres_server: PostgresServer
) -> None:
    def restart() -> None:
        postgres_server.stop("immediate")
        postgres_server.start()

    async with PostgresStore.open(crashing_url) as one, PostgresStore.open(crashing_url) as two:
        await open_shop(one)
        await rush([one, two], restart)
        assert [claim.id for claim in await one.bookings(SHOP)] == [f"b-{number}" for number in range(CALLERS)]
        assert (await two.head(SHOP)).revision == CALLERS + 1
        assert (one.connections_in_use, two.connections_in_use) == (0, 0)


async def test_connections_that_are_cut_are_replaced(store: PostgresStore, postgres: Databases) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'slotmcp'"
    await rush([store], lambda: postgres.ask(cut))
    assert len(await store.bookings(SHOP)) == CALLERS
    await asyncio.gather(*(store.head(SHOP) for _ in range(10)))
    await asyncio.to_thread(postgres.ask, cut)
    assert (await store.head(SHOP)).revision == CALLERS + 1, "a read asks again over another connection"
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("next", "ben")))


async def test_a_server_that_is_away_is_said_to_be_and_found_again(
    crashing_url: str, postgres_server: PostgresServer
) -> None:
    async with PostgresStore.open(crashing_url) as store:
        await open_shop(store)
        postgres_server.stop("fast")
        try:
            for asked in (
                store.head(SHOP),
                store.schedule(SHOP),
                store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))),
            ):
                with pytest.raises(Unavailable, match="Nothing was done: the database is away") as refused:
                    await asked
                assert refused.value.retryable
            with pytest.raises(Unavailable, match="away"):
                async with PostgresStore.open(crashing_url):
                    pass
        finally:
            postgres_server.start()
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        assert [one.id for one in await store.bookings(SHOP)] == ["b"]


async def test_a_commit_whose_answer_is_lost_is_said_to_be_in_doubt(crashing_url: str, way: tuple[Proxy, str]) -> None:
    proxy, url = way
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        proxy.cut_after = b"COMMIT"
        with pytest.raises(Unavailable, match="same idempotency key") as refused:
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        assert "Nothing was done" not in refused.value.message
        assert [one.id for one in await store.bookings(SHOP)] == ["b"], "it was done, as it happens"
    async with PostgresStore.open(crashing_url) as store:
        assert [one.id for one in await store.bookings(SHOP)] == ["b"]


async def test_what_was_not_begun_is_asked_again_over_another_connection(way: tuple[Proxy, str]) -> None:
    proxy, url = way
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        for said in (b"SELECT revision", b"REPEATABLE READ"):
            proxy.cut_after = said
            assert (await store.schedule(SHOP)).revision == (await store.head(SHOP)).revision == 1
            assert proxy.cut_after == b""
        proxy.cut_after = b"BEGIN"
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        assert proxy.cut_after == b""
        assert [one.id for one in await store.bookings(SHOP)] == ["b"]


async def test_where_one_connection_broke_the_others_are_not_trusted(way: tuple[Proxy, str]) -> None:
    proxy, url = way
    pool = Pool(Address.of(url), size=2, timeout_ms=DEFAULT_TIMEOUT_MS)
    async with pool.link() as idle, pool.link() as used:
        await idle.run("SELECT 1")
        proxy.doom()
        with pytest.raises(Fault):
            await used.run("SELECT 1")
    async with pool.link() as next_one:
        await next_one.run("SELECT 1")
    await pool.close()


async def test_a_group_that_breaks_between_two_units_answers_both(way: tuple[Proxy, str]) -> None:
    proxy, url = way
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        proxy.cut_after = b"SAVEPOINT"
        writes = [
            store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))),
            store.write(SHOP, lambda transaction: transaction.add_booking(booking("c", "ben"))),
        ]
        async with asyncio.timeout(30):
            told = await asyncio.gather(*writes, return_exceptions=True)
        assert proxy.cut_after == b""
        assert [str(one).partition(":")[0] for one in told] == ["Nothing was done"] * 2
        assert await store.bookings(SHOP) == ()


async def test_a_connection_that_falls_silent_is_given_up(way: tuple[Proxy, str]) -> None:
    proxy, url = way
    async with PostgresStore.open(url, timeout_ms=HASTY_MS) as store:
        await open_shop(store)
        proxy.silence()
        with pytest.raises(Unavailable, match="in time"):
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        proxy.resume()
        proxy.cut()
        assert (await store.head(SHOP)).revision == 1
        assert store.connections_in_use == 0


async def test_a_server_that_is_not_heard_of_any_more_loses_its_lock(way: tuple[Proxy, str], crashing_url: str) -> None:
    """Others, who wait for it patiently, get it: its end of the connection is open, and nothing comes through it."""
    proxy, url = way
    locked = asyncio.Event()

    async def unit(transaction: Transaction) -> None:
        proxy.abandon()
        locked.set()
        await transaction.add_booking(booking("b"))

    async with (
        PostgresStore.open(url, timeout_ms=HASTY_MS) as lost,
        PostgresStore.open(crashing_url, timeout_ms=DEFAULT_TIMEOUT_MS) as patient,
    ):
        await open_shop(patient)
        writing = asyncio.create_task(lost.write(SHOP, unit))
        await locked.wait()
        await patient.write(SHOP, lambda transaction: transaction.add_booking(booking("c", "ben")))
        with pytest.raises(Unavailable):
            await writing
        assert [one.claim.id for one in await patient.bookings(SHOP)] == ["c"]


async def test_a_lock_that_somebody_else_keeps_is_waited_for_no_longer_than_asked(
    store: PostgresStore, postgres_url: str, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with PostgresStore.open(postgres_url, timeout_ms=HASTY_MS) as hasty:
        async with session.transaction():
            await session.execute("SELECT 1 FROM projects FOR UPDATE")
            writes = [hasty.write(SHOP, lambda transaction: transaction.add_hold(hold("h"))) for _ in range(20)]
            async with asyncio.timeout(30):
                told = await asyncio.gather(*writes, return_exceptions=True)
            assert {(type(one), "busy" in str(one)) for one in told} == {(Unavailable, True)}
            assert (await hasty.schedule(SHOP)).revision == 1, "readers wait for nobody"
        await hasty.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert (await store.head(SHOP)).revision == 2


async def test_what_keeps_readers_out_is_waited_for_no_longer_than_asked(
    store: PostgresStore, postgres_url: str, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    assert (await store.head(SHOP)).revision == 1
    async with PostgresStore.open(postgres_url, timeout_ms=HASTY_MS) as hasty:
        async with session.transaction():
            await session.execute("LOCK TABLE projects IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Unavailable, match="busy"):
                await hasty.head(SHOP)
        assert (await hasty.head(SHOP)).revision == 1


async def test_a_unit_that_keeps_silent_about_an_error_of_the_database_is_not_said_to_be_done(
    store: PostgresStore,
) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        with pytest.raises(asyncpg.CheckViolationError):
            await transaction.add_booking(booking("c", "ben", minutes=0))

    async def silent_to_the_end(transaction: Transaction) -> None:
        await transaction.add_receipt(receipt())
        with pytest.raises(asyncpg.CheckViolationError):
            await transaction.add_booking(booking("c", "ben", minutes=0))

    for each in (unit, silent_to_the_end):
        with pytest.raises(Unavailable):
            await store.write(SHOP, each)
    assert await store.bookings(SHOP) == ()
    assert await store.write(SHOP, lambda transaction: transaction.receipt("book_slot", "local", "key")) is None
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))


async def test_a_claim_that_comes_by_another_way_is_still_a_conflict(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Somebody who writes without the project's lock is stopped by the constraint."""
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    copied = (
        "INSERT INTO claims SELECT project_id, 'c', technician_number, service_id, start_minute + $1, end_minute + $1, "
        "0, 0, $2, expires_at_ms, technician_chosen, hold_token, customer_pseudonym, latitude, longitude FROM claims"
    )
    with pytest.raises(asyncpg.ExclusionViolationError, match="claims_never_overlap"):
        await session.execute(copied, 59, "booked")
    await session.execute(copied, 59, "cancelled")
    with pytest.raises(asyncpg.ExclusionViolationError, match="claims_never_overlap"):
        await session.execute("UPDATE claims SET state = 'booked' WHERE id = 'c'")
    await session.execute("UPDATE claims SET state = 'booked', start_minute = start_minute + 1, end_minute = "
                          "end_minute + 1 WHERE id = 'c'")  # fmt: skip
    with pytest.raises(ClaimConflict):
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", at=120)))


async def test_a_caller_who_leaves_takes_no_connection_along(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with session.transaction():
        await session.execute("LOCK TABLE projects IN ACCESS EXCLUSIVE MODE")
        asked = [asyncio.create_task(store.head(SHOP)) for _ in range(5)]
        writing = asyncio.create_task(store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))))
        await until_waiting(session, len(asked) + 1)
        for task in (*asked, writing):
            task.cancel()
        ended = await asyncio.gather(*asked, writing, return_exceptions=True)
    assert {type(one) for one in ended} == {asyncio.CancelledError}
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("next", "ben")))
    assert [one.id for one in await store.bookings(SHOP)] == ["b", "next"], "what was begun came to its end"


REFUSED = {
    "no such database": ("postgresql://slotmcp:s3cret@/nowhere?host={host}", "there is no such database"),
    "wrong password": (f"postgresql://{GUARDED}:s3cret@/postgres?host={{host}}", "the password is wrong"),
    "wrong option": ("postgresql://slotmcp:s3cret@/postgres?host={host}&sslmode=s3cret", "its URL is not understood"),
}


@pytest.mark.parametrize(("url", "told"), REFUSED.values(), ids=REFUSED)
async def test_who_may_not_in_is_told_why_without_the_password(
    crashing: Databases, postgres_server: PostgresServer, url: str, told: str
) -> None:
    if not crashing.ask("SELECT 1 FROM pg_roles WHERE rolname = $1", GUARDED):
        crashing.ask(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'right'")
    host = postgres_server.url("x").partition("host=")[2]
    with pytest.raises(DatabaseUnusable, match=told) as refused:
        async with PostgresStore.open(url.format(host=host)):
            pass
    said = [str(refused.value), repr(refused.value)]
    assert not [one for one in said if "s3cret" in one]
    assert refused.value.message.startswith("The database postgresql://")


async def test_where_nobody_listens_one_is_told_to_come_back() -> None:
    with pytest.raises(Unavailable, match="the database is away") as refused:
        async with PostgresStore.open("postgresql://me:s3cret@localhost:1/x", timeout_ms=DEFAULT_TIMEOUT_MS):
            pass
    assert "s3cret" not in str(refused.value)
