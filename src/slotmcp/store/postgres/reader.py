"""Reader on PostgreSQL, for queries of one statement and for snapshots."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from slotmcp.store.encryption import FieldCipher
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import Link, Pool
from slotmcp.store.postgres.outages import Fault, error_for_caller
from slotmcp.store.sql_store import Query

T = TypeVar("T")

SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


async def let_others_run() -> None:
    """Let other tasks run once. Reads of many rows decode them on the event loop."""
    await asyncio.sleep(0)


class PostgresReader:
    """Implementation of QueryRunner: a pool of connections that take no locks."""

    def __init__(self, address: Address, *, size: int, timeout_ms: int, cipher: FieldCipher | None = None) -> None:
        self._address = address
        self._pool = Pool(address, size=size, timeout_ms=timeout_ms, is_read_only=True, cipher=cipher)

    @property
    def in_use(self) -> int:
        """Number of connections in use."""
        return self._pool.in_use

    async def run(self, query: Query[T]) -> T:
        async def run_over(link: Link) -> T:
            return await query(link.fetch)

        return await self._over_a_link(run_over)

    async def run_in_snapshot(self, query: Query[T]) -> T:
        async def run_over(link: Link) -> T:
            await link.run(SNAPSHOT)
            try:
                return await query(link.fetch)
            finally:
                if not link.is_broken:
                    await link.run("COMMIT")

        return await self._over_a_link(run_over)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def _over_a_link(self, run_over: Callable[[Link], Awaitable[T]]) -> T:
        """Run a query, and run it again over another connection if the first one turns out to be broken."""
        try:
            return await self._try(run_over)
        except Fault as fault:
            if not fault.is_connection_lost:
                raise error_for_caller(fault, self._address) from fault
        try:
            return await self._try(run_over)
        except Fault as fault:
            raise error_for_caller(fault, self._address) from fault

    async def _try(self, run_over: Callable[[Link], Awaitable[T]]) -> T:
        async with self._pool.link() as link:
            return await run_over(link)


class LongReader:
    """Implementation of QueryRunner that leaves connections of another reader for short queries."""

    def __init__(self, reader: PostgresReader, *, max_connections: int) -> None:
        self._reader = reader
        self._turns = asyncio.Semaphore(max_connections)

    async def run(self, query: Query[T]) -> T:
        async with self._turns:
            return await self._reader.run(query)

    async def run_in_snapshot(self, query: Query[T]) -> T:
        async with self._turns:
            return await self._reader.run_in_snapshot(query)
