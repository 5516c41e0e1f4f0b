"""On PostgreSQL, too, the migrations lead to the tables, and the statements run on them."""

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

from slotmcp.store import (
    booking_statements,
    calendar_statements,
    statements,
    tables,
    trace_statements,
    waitlist_statements,
)
from slotmcp.store.postgres import statements as own
from slotmcp.store.postgres.link import STATEMENTS_PREPARED
from slotmcp.store.postgres.notation import DONE_BEFORE, numbered
from support.postgres_databases import Databases

MODULES = (statements, booking_statements, calendar_statements, trace_statements, waitlist_statements, own)
STATEMENTS = {
    f"{module.__name__}.{name}": text
    for module in MODULES
    for name, text in vars(module).items()
    if name.isupper() and numbered(text).text != DONE_BEFORE
}
SMALL = {"PROJECT_IDS", "REVISIONS", "CALENDAR_PROJECTS"}
"""What reads all projects."""

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
    """A database as the migrations make it."""
    with postgres.clone() as url:
        yield url


@pytest.fixture
async def session(made_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A plain connection to it."""
    connection = await asyncpg.connect(made_url)
    await connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    yield connection
    await connection.close()


def engine(url: str) -> AsyncEngine:
    async def connect() -> Any:  # noqa: ANN401  asyncpg's connection
        return await asyncpg.connect(url)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.METADATA))


async def test_the_migrations_lead_to_the_tables(made_url: str) -> None:
    async with engine(made_url).connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_all_that_is_declared_is_the_tables_to_the_letter(made_url: str, postgres: Databases) -> None:
    model = postgres.create("model")
    try:
        async with engine(model).begin() as connection:
            await connection.run_sync(tables.METADATA.create_all)
        expected = set(postgres.ask(DECLARED, url=model))
    finally:
        postgres.drop(model)
    found = {row for row in postgres.ask(DECLARED, url=made_url) if "alembic_version" not in row[1] + row[2]}
    assert found == expected
    assert [row[1] for row in expected if "EXCLUDE USING gist" in row[2]] == ["claims.claims_never_overlap"]


@pytest.mark.parametrize("name", STATEMENTS)
async def test_each_statement_is_understood_and_reads_no_whole_table(
    session: "asyncpg.Connection[asyncpg.Record]", name: str
) -> None:
    asked = numbered(STATEMENTS[name])
    values = ", ".join(["NULL"] * len(asked.names))
    await session.execute(f"PREPARE asked AS {asked.text}")
    steps = await session.fetch(f"EXPLAIN EXECUTE asked({values})" if values else "EXPLAIN EXECUTE asked")
    plan = "\n".join(row[0] for row in steps)
    scans = re.findall(r"Seq Scan on (\w+)", plan)
    assert scans == [] or name.rpartition(".")[2] in SMALL


def test_a_connection_keeps_all_statements_prepared() -> None:
    assert len(STATEMENTS) < STATEMENTS_PREPARED


def test_a_value_that_is_named_twice_has_one_number() -> None:
    asked = numbered("SELECT :a::bigint + :b - :a")
    assert (asked.text, asked.names) == ("SELECT $1::bigint + $2 - $1", ("a", "b"))
