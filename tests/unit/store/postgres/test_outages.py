"""Stopped servers, broken connections and busy locks on PostgreSQL: errors and recovery."""

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
from support.schedules import PROJECT, booking, hold, ids_of, open_shop, receipt
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

SHOP = PROJECT.id
CALLERS = 60
HASTY_MS = 1_500
UNDER_THE_LOCK = True
"""A unit that may create its project is never decided without the lock."""


async def sell(store: PostgresStore, number: int) -> int:
    """Sell one time with retries; return the number of refusals."""

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
    """Sell many times through several servers, with a disturbance; return the number of refusals."""
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


async def test_a_crash_during_a_rush_loses_and_repeats_no_booking(
    crashing_url: str, postgres_server: PostgresServer
) -> None:
    def restart() -> None:
        postgres_server.stop("immediate")
        postgres_server.start()

    async with PostgresStore.open(crashing_url) as first, PostgresStore.open(crashing_url) as second:
        await open_shop(first)
        await rush([first, second], restart)
        assert [claim.id for claim in await first.bookings(SHOP)] == [f"b-{number}" for number in range(CALLERS)]
        assert (await second.head(SHOP)).revision == CALLERS + 1
        assert (first.connections_in_use, second.connections_in_use) == (0, 0)


async def test_closed_connections_are_replaced(store: PostgresStore, postgres: Databases) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'slotmcp'"
    await rush([store], lambda: postgres.execute(cut))
    assert len(await store.bookings(SHOP)) == CALLERS
    await asyncio.gather(*(store.head(SHOP) for _ in range(10)))
    await asyncio.to_thread(postgres.execute, cut)
    assert (await store.head(SHOP)).revision == CALLERS + 1, "a read is repeated over another connection"
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("next", "ben")))


async def test_a_stopped_server_is_unavailable_until_it_starts_again(
    crashing_url: str, postgres_server: PostgresServer
) -> None:
    async with PostgresStore.open(crashing_url) as store:
        await open_shop(store)
        postgres_server.stop("fast")
        try:
            for call in (
                store.head(SHOP),
                store.schedule(SHOP),
                store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))),
            ):
                with pytest.raises(Unavailable, match="Nothing was done: the database cannot be reached") as rejected:
                    await call
                assert rejected.value.retryable
            with pytest.raises(Unavailable, match=r"cannot be reached at .* port 5432: No such file or directory"):
                async with PostgresStore.open(crashing_url):
                    pass
        finally:
            postgres_server.start()
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        assert ids_of(await store.bookings(SHOP)) == ["b"]


async def test_a_commit_whose_answer_is_lost_has_an_unknown_outcome(
    crashing_url: str, proxied_database: tuple[Proxy, str]
) -> None:
    proxy, url = proxied_database
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        proxy.cut_after = b"COMMIT"
        with pytest.raises(Unavailable, match="same idempotency key") as rejected:
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")), create=UNDER_THE_LOCK)
        assert "Nothing was done" not in rejected.value.message
        assert ids_of(await store.bookings(SHOP)) == ["b"], "the commit was executed"
    async with PostgresStore.open(crashing_url) as store:
        assert ids_of(await store.bookings(SHOP)) == ["b"]


async def test_a_transaction_that_did_not_begin_is_repeated_over_another_connection(
    proxied_database: tuple[Proxy, str],
) -> None:
    proxy, url = proxied_database
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        for message in (b"SELECT revision", b"REPEATABLE READ"):
            proxy.cut_after = message
            assert (await store.schedule(SHOP)).revision == (await store.head(SHOP)).revision == 1
            assert proxy.cut_after == b""
        proxy.cut_after = b"BEGIN"
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")), create=UNDER_THE_LOCK)
        assert proxy.cut_after == b""
        assert ids_of(await store.bookings(SHOP)) == ["b"]


async def test_after_a_broken_connection_the_older_ones_are_replaced(proxied_database: tuple[Proxy, str]) -> None:
    proxy, url = proxied_database
    pool = Pool(Address.of(url), size=2, timeout_ms=DEFAULT_TIMEOUT_MS)
    async with pool.link() as idle, pool.link() as used:
        await idle.run("SELECT 1")
        proxy.doom()
        with pytest.raises(Fault):
            await used.run("SELECT 1")
    async with pool.link() as fresh:
        await fresh.run("SELECT 1")
    await pool.close()


async def test_both_callers_get_an_error_if_a_group_breaks_between_their_units(
    proxied_database: tuple[Proxy, str],
) -> None:
    proxy, url = proxied_database
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        proxy.cut_after = b"SAVEPOINT"
        writes = [
            store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")), create=UNDER_THE_LOCK),
            store.write(SHOP, lambda transaction: transaction.add_booking(booking("c", "ben"))),
        ]
        async with asyncio.timeout(30):
            errors = await asyncio.gather(*writes, return_exceptions=True)
        assert proxy.cut_after == b""
        assert [str(error).partition(":")[0] for error in errors] == ["Nothing was done"] * 2
        assert await store.bookings(SHOP) == ()


async def test_a_connection_without_answers_is_closed_after_the_timeout(proxied_database: tuple[Proxy, str]) -> None:
    proxy, url = proxied_database
    async with PostgresStore.open(url, timeout_ms=HASTY_MS) as store:
        await open_shop(store)
        proxy.silence()
        with pytest.raises(Unavailable, match="in time"):
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
        proxy.resume()
        proxy.cut()
        assert (await store.head(SHOP)).revision == 1
        assert store.connections_in_use == 0


