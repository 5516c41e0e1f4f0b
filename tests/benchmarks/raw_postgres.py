"""The floor of bookings on PostgreSQL: asyncpg, and nothing around it.

Each unit is a transaction of the statements that the store ran for the same booking, with the same values, the lock of
the project first, on a database as it was then. Each statement is prepared once a connection, as asyncpg does it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import asyncpg

from slotmcp.store.postgres.statements import numbered
from slotmcp.store.statement import Statement

Unit = Sequence[tuple[Statement, Mapping[str, object]]]
Calls = Sequence[tuple[str, Sequence[object]]]
"""Statements and values as asyncpg takes them."""


def calls_of(unit: Unit) -> Calls:
    """A unit in PostgreSQL's notation."""
    queries = [(numbered(statement), values) for statement, values in unit]
    return [(query.text, [values[name] for name in query.names]) for query, values in queries if query is not None]


class RawConnections:
    """So many connections, lent to whoever comes first: a pool with nothing to look after."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._size = size
        self._idle: asyncio.LifoQueue[asyncpg.Connection[asyncpg.Record]] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        for _ in range(self._size):
            self._idle.put_nowait(await asyncpg.connect(self._url))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._idle.empty():
            await self._idle.get_nowait().close()

    async def run(self, units: Sequence[Calls]) -> None:
        """Commit the units of one sale, each after the one before: there is no booking of a hold without the hold."""
        for calls in units:
            connection = await self._idle.get()
            async with connection.transaction():
                for text, values in calls:
                    await connection.fetch(text, *values)
            self._idle.put_nowait(connection)
