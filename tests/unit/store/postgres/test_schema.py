"""The migrations create the tables on PostgreSQL, and the statements fit them."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from slotmcp.store import tables
from slotmcp.store.postgres.link import MAX_PREPARED_STATEMENTS
from slotmcp.store.postgres.statements import NumberedStatement, numbered
from slotmcp.store.statement import Statement
from support.postgres_databases import Databases
from unit.store.statements import STATEMENTS

QUERIES = {
    name: query
    for name, statement in STATEMENTS.items()
    if not name.startswith("status.") and (query := numbered(statement))
}
READS_ALL = {
    "access.ALL_ACCESS_KEYS",
    "catalog.PROJECT_IDS",
    "catalog.REVISIONS",
    "catalog.FIRST_REVISIONS",
    "calendar.CALENDAR_PROJECTS",
    "encryption.SALTS",
    "erasures.ALL_ERASURES",
    "postgres.statements.DATABASE_FACTS",
    "postgres.statements.HEADS",
    "postgres.statements.FIRST_HEADS",
    "purging.DELETE_OLD_KEYS",
    "purging.OLD_KEYS",
    "sessions.DELETE_SESSIONS",
    "schema_guard.SCHEMA_IN_USE",
    *(name for name in QUERIES if name.startswith("inspection.")),
}
"""Statements that read a small table completely on purpose."""

DECLARED = """
SELECT 'column', c.table_name || '.' || c.column_name,
       concat_ws(' ', c.data_type, c.collation_name, c.is_nullable, c.column_default)
FROM information_schema.columns AS c WHERE c.table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
"""


@pytest.fixture(scope="module")
def made_url(postgres: Databases) -> Iterator[str]:
    """Database that the migrations created."""
    with postgres.clone() as url:
        yield url


@pytest.fixture
async def session(made_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Plain connection to that database."""
    connection = await asyncpg.connect(made_url)
    await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    yield connection
    await connection.close()


def engine(url: str) -> AsyncEngine:
    async def connect() -> Any:  # noqa: ANN401  asyncpg's connection
        return await asyncpg.connect(url)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


async def plan_of(session: "asyncpg.Connection[asyncpg.Record]", query: NumberedStatement) -> str:
    """Return the plan of a statement for values that are not known yet."""
    values = ", ".join(["NULL"] * len(query.names))
    await session.execute(f"PREPARE query AS {query.text}")
    steps = await session.fetch(f"EXPLAIN EXECUTE query({values})" if values else "EXPLAIN EXECUTE query")
    return "\n".join(row[0] for row in steps)


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.METADATA))


async def test_the_migrations_create_the_tables(made_url: str) -> None:
    async with engine(made_url).connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_migrations_declare_exactly_what_the_tables_declare(made_url: str, postgres: Databases) -> None:
    model = postgres.create("model")
    try:
        async with engine(model).begin() as connection:
            await connection.run_sync(tables.METADATA.create_all)
        expected = set(postgres.execute(DECLARED, url=model))
    finally:
        postgres.drop(model)
    declared = {row for row in postgres.execute(DECLARED, url=made_url) if "alembic_version" not in row[1] + row[2]}
    assert declared == expected
    assert [row[1] for row in expected if "EXCLUDE USING gist" in row[2]] == ["claims.claims_never_overlap"]


@pytest.mark.parametrize("name", QUERIES)
async def test_the_schema_accepts_each_statement_and_none_scans_a_table(
    session: "asyncpg.Connection[asyncpg.Record]", name: str
) -> None:
    scans = re.findall(r"Seq Scan on (\w+)", await plan_of(session, QUERIES[name]))
    assert scans == [] or name in READS_ALL


async def test_an_index_finds_the_bookings_of_a_period(session: "asyncpg.Connection[asyncpg.Record]") -> None:
    plan = await plan_of(session, QUERIES["bookings.OVERLAPPING_BOOKINGS"])
    conditions = re.search(r"using claims_live on claims c.*\n\s+Index Cond: (.*)", plan)
    assert conditions, plan
    assert re.findall(r"end_minute (>|<=) ", conditions[1]) == [">", "<="], plan
    assert "using claims_live on claims last" in plan


@pytest.mark.parametrize("name", ["bookings.BOOKINGS_NEEDING_ATTENTION", "bookings.ATTENTION"])
async def test_an_index_finds_the_bookings_that_need_attention(
    session: "asyncpg.Connection[asyncpg.Record]", name: str
) -> None:
    assert "bookings_attention on bookings" in await plan_of(session, QUERIES[name])


@pytest.mark.parametrize("name", ["BOOKINGS_BY", "LATEST_BOOKINGS_BY", "CLAIMS_OF_CUSTOMER", "DELETE_FORMER_CONTACT"])
async def test_an_index_finds_the_bookings_of_a_contact(
    session: "asyncpg.Connection[asyncpg.Record]", name: str
) -> None:
    assert "booking_contacts_by_key" in await plan_of(session, QUERIES[f"bookings.{name}"])


def test_a_connection_keeps_all_statements_prepared() -> None:
    assert len(QUERIES) < MAX_PREPARED_STATEMENTS


def test_a_value_that_is_used_twice_has_one_number() -> None:
    query = numbered(Statement("SELECT :a::bigint + :b - :a"))
    assert query is not None
    assert (query.text, query.names) == ("SELECT $1::bigint + $2 - $1", ("a", "b"))


def test_a_statement_that_another_one_covers_is_not_run() -> None:
    covered = {name for name, statement in STATEMENTS.items() if numbered(statement) is None}
    assert covered == {
        "housekeeping.DELETE_OLD_RECEIPTS",
        "housekeeping.DELETE_OLD_EVENTS",
        "housekeeping.DELETE_OLD_CHANGES",
    }
