"""Floors on PostgreSQL: asyncpg with one statement after the other, and with one database call for each group."""

import asyncio
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self, TypeAlias

import asyncpg

from benchmarks.floors.order import HOLD_MS, Kind, Order, Result, Span

SCHEMA = """
CREATE TABLE project (revision bigint NOT NULL);
INSERT INTO project VALUES (0);
CREATE TABLE booking (
    id text PRIMARY KEY, technician text NOT NULL, starts int NOT NULL, ends int NOT NULL, held_until_ms bigint
);
CREATE INDEX booking_by_start ON booking (technician, starts);
CREATE TABLE contact (booking_id text PRIMARY KEY, name text NOT NULL, phone text NOT NULL);
CREATE TABLE receipt (key text PRIMARY KEY, booking_id text NOT NULL);
CREATE TABLE change (revision bigint PRIMARY KEY, booking_id text NOT NULL);

CREATE FUNCTION run(
    kinds text[], keys text[], ids text[], technicians text[], firsts int[], lasts int[], names text[], phones text[],
    now_ms bigint
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    current bigint;
    results text[] := '{}';
BEGIN
    SELECT revision INTO current FROM project FOR UPDATE;
    FOR i IN 1 .. cardinality(keys) LOOP
        IF EXISTS (SELECT FROM receipt WHERE key = keys[i]) THEN
            results := results || 'replayed'::text;
            CONTINUE;
        END IF;
        IF kinds[i] = 'confirm' THEN
            UPDATE booking SET held_until_ms = NULL WHERE id = ids[i] AND held_until_ms > now_ms;
        ELSE
            INSERT INTO booking
            SELECT ids[i], technicians[i], firsts[i], lasts[i],
                CASE WHEN kinds[i] = 'hold' THEN now_ms + 90000 END
            WHERE NOT EXISTS (
                SELECT FROM booking
                WHERE technician = technicians[i] AND starts > firsts[i] - 1440
                    AND starts < lasts[i] AND ends > firsts[i] AND (held_until_ms IS NULL OR held_until_ms > now_ms)
            );
        END IF;
        IF NOT FOUND THEN
            results := results || 'taken'::text;
            CONTINUE;
        END IF;
        IF kinds[i] <> 'hold' THEN
            INSERT INTO contact VALUES (ids[i], names[i], phones[i]);
        END IF;
        INSERT INTO receipt VALUES (keys[i], ids[i]);
        current := current + 1;
        INSERT INTO change VALUES (current, ids[i]);
        results := results || 'done'::text;
    END LOOP;
    UPDATE project SET revision = current;
    RETURN results;
END $$;
"""
LOCK = "SELECT revision FROM project FOR UPDATE"
FIND_RECEIPT = "SELECT booking_id FROM receipt WHERE key = $1"
TAKE_TIME = """
INSERT INTO booking
SELECT $1, $2, $3, $4, $5
WHERE NOT EXISTS (
    SELECT FROM booking
    WHERE technician = $2 AND starts > $3 - 1440 AND starts < $4 AND ends > $3
        AND (held_until_ms IS NULL OR held_until_ms > $6)
)
RETURNING id
"""
CONFIRM_HOLD = "UPDATE booking SET held_until_ms = NULL WHERE id = $1 AND held_until_ms > $2 RETURNING id"
ADD_CONTACT = "INSERT INTO contact VALUES ($1, $2, $3)"
ADD_RECEIPT = "INSERT INTO receipt VALUES ($1, $2)"
MOVE_REVISION = "UPDATE project SET revision = revision + 1 RETURNING revision"
ADD_CHANGE = "INSERT INTO change VALUES ($1, $2)"
RUN = "SELECT run($1, $2, $3, $4, $5, $6, $7, $8, $9)"

GROUP_SIZE = 128

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Job = tuple[Order, "asyncio.Future[Result]"]


async def create(url: str, spans: Iterable[Span]) -> None:
    """Create the tables in an empty database, with some bookings."""
    connection: Connection = await asyncpg.connect(url)
    try:
        await connection.execute(SCHEMA)
        await connection.executemany("INSERT INTO booking VALUES ($1, $2, $3, $4, NULL)", list(spans))
    finally:
        await connection.close()


class StatementsFloor:
    """Connections without checks, one transaction for each order. The transaction locks the project first."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._size = size
        self._idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()

    async def __aenter__(self) -> Self:
        for _ in range(self._size):
            self._idle.put_nowait(await asyncpg.connect(self._url))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._idle.empty():
            await self._idle.get_nowait().close()

    async def run(self, order: Order) -> Result:
        """Carry out an order durably."""
        connection = await self._idle.get()
        try:
            async with connection.transaction():
                return await self._carry_out(connection, order)
        finally:
            self._idle.put_nowait(connection)

    async def _carry_out(self, connection: Connection, order: Order) -> Result:
        await connection.fetchval(LOCK)
        if await connection.fetchval(FIND_RECEIPT, order.key):
            return Result.REPLAYED
        if not await self._take(connection, order):
            return Result.TAKEN
        if order.kind is not Kind.HOLD:
            await connection.fetch(ADD_CONTACT, order.booking_id, order.name, order.phone)
        await connection.fetch(ADD_RECEIPT, order.key, order.booking_id)
        revision = await connection.fetchval(MOVE_REVISION)
        await connection.fetch(ADD_CHANGE, revision, order.booking_id)
        return Result.DONE

    async def _take(self, connection: Connection, order: Order) -> bool:
        if order.kind is Kind.CONFIRM:
            return await connection.fetchval(CONFIRM_HOLD, order.booking_id, order.now_ms) is not None
        held_until_ms = order.now_ms + HOLD_MS if order.kind is Kind.HOLD else None
        values = (order.booking_id, order.technician, order.start, order.end, held_until_ms, order.now_ms)
        return await connection.fetchval(TAKE_TIME, *values) is not None


class FunctionFloor:
    """One connection, on which a function of the database carries out the waiting orders together."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queue: list[Job] = []
        self._is_running = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._connection: Connection = await asyncpg.connect(self._url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    async def run(self, order: Order) -> Result:
        """Carry out an order durably."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append((order, done))
        if not self._is_running:
            self._is_running = True
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await done

    async def _work(self) -> None:
        while self._queue:
            jobs, self._queue = self._queue[:GROUP_SIZE], self._queue[GROUP_SIZE:]
            results = await self._call([order for order, _ in jobs])
            for (_, done), result in zip(jobs, results, strict=True):
                done.set_result(Result(result))
        self._is_running = False

    async def _call(self, orders: Sequence[Order]) -> Sequence[str]:
        results: Sequence[str] = await self._connection.fetchval(
            RUN,
            [order.kind for order in orders],
            [order.key for order in orders],
            [order.booking_id for order in orders],
            [order.technician for order in orders],
            [order.start for order in orders],
            [order.end for order in orders],
            [order.name for order in orders],
            [order.phone for order in orders],
            orders[0].now_ms,
        )
        return results
