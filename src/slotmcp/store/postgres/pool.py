"""Connections to a server: SQLAlchemy's pool keeps them, links to asyncpg's own are handed out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import Link, connect
from slotmcp.store.postgres.outages import FAULTS, Fault, drivers_own

DRIVER: Final = "postgresql+asyncpg://"


class Pool:
    """A bounded number of connections, made when they are needed and replaced when they break."""

    def __init__(self, address: Address, *, size: int, timeout_ms: int, more: str = "") -> None:
        self._engine = create_async_engine(
            DRIVER,
            async_creator=partial(connect, address, timeout_ms=timeout_ms, more=more),
            poolclass=AsyncAdaptedQueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=timeout_ms / 1000,
            pool_use_lifo=True,
        )
        event.listen(self._engine.sync_engine, "checkout", self._refuse_broken)
        self._is_in_doubt = False

    @property
    def in_use(self) -> int:
        """How many connections are handed out."""
        pool: Any = self._engine.pool
        count: int = pool.checkedout()
        return count

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """One connection, for whoever asks alone. What is in doubt afterwards is not given to anybody again.

        Raises:
            Fault: there is none to be had.
        """
        pooled = await self._connected()
        try:
            link = Link((await pooled.get_raw_connection()).driver_connection)
            try:
                yield link
            finally:
                self._is_in_doubt |= link.is_closed
                if link.is_in_doubt:
                    await pooled.invalidate()
        finally:
            await pooled.close()

    async def close(self) -> None:
        """Close all of them."""
        await self._engine.dispose()

    async def _connected(self) -> AsyncConnection:
        try:
            return await self._engine.connect()
        except DBAPIError as error:
            raise Fault from drivers_own(error)
        except FAULTS as error:
            raise Fault from error

    def _refuse_broken(self, connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401  an adapter
        """Let another be made in its place. Whether it broke while nobody used it is known without asking the server.

        Where one broke in somebody's hands, so will those that were made before.
        """
        if self._is_in_doubt:
            self._is_in_doubt = False
            raise InvalidatePoolError
        if connection.driver_connection.is_closed():
            raise DisconnectionError
