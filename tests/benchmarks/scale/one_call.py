"""Floor of bookings on PostgreSQL: one call of a function books a group, in tables with only the necessary columns.

A correct booking needs the project's lock, a claim that cannot overlap another one, the customer, a receipt for
repeated requests, a change for other servers, and the next revision. Callers that wait for the connection form the next
group.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Final

import asyncpg
import orjson

GROUP_SIZE: Final = 32
SCHEMA: Final = """
CREATE TABLE projects (id text PRIMARY KEY, revision bigint NOT NULL);
CREATE TABLE claims (
    id text PRIMARY KEY, technician int NOT NULL, start_minute bigint NOT NULL, end_minute bigint NOT NULL,
    is_booked boolean NOT NULL,
    EXCLUDE USING gist (
        int8range((technician::bigint << 32) + start_minute, (technician::bigint << 32) + end_minute) WITH &&
    )
);
CREATE TABLE customers (claim_id text PRIMARY KEY REFERENCES claims, name text NOT NULL, phone text NOT NULL);
CREATE TABLE contacts (key text, claim_id text REFERENCES claims, PRIMARY KEY (key, claim_id));
CREATE TABLE receipts (key text PRIMARY KEY, answer text NOT NULL);
CREATE TABLE changes (revision bigint, claim_id text, PRIMARY KEY (revision, claim_id));
INSERT INTO projects VALUES ('p', 0);

CREATE FUNCTION next_revision() RETURNS bigint LANGUAGE sql AS
$$ UPDATE projects SET revision = revision + 1 WHERE id = 'p' RETURNING revision $$;

CREATE FUNCTION hold(jobs jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE new_revision bigint := next_revision();
BEGIN
    INSERT INTO claims
    SELECT id, technician, start_minute, end_minute, false
    FROM jsonb_to_recordset(jobs) AS job (id text, technician int, start_minute bigint, end_minute bigint);
    INSERT INTO changes SELECT new_revision, job ->> 'id' FROM jsonb_array_elements(jobs) AS job;
    RETURN QUERY SELECT job ->> 'id' FROM jsonb_array_elements(jobs) AS job;
END $$;

CREATE FUNCTION book(jobs jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE new_revision bigint := next_revision();
BEGIN
    INSERT INTO claims
    SELECT id, technician, start_minute, end_minute, true
    FROM jsonb_to_recordset(jobs) AS job (id text, technician int, start_minute bigint, end_minute bigint)
    ON CONFLICT (id) DO UPDATE SET is_booked = true;
    INSERT INTO customers SELECT job ->> 'id', job ->> 'name', job ->> 'phone' FROM jsonb_array_elements(jobs) AS job;
    INSERT INTO contacts SELECT md5(job ->> 'phone'), job ->> 'id' FROM jsonb_array_elements(jobs) AS job;
    INSERT INTO receipts SELECT job ->> 'id', job::text FROM jsonb_array_elements(jobs) AS job;
    INSERT INTO changes SELECT new_revision, job ->> 'id' FROM jsonb_array_elements(jobs) AS job;
    RETURN QUERY SELECT job ->> 'id' FROM jsonb_array_elements(jobs) AS job;
END $$;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Booking to make."""

    id: str
    technician: int
    start_minute: int
    end_minute: int
    name: str
    phone: str


class GroupedFunction:
    """Function of the database that handles the jobs of all waiting callers in one call."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
        self._connection = connection
        self._query = f"SELECT * FROM {name}($1::text::jsonb)"  # noqa: S608  a name in this module
        self._waiting: list[tuple[Job, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def call(self, job: Job) -> None:
        """Handle a job in the next group, and return when it is committed."""
        handled = asyncio.get_running_loop().create_future()
        self._waiting.append((job, handled))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        await handled

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:GROUP_SIZE], self._waiting[GROUP_SIZE:]
            try:
                rows = await self._connection.fetch(self._query, _json([job for job, _ in group]))
                assert len(rows) == len(group)
            except asyncpg.PostgresError as error:
                for _, handled in group:
                    handled.set_exception(error)
            else:
                for _, handled in group:
                    handled.set_result(None)
        self._task = None


@dataclass(frozen=True, slots=True)
class OneCallBooking:
    """Functions of the floor, each on a connection of its own."""

    hold: GroupedFunction
    book: GroupedFunction


@asynccontextmanager
async def open_floor(url: str) -> AsyncIterator[OneCallBooking]:
    """Connect to a database with the tables of the floor, until the block ends."""
    connections = [await asyncpg.connect(url) for _ in range(2)]
    try:
        yield OneCallBooking(*(GroupedFunction(*pair) for pair in zip(connections, ("hold", "book"), strict=True)))
    finally:
        for connection in connections:
            await connection.close()


async def create_tables(url: str) -> None:
    """Create the tables and functions of the floor in an empty database."""
    connection = await asyncpg.connect(url)
    await connection.execute(SCHEMA)
    await connection.close()


async def count_bookings(url: str) -> int:
    """Return the number of bookings."""
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval("SELECT count(*) FROM claims JOIN customers ON claim_id = id WHERE is_booked")
        )
    finally:
        await connection.close()


def _json(jobs: Sequence[Job]) -> str:
    return orjson.dumps([asdict(job) for job in jobs]).decode()
