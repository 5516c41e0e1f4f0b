"""Connections through a pooler such as PgBouncer in transaction mode, and the detection of such a pooler.

Each transaction may run over another connection from the pooler to the server. So no setting and no prepared statement
outlives a transaction.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Final

import asyncpg

BACKEND: Final = "SELECT pg_backend_pid()"


class PooledConnection(asyncpg.Connection):
    """Connection on which every statement runs in a transaction, with settings for this transaction only.

    asyncpg sends a statement without a name in two round trips, which have to reach the same server.
    """

    transaction_settings = ""
    """Commands at the beginning of each transaction."""

    async def execute(self, query: str, *args: object, timeout: float | None = None) -> str:  # noqa: ASYNC109  as asyncpg
        """Run commands; set the settings if the first one begins a transaction."""
        if query.startswith("BEGIN"):
            begin, _, rest = query.partition(";")
            query = f"{begin}; {self.transaction_settings}; {rest}"
        status: str = await super().execute(query, *args, timeout=timeout)
        return status

    async def fetch(self, query: str, *args: object) -> list[asyncpg.Record]:  # type: ignore[override]
        """Return the rows of a statement."""
        async with self._in_transaction():
            rows: list[asyncpg.Record] = await super().fetch(query, *args)
        return rows

    async def fetchrow(self, query: str, *args: object) -> asyncpg.Record | None:  # type: ignore[override]
        """Return the first row of a statement."""
        return next(iter(await self.fetch(query, *args)), None)

    async def fetchval(self, query: str, *args: object) -> object:  # type: ignore[override]
        """Return the first value of the first row of a statement."""
        row = await self.fetchrow(query, *args)
        return None if row is None else row[0]

    async def fetchmany(self, query: str, args: Iterable[Sequence[object]]) -> list[asyncpg.Record]:  # type: ignore[override]
        """Return the rows of a statement for several sets of values."""
        async with self._in_transaction():
            rows: list[asyncpg.Record] = await super().fetchmany(query, args)
        return rows

    async def prepare(self, query: str, *, name: str | None = None) -> object:  # type: ignore[override]
        """Prepare a statement for SQLAlchemy, with a name that no other process uses on the same server."""
        return await super().prepare(query, name=name or f"slotmcp_{token_hex(16)}")

    @asynccontextmanager
    async def _in_transaction(self) -> AsyncIterator[None]:
        """Run one statement in the open transaction, or in one of its own.

        After an error of the connection it stays open, and the connection must not be used again.
        """
        if self.is_in_transaction():
            yield
            return
        await self.execute("BEGIN")
        try:
            yield
        except asyncpg.PostgresError:
            if not self.is_closed():
                await self.execute("ROLLBACK")
            raise
        await self.execute("COMMIT")


async def shares_backends(
    one: "asyncpg.Connection[asyncpg.Record]", other: "asyncpg.Connection[asyncpg.Record]"
) -> bool:
    """Return whether a pooler gives each transaction another server process, rather than each connection.

    A pooler takes the process that it used last, or the next one. Then either both connections have the same one, or
    the first connection has two.
    """
    first: int = await one.fetchval(BACKEND)
    if first == one.get_server_pid():
        return False
    others: list[int] = [await one.fetchval(BACKEND), await other.fetchval(BACKEND)]
    return others[0] != first or others[1] == first