async def test_a_server_that_vanishes_loses_its_lock(proxied_database: tuple[Proxy, str], crashing_url: str) -> None:
    """Its connection stays open without any traffic, and a server with a longer timeout gets the lock."""
    proxy, url = proxied_database
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
        assert [sold.claim.id for sold in await patient.bookings(SHOP)] == ["c"]


async def test_a_write_waits_for_a_lock_no_longer_than_its_timeout(
    store: PostgresStore, postgres_url: str, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with PostgresStore.open(postgres_url, timeout_ms=HASTY_MS) as hasty:
        async with session.transaction():
            await session.execute("SELECT 1 FROM projects FOR UPDATE")
            writes = [hasty.write(SHOP, lambda transaction: transaction.add_hold(hold("h"))) for _ in range(20)]
            async with asyncio.timeout(30):
                errors = await asyncio.gather(*writes, return_exceptions=True)
            assert {(type(error), "busy" in str(error)) for error in errors} == {(Unavailable, True)}
            assert (await hasty.schedule(SHOP)).revision == 1, "readers do not wait"
        await hasty.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert (await store.head(SHOP)).revision == 2


async def test_a_read_waits_for_a_lock_no_longer_than_its_timeout(
    store: PostgresStore, postgres_url: str, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    assert (await store.head(SHOP)).revision == 1
    async with PostgresStore.open(postgres_url, timeout_ms=HASTY_MS) as hasty:
        async with session.transaction():
            await session.execute("LOCK TABLE projects IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(Unavailable, match="busy"):
                await hasty.head(SHOP)
        assert (await hasty.head(SHOP)).revision == 1


async def test_a_unit_that_catches_a_database_error_is_not_committed(
    store: PostgresStore,
) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        with pytest.raises(asyncpg.CheckViolationError):
            await transaction.add_booking(booking("c", "ben", minutes=0))

    async def catching_at_the_end(transaction: Transaction) -> None:
        await transaction.add_receipt(receipt())
        with pytest.raises(asyncpg.CheckViolationError):
            await transaction.add_booking(booking("c", "ben", minutes=0))

    for failing in (unit, catching_at_the_end):
        with pytest.raises(Unavailable):
            await store.write(SHOP, failing)
    assert await store.bookings(SHOP) == ()
    assert await store.write(SHOP, lambda transaction: transaction.receipt("book_slot", "local", "key")) is None
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))


async def test_a_claim_written_by_another_program_is_a_conflict(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """The constraint rejects writes without the project's lock."""
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


async def test_cancelled_calls_return_their_connections(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with session.transaction():
        await session.execute("LOCK TABLE projects IN ACCESS EXCLUSIVE MODE")
        reads = [asyncio.create_task(store.head(SHOP)) for _ in range(5)]
        writing = asyncio.create_task(store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))))
        await until_waiting(session, len(reads) + 1)
        for task in (*reads, writing):
            task.cancel()
        ended = await asyncio.gather(*reads, writing, return_exceptions=True)
    assert {type(error) for error in ended} == {asyncio.CancelledError}
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("next", "ben")))
    assert ids_of(await store.bookings(SHOP)) == ["b", "next"], "the unit that had begun was committed"


REFUSED = {
    "no such database": ("postgresql://slotmcp:s3cret@/nowhere?host={host}", "there is no such database"),
    "wrong password": (f"postgresql://{GUARDED}:s3cret@/postgres?host={{host}}", "the password is wrong"),
    "no root certificate": (
        "postgresql://slotmcp:s3cret@localhost/postgres?sslmode=verify-full",
        r"no root certificate was found; add sslrootcert=FILE to the URL, such as .*, or create ~/.postgresql/root.crt",
    ),
    "wrong option": ("postgresql://slotmcp:s3cret@/postgres?host={host}&sslmode=s3cret", "its URL is invalid"),
}


@pytest.mark.parametrize(("url", "message"), REFUSED.values(), ids=REFUSED)
async def test_a_rejected_login_is_explained_without_the_password(
    crashing: Databases, postgres_server: PostgresServer, url: str, message: str
) -> None:
    if not crashing.execute("SELECT 1 FROM pg_roles WHERE rolname = $1", GUARDED):
        crashing.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'right'")
    host = postgres_server.url("x").partition("host=")[2]
    with pytest.raises(DatabaseUnusable, match=message) as rejected:
        async with PostgresStore.open(url.format(host=host)):
            pass
    texts = [str(rejected.value), repr(rejected.value)]
    assert not [text for text in texts if "s3cret" in text]
    assert rejected.value.message.startswith("The database postgresql://")


async def test_an_unreachable_server_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be reached at localhost port 1: no server listens there") as rejected:
        async with PostgresStore.open("postgresql://me:s3cret@localhost:1/x", timeout_ms=DEFAULT_TIMEOUT_MS):
            pass
    assert "s3cret" not in str(rejected.value)


async def test_a_test_write_is_stored_and_does_not_wait_for_another_one(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await store.check_write()
    assert await session.fetchval("SELECT checked_at_ms FROM clock") > 0
    async with session.transaction():
        await session.execute("UPDATE clock SET checked_at_ms = 1")
        await store.check_write()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (
            """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database());
END $$
""",
            "the database is read-only",
        ),
        (
            """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER fail BEFORE UPDATE ON clock EXECUTE FUNCTION fail()
""",
            "the database's server has no space or memory left",
        ),
    ],
)
async def test_a_test_write_tells_why_the_database_cannot_be_written(
    postgres_url: str, session: "asyncpg.Connection[asyncpg.Record]", harm: str, problem: str
) -> None:
    await session.execute(harm)
    async with PostgresStore.open(postgres_url) as store:
        with pytest.raises(Unavailable, match=f"The database cannot be written: {problem}"):
            await store.check_write()
        assert await store.project_ids() == ()
