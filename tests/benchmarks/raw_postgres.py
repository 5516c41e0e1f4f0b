"""Floor of bookings on PostgreSQL: asyncpg alone.

Each unit is a transaction with the store's statements and values for the same booking, on a copy of the same database.
It takes the project's lock first. As usual in asyncpg, each connection prepares each statement once.
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
"""Statements and values in asyncpg's form."""


def calls_of(unit: Unit) -> Calls:
    """Return the queries of a unit in PostgreSQL's notation."""
    queries = [(numbered(statement), values) for statement, values in unit]
    return [(query.text, [values[name] for name in query.names]) for query, values in queries if query is not None]


class RawConnections:
    """Minimal connection pool without checks."""

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
        """Commit the units of one booking in order, because the booking of a hold needs the hold."""
        for calls in units:
            connection = await self._idle.get()
            async with connection.transaction():
                for text, values in calls:
                    await connection.fetch(text, *values)
            self._idle.put_nowait(connection)
