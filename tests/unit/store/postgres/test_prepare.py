"""Opening a PostgreSQL database: filling it, upgrading it, or rejecting it unchanged."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import DatabaseTooNew, DatabaseUnusable
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.prepare import prepare
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.schema import SCHEMA, SchemaVersions
from support.postgres_databases import Databases, as_user, name_of, user_of
from support.schedules import PROJECT, booking, open_shop
from unit.store.test_prepare import next_schema

FIRST = SchemaVersions(versions=("0001",), migrations=SCHEMA.migrations)
DEFAULT_TIMEOUT_MS = 10_000
PROCESSES = 4


@pytest.fixture
def empty_url(postgres: Databases) -> Iterator[str]:
    """Empty database."""
    url = postgres.create()
    yield url
    postgres.drop(url)


OLD_ROWS = """
INSERT INTO projects
VALUES ('shop', 'Shop', 'UTC', 'en-US', 15, 'clock', 0, 10, 90, 3, '[]', '[]', NULL, '[]', '[]', 'salt'::bytea, 7);
INSERT INTO technicians
VALUES (3, 'shop', 'ana', 'Ana', 'UTC', 1, 'active', '[]', NULL, NULL, NULL,
        '{"shifts":[],"breaks":[],"overrides":[],"time_off":[[1,2,"dentist"]]}', 0, 0);
INSERT INTO claims VALUES ('shop', 'b', 3, 'repair', 60, 120, 0, 0, 'booked', NULL, 0, NULL, 'kim');
INSERT INTO bookings VALUES ('shop', 'b', 'Kim', '+1 303 555 0142', '', '', '', 39.5, -104.25, NULL, 5)
"""


def version(postgres: Databases, url: str) -> list[tuple[str]]:
    return postgres.execute("SELECT version_num FROM alembic_version", url=url)


OPEN = """
import asyncio, sys
from slotmcp.store.postgres.store import PostgresStore

async def main():
    sys.stdin.readline()
    async with PostgresStore.open(sys.argv[1], timeout_ms=60_000) as store:
        print(await store.project_ids())

