"""Seeing on a server that somebody waits for a lock: it tells nobody by itself."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (
    SELECT pid FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
"""Of locks alone: what pg_stat_activity tells stands still within a transaction."""


async def until_waiting(session: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    """Return when so many connections of the session's database wait for a lock."""
    async with asyncio.timeout(30):
        while await session.fetchval(WAITING) < count:  # noqa: ASYNC110  the server has no event for it
            await asyncio.sleep(0)
