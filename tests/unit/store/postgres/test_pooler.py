"""Stores behind PgBouncer in transaction mode."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import asyncpg
import pytest

from slotmcp.domain.booking import Booking
from slotmcp.domain.errors import SlotmcpError, Unavailable
from slotmcp.ports import ClaimConflict, Unit
from slotmcp.store.copying import copy_everything
from slotmcp.store.encryption import FieldCipher, new_key
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.inspection import inspect_server
from slotmcp.store.postgres.link import GRACE_MS, connect
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.reencryption import encrypt_database, remove_encryption
from slotmcp.store.server_backups import back_up_server, restore_to_server
from support.pgbouncer import pgbouncer
from support.postgres_databases import Databases
from support.schedules import PROJECT, booking, ids_of, open_shop
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

SHOP = PROJECT.id
RUSH = 40
"""Callers of each process."""
TIMES = 8
SETTINGS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_read_only", "jit")
SETTINGS_QUERY = "SELECT " + ", ".join(f"current_setting('{name}')" for name in SETTINGS)


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    with pgbouncer(postgres_url) as url:
        yield url


@pytest.fixture
async def shop(pooled_url: str) -> AsyncIterator[PostgresStore]:
    """Store behind the pooler that contains the shop."""
    async with PostgresStore.open(pooled_url, timeout_ms=DEFAULT_TIMEOUT_MS, statement_cache=False) as store:
        await open_shop(store)
        yield store


async def _take_all(url: str, name: str) -> list[str]:
    async with PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS, statement_cache=False) as store:

        async def take(number: int) -> str:
            new = booking(f"{name}-{number}", at=60 * (number % TIMES))
            try:
                await store.write(SHOP, lambda transaction: transaction.add_booking(new))
            except ClaimConflict:
                return ""
            return new.claim.id

        return [taken for taken in await asyncio.gather(*map(take, range(RUSH))) if taken]


def take_all(url: str, name: str) -> list[str]:
    """Book in a process of its own, and return the ids of the bookings that succeeded."""
    return asyncio.run(_take_all(url, name))


async def test_two_processes_share_two_connections_in_a_rush(shop: PostgresStore, pooled_url: str) -> None:
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as processes:
        running = [loop.run_in_executor(processes, take_all, pooled_url, name) for name in ("a", "b")]
        taken = sorted(chain.from_iterable(await asyncio.gather(*running)))
    assert len(taken) == TIMES
    assert sorted(ids_of(await shop.bookings(SHOP))) == taken


async def test_each_transaction_has_the_settings_and_no_later_one_keeps_them(
    pooled_url: str, postgres_url: str
) -> None:
    """The other client of the pooler gets a connection that a transaction has used."""
    assert postgres_url
    address = Address.of(pooled_url, statement_cache=False)
    connection = await connect(address, timeout_ms=1_000, is_read_only=True)
    other = await asyncpg.connect(pooled_url, statement_cache_size=0)
    unset = tuple(await other.fetchrow(f"{SETTINGS_QUERY}") or ())
    for _ in range(3):
        found = tuple(await connection.fetchrow(SETTINGS_QUERY) or ())
        assert found == ("1s", f"{1_000 + GRACE_MS}ms".replace("2000ms", "2s"), "2s", "on", "off")
    async with other.transaction():
        assert tuple(await other.fetchrow(SETTINGS_QUERY) or ()) == unset
    await other.close()
    await connection.close()


async def test_an_empty_database_is_filled_through_the_pooler(postgres: Databases) -> None:
    url = postgres.create()
    with pgbouncer(url) as pooled:
        async with PostgresStore.open(pooled, timeout_ms=DEFAULT_TIMEOUT_MS, statement_cache=False) as store:
            assert await store.project_ids() == ()
    postgres.drop(url)


@pytest.mark.parametrize(
    ("mode", "round_robin", "problem"), [("transaction", 0, True), ("transaction", 1, True), ("session", 0, False)]
)
async def test_the_state_names_the_setting_that_transaction_mode_needs(
    postgres_url: str, mode: str, round_robin: int, *, problem: bool
) -> None:
    with pgbouncer(postgres_url, mode=mode, round_robin=round_robin, size=10) as url:
        async with PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS, pool_size=2) as store:
            status = await store.status()
    assert ("SLOTMCP_DATABASE_STATEMENT_CACHE=off" in status.problem) == problem


async def test_the_state_has_no_problem_with_the_setting_or_without_a_pooler(
    shop: PostgresStore, postgres_url: str
) -> None:
    async with PostgresStore.open(postgres_url, timeout_ms=DEFAULT_TIMEOUT_MS) as direct:
        assert [(await store.status()).problem for store in (shop, direct)] == ["", ""]


def adding(new: Booking) -> Unit[None]:
    return lambda transaction: transaction.add_booking(new)


async def test_without_the_setting_every_error_names_it(store: PostgresStore, postgres_url: str) -> None:
    """Prepared statements are on the pooler's other connection, and writers get a connection that readers have set."""
    assert await store.project_ids()
    errors: list[str] = []

    async def attempt(call: Awaitable[object]) -> None:
        try:
            await call
        except SlotmcpError as error:
            errors.append(str(error))

    with pgbouncer(postgres_url, size=4, round_robin=0) as url:
        async with PostgresStore.open(url, timeout_ms=DEFAULT_TIMEOUT_MS) as pooled:
            for number in range(10):
                await asyncio.gather(
                    attempt(pooled.write(SHOP, adding(booking(f"b-{number}", at=60 * number)))),
                    attempt(pooled.schedule(SHOP)),
                    attempt(pooled.project_ids()),
                )
    assert errors
    assert [error for error in errors if "SLOTMCP_DATABASE_STATEMENT_CACHE=off" not in error] == []


async def test_a_write_over_a_connection_that_a_reader_has_set_does_nothing(store: PostgresStore) -> None:
    """Such a pooler gives a writer the connection on which a reader has set that it only reads."""
    async with store._writer._pool.link() as link:  # noqa: SLF001  the pooler mixes them by chance
        await link.run("SET SESSION default_transaction_read_only = on")
    with pytest.raises(Unavailable, match=r"Nothing was done: the database is read-only.*STATEMENT_CACHE=off"):
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))


async def test_copies_backups_and_encryption_work_through_the_pooler(
    shop: PostgresStore, pooled_url: str, postgres: Databases, tmp_path: Path
) -> None:
    await shop.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    source = Address.of(pooled_url, statement_cache=False)
    cipher = FieldCipher([new_key()])
    count = await encrypt_database(source, cipher, timeout_ms=DEFAULT_TIMEOUT_MS)
    assert count
    assert await remove_encryption(source, cipher, timeout_ms=DEFAULT_TIMEOUT_MS) == count
    backup = tmp_path / "backup.db"
    await back_up_server(source, backup, overwrite=False, timeout_ms=DEFAULT_TIMEOUT_MS, home=tmp_path / "list")
    for fill in (partial(restore_to_server, backup, now_ms=0), partial(copy_everything, source)):
        url = postgres.create()
        with pgbouncer(url) as pooled:
            target = Address.of(pooled, statement_cache=False)
            await fill(target=target, timeout_ms=DEFAULT_TIMEOUT_MS)
            inspection = await inspect_server(target, timeout_ms=DEFAULT_TIMEOUT_MS)
        postgres.drop(url)
        assert (inspection.problems, inspection.rows["bookings"]) == ((), 1)
