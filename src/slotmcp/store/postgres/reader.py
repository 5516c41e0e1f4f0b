"""Reading: a question of one statement, or of several that see the same state."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from slotmcp.store.fetching import Fetch
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.link import READING, Link
from slotmcp.store.postgres.outages import Fault, told
from slotmcp.store.postgres.pool import Pool

T = TypeVar("T")
Question = Callable[[Fetch], Awaitable[T]]

SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresReader:
    """Asks questions of the newest committed state. It takes no locks: it waits for no writer, and none for it."""

    def __init__(self, address: Address, *, size: int, timeout_ms: int) -> None:
        self._address = address
        self._pool = Pool(address, size=size, timeout_ms=timeout_ms, more=READING)

    @property
    def in_use(self) -> int:
        """How many connections are handed out."""
        return self._pool.in_use

    async def ask(self, question: Question[T]) -> T:
        """Ask one question of one statement.

        Raises:
            Unavailable: the database does not answer.
        """

        async def answer(link: Link) -> T:
            return await question(link.fetch)

        return await self._over_a_link(answer)

    async def ask_snapshot(self, question: Question[T]) -> T:
        """Ask a question of several statements, all of which see the same state.

        Raises:
            Unavailable: the database does not answer.
        """

        async def answer(link: Link) -> T:
            await link.run(SNAPSHOT)
            try:
                return await question(link.fetch)
            finally:
                if not link.is_broken:
                    await link.run("COMMIT")

        return await self._over_a_link(answer)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._pool.close()

    async def _over_a_link(self, answer: Callable[[Link], Awaitable[T]]) -> T:
        """Over another connection where one turns out to be broken: a question may be asked twice."""
        try:
            return await self._answered(answer)
        except Fault as fault:
            if not fault.is_of_the_way:
                raise told(fault, self._address) from fault
        try:
            return await self._answered(answer)
        except Fault as fault:
            raise told(fault, self._address) from fault

    async def _answered(self, answer: Callable[[Link], Awaitable[T]]) -> T:
        async with self._pool.link() as link:
            return await answer(link)
