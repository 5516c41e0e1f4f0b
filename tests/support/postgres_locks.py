"""Waiting until connections of a PostgreSQL server wait for a lock."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (
    SELECT pid FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
"""Reads pg_locks only: pg_stat_activity does not change within a transaction."""


async def until_waiting(session: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    """Return once this many connections of the session's database wait for a lock."""
    async with asyncio.timeout(30):
        while await session.fetchval(WAITING) < count:  # noqa: ASYNC110  the server has no event for it
            await asyncio.sleep(0)
