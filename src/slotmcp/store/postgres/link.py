"""One connection to the database, and the statements run on it."""

from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from slotmcp.ports import ClaimConflict
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.notation import DONE_BEFORE, TAKING, numbered
from slotmcp.store.postgres.outages import FAULTS, Fault
from slotmcp.store.rows import Row

OVERLAP: Final = "claims_never_overlap"
"""The exclusion constraint."""

STATEMENTS_PREPARED: Final = 256
"""On each connection, which is more than there are."""

GRACE_MS: Final = 1_000
"""By so much a server is asked for an answer in vain longer than a lock, and a connection longer than that.

A process that stands still in a transaction, or is not heard of any more, loses its lock when those who wait for it
have given up: a unit of work waits for nothing but the database.
"""

SESSION: Final = """
SET jit = off;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
SET lock_timeout = {lock_ms}; SET statement_timeout = {statement_ms};
SET idle_in_transaction_session_timeout = {statement_ms}; {more}
"""
READING: Final = "SET default_transaction_read_only = on"


async def connect(address: Address, *, timeout_ms: int, more: str = "") -> "asyncpg.Connection[asyncpg.Record]":
    """A connection that waits so long, and not much longer, for locks and for answers.

    Raises:
        One of the FAULTS.
    """
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
        address.url,
        timeout=timeout_ms / 1000,
        command_timeout=(timeout_ms + 2 * GRACE_MS) / 1000,
        statement_cache_size=STATEMENTS_PREPARED,
        server_settings={"application_name": "slotmcp"},
    )
    await connection.execute(SESSION.format(lock_ms=timeout_ms, statement_ms=timeout_ms + GRACE_MS, more=more))
    return connection


class Link:
    """A connection for the time in which somebody uses it. Its `fetch` is the store's Fetch."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  asyncpg's, also in its pool's disguise
        self._connection = connection
        self._is_asking = False

    @property
    def is_closed(self) -> bool:
        """Whether its other end is gone."""
        closed: bool = self._connection.is_closed()
        return closed

    @property
    def is_broken(self) -> bool:
        """Whether it is closed, or may be in the middle of a statement that nobody waits for any more."""
        return self._is_asking or self._connection.is_closed()

    @property
    def is_in_doubt(self) -> bool:
        """Whether nobody else should get it: it is broken, or in a transaction."""
        return self.is_broken or self._connection.is_in_transaction()

    async def fetch(self, statement: str, /, **values: object) -> Sequence[Row]:
        """Run one of the store's statements, prepared once a connection, and give all of its rows.

        Raises:
            ClaimConflict: somebody else has the time that it would take.
            Fault: the database failed.
        """
        asked = numbered(statement)
        if asked.text == DONE_BEFORE:
            return ()
        self._is_asking = True
        try:
            rows: Sequence[Row] = await self._connection.fetch(asked.text, *[values[name] for name in asked.names])
        except Exception as error:
            raise self._named(error) from error
        self._is_asking = False
        if not rows and statement in TAKING:
            raise _conflict()
        return rows

    async def run(self, command: str) -> str:
        """Run commands without values; say what the last one did.

        Raises:
            Fault: the database failed.
        """
        self._is_asking = True
        try:
            done: str = await self._connection.execute(command)
        except Exception as error:
            raise self._named(error) from error
        self._is_asking = False
        return done

    def _named(self, error: Exception) -> Exception:
        """What is raised for an error of the driver."""
        self._is_asking = isinstance(error, TimeoutError)
        if isinstance(error, FAULTS) or self._connection.is_closed():
            return Fault()
        if isinstance(error, asyncpg.ExclusionViolationError) and error.constraint_name == OVERLAP:
            return _conflict()
        return error


def _conflict() -> ClaimConflict:
    return ClaimConflict("The technician's time is taken by a live claim.")
