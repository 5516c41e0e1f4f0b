"""Preparing a PostgreSQL database: fill an empty one, upgrade an old one, and reject one of another program."""

from functools import partial
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from slotmcp.domain.errors import DatabaseTooNew, DatabaseUnusable
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import DRIVER, connect
from slotmcp.store.postgres.outages import FAULTS, driver_error, error_for_operator
from slotmcp.store.schema import SCHEMA, Preparation, SchemaVersions, too_old

OLDEST: Final = 130_000
"""Oldest tested server version: 13."""

UPGRADE_TIMEOUT_MS: Final = 600_000
"""Time limit for the lock and for each statement of an upgrade."""

FACTS: Final = """
SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), current_schema(),
       to_regclass('alembic_version') IS NOT NULL, obj_description(to_regclass('alembic_version'), 'pg_class'),
       (SELECT count(*) FROM pg_class AS c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
          AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e'))
"""
VERSION: Final = "SELECT version_num FROM alembic_version"
LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('slotmcp: upgrade', 0))"
STOP_WRITERS: Final = """
DO $$ BEGIN
    IF to_regclass('projects') IS NOT NULL THEN LOCK TABLE projects, alembic_version IN EXCLUSIVE MODE; END IF;
END $$
"""
"""Waits for the transactions that write, and lets new ones wait until the upgrade is committed. Reads continue."""
SLOTMCP_COMMENT: Final = "slotmcp"
"""Comment on the table `alembic_version`, which the first migration sets."""


async def prepare(
    address: Address,
    *,
    timeout_ms: int,
    schema: SchemaVersions = SCHEMA,
    preparation: Preparation = Preparation.UPGRADE,
) -> None:
    """Bring the database to this program's schema, as far as `preparation` allows. A rejected database is unchanged.

    Raises:
        DatabaseTooNew: a newer program wrote the database.
        DatabaseTooOld: an older program wrote it, and `preparation` does not allow to upgrade it.
        DatabaseUnusable: it belongs to another program, or cannot be used.
        Unavailable: it does not respond.
    """
    try:
        version = await read_version(address, timeout_ms=timeout_ms, schema=schema)
        if version == schema.newest:
            return
        if preparation is Preparation.OPEN and version is None:
            raise _unusable(address, "it is empty; `slotmcp import FILE` fills it")
        if preparation is not Preparation.UPGRADE and version is not None:
            raise too_old(address.shown, version, schema)
        await _upgrade(address, schema)
    except FAULTS as error:
        raise error_for_operator(error, address) from error


async def read_version(address: Address, *, timeout_ms: int, schema: SchemaVersions = SCHEMA) -> str | None:
    """Return the version of the database's schema, or None for an empty database.

    Raises:
        DatabaseTooNew, DatabaseUnusable, one of the FAULTS.
    """
    connection = await connect(address, timeout_ms=timeout_ms)
    try:
        facts = await connection.fetchrow(FACTS)
        version = await connection.fetchval(VERSION) if _has_slotmcp_tables(address, tuple(facts or ())) else None
    finally:
        await connection.close()
    return _check_version(address, version, schema)


def _has_slotmcp_tables(address: Address, facts: tuple[Any, ...]) -> bool:
    """Return whether the database has slotmcp's tables; otherwise it is empty."""
    server, encoding, namespace, has_version, mark, tables = facts
    if server < OLDEST:
        raise _unusable(address, "its server is older than PostgreSQL 13")
    if encoding != "UTF8":
        raise _unusable(address, f"its encoding is {encoding}, and names need every alphabet; create one with UTF8")
    if namespace is None:
        raise _unusable(address, "no schema of its search path exists; create one")
    if tables and (not has_version or mark != SLOTMCP_COMMENT):
        raise _unusable(address, "it holds another program's tables; give slotmcp a database of its own")
    return bool(tables)


def _unusable(address: Address, reason: str) -> DatabaseUnusable:
    return DatabaseUnusable(f"The database {address.shown} cannot be used: {reason}.")


def _check_version(address: Address, version: str | None, schema: SchemaVersions) -> str | None:
    if version is not None and version not in schema.versions:
        raise DatabaseTooNew(
            f"The database {address.shown} was written by a newer slotmcp (its schema is {version}, this program "
            f"knows {schema.newest}). Update slotmcp, or choose another database."
        )
    return version


async def _upgrade(address: Address, schema: SchemaVersions) -> None:
    """Run the missing migrations in one transaction. Of several concurrent processes, only one upgrades."""
    creator = partial(connect, address, timeout_ms=UPGRADE_TIMEOUT_MS)
    engine = create_async_engine(DRIVER, async_creator=creator, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(LOCK)
            await connection.exec_driver_sql(STOP_WRITERS)
            await connection.run_sync(_migrate, schema)
    except DBAPIError as error:
        cause = driver_error(error)
        if isinstance(cause, FAULTS):
            raise cause from error
        raise _unusable(address, f"its upgrade failed ({type(cause).__name__})") from error
    finally:
        await engine.dispose()


def _migrate(connection: Connection, schema: SchemaVersions) -> None:
    from alembic import command  # noqa: PLC0415  takes several megabytes, and is rarely needed
    from alembic.config import Config  # noqa: PLC0415  as above

    config = Config()
    config.set_main_option("script_location", str(schema.migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, schema.newest)