asyncio.run(main())
"""


async def test_several_processes_can_open_a_new_database_at_once(empty_url: str, postgres: Databases) -> None:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, empty_url, stdin=pipe, stdout=pipe)
        for _ in range(PROCESSES)
    ]
    outputs = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [out for out, _ in outputs] == [b"()\n"] * PROCESSES
    assert version(postgres, empty_url) == [(SCHEMA.newest,)]


async def test_opening_an_up_to_date_database_imports_no_migration_library(postgres_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    program = f"{OPEN}\nprint(sorted({{'alembic', 'mako', 'sqlalchemy', 'sqlmodel'}} & set(sys.modules)))"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, postgres_url, stdin=pipe, stdout=pipe)
    output, _ = await process.communicate(b"\n")
    assert output.splitlines() == [b"()", b"['sqlalchemy']"]


async def test_an_old_database_is_upgraded_with_its_rows(empty_url: str, postgres: Databases) -> None:
    address = Address.of(empty_url)
    await prepare(address, timeout_ms=DEFAULT_TIMEOUT_MS, schema=FIRST)
    for statement in filter(str.strip, OLD_ROWS.split(";")):
        postgres.execute(statement, url=empty_url)
    await prepare(address, timeout_ms=DEFAULT_TIMEOUT_MS)
    async with PostgresStore.open(empty_url) as store:
        (stored,) = await store.bookings("shop")
        assert stored.claim.location == Location(39.5, -104.25)
        assert (stored.status, len(stored.contact_keys)) == (BookingStatus.CONFIRMED, 2)
        (absence,) = (await store.schedule("shop")).technician_schedules["ana"].technician.time_off
        assert (absence.reason, absence.by_operator) == ("dentist", False)
        with pytest.raises(asyncpg.CheckViolationError, match="claims_state"):
            postgres.execute("UPDATE claims SET state = 'unknown', expires_at_ms = 1, hold_token = 't'", url=empty_url)


async def test_an_upgrade_that_fails_leaves_the_database_as_it_was(
    postgres_url: str, postgres: Databases, tmp_path: Path
) -> None:
    for more, error in (
        ("op.execute('INSERT INTO nowhere VALUES (1)')", DatabaseUnusable),
        ("raise ZeroDivisionError", ZeroDivisionError),
    ):
        later = next_schema(tmp_path, more)
        with pytest.raises(error):
            await prepare(Address.of(postgres_url), timeout_ms=DEFAULT_TIMEOUT_MS, schema=later)
        shutil.rmtree(later.migrations)
        assert version(postgres, postgres_url) == [(SCHEMA.newest,)]
    async with PostgresStore.open(postgres_url) as store:
        await open_shop(store)


async def test_a_database_of_a_newer_program_is_rejected_and_unchanged(
    postgres_url: str, postgres: Databases, tmp_path: Path
) -> None:
    await prepare(Address.of(postgres_url), timeout_ms=DEFAULT_TIMEOUT_MS, schema=next_schema(tmp_path))
    with pytest.raises(DatabaseTooNew, match=f"newer slotmcp .* 9999, .* {SCHEMA.newest}") as rejected:
        await prepare(Address.of(postgres_url), timeout_ms=DEFAULT_TIMEOUT_MS)
    assert name_of(postgres_url) in rejected.value.message
    assert version(postgres, postgres_url) == [("9999",)]


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE claims (id int)",
        "CREATE TABLE alembic_version (version_num text)",
    ],
)
async def test_a_database_with_another_programs_tables_is_rejected(
    empty_url: str, postgres: Databases, made: str
) -> None:
    postgres.execute(made, url=empty_url)
    with pytest.raises(DatabaseUnusable, match="another program's tables"):
        await prepare(Address.of(empty_url), timeout_ms=DEFAULT_TIMEOUT_MS)
    assert postgres.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", url=empty_url) == [(1,)]


async def test_a_schema_of_the_search_path_may_be_used_beside_other_programs(
    empty_url: str, postgres: Databases
) -> None:
    postgres.execute("CREATE TABLE another (id int)", url=empty_url)
    url = f"{empty_url}&search_path=slots"
    with pytest.raises(DatabaseUnusable, match="no schema of its search path"):
        await prepare(Address.of(url), timeout_ms=DEFAULT_TIMEOUT_MS)
    postgres.execute("CREATE SCHEMA slots", url=empty_url)
    async with PostgresStore.open(url) as store:
        await open_shop(store)
        await store.write(PROJECT.id, lambda transaction: transaction.add_booking(booking("b")))
    assert postgres.execute("SELECT claim_id FROM slots.bookings", url=empty_url) == [("b",)]


async def test_an_encoding_other_than_utf8_is_rejected(postgres: Databases) -> None:
    postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    url = postgres.url("latin")
    try:
        with pytest.raises(DatabaseUnusable, match=r"LATIN1.*UTF8"):
            await prepare(Address.of(url), timeout_ms=DEFAULT_TIMEOUT_MS)
    finally:
        postgres.drop(url)


async def test_a_user_who_may_not_create_tables_is_rejected(empty_url: str, postgres: Databases) -> None:
    postgres.execute("CREATE ROLE powerless LOGIN")
    try:
        with pytest.raises(DatabaseUnusable, match="does not have the required privileges"):
            await prepare(Address.of(as_user(empty_url, "powerless")), timeout_ms=DEFAULT_TIMEOUT_MS)
    finally:
        postgres.execute("DROP ROLE powerless")


async def test_the_status_describes_the_database(postgres_url: str) -> None:
    secret = as_user(postgres_url, f"{user_of(postgres_url)}:s3cret")
    async with PostgresStore.open(secret, pool_size=4) as store:
        await open_shop(store)
        status = await store.status()
    assert (status.schema_version, status.projects, status.problem) == (SCHEMA.newest, 1, "")
    assert "up to 4 connections" in status.description
    assert f"PostgreSQL {status.server_version}, answers in " in status.description
    assert name_of(postgres_url) in status.description
    assert "s3cret" not in status.description
