"""Test that callers of a server, whose connections to PostgreSQL are terminated all the time, lose nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx2
import orjson

from slotmcp.bootstrap import build_app
from slotmcp.domain.access import Scope
from slotmcp.store.postgres.store import PostgresStore
from support.http_server import body_in, call_of, headers_of, serving
from support.shop import plan, service, technician

BUSINESS: Final = plan(
    *(technician(f"tech-{number}", "00:00-23:30") for number in range(8)), services=(service("visit", 30),)
)
"""More time than all callers together need."""
CALLERS: Final = 6
VISITS: Final = 3
ROUNDS: Final = 60
HANG_SECONDS: Final = 120
TERMINATE: Final = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < $1
"""


@dataclass(slots=True)
class Storm:
    """Callers of one server, and the responses that they got."""

    client: httpx2.AsyncClient
    key: str
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by each response."""
    is_over: bool = False
    visits: int = 0

    async def call(self, tool: str, **arguments: object) -> Mapping[str, Any]:
        """Repeat a call until it is not `unavailable`."""
        while True:
            response = await self.client.post(
                "/mcp", content=orjson.dumps(call_of(tool, **arguments)), headers=headers_of(self.key)
            )
            body: Mapping[str, Any]
            if response.status_code == httpx2.codes.SERVICE_UNAVAILABLE:  # while the key was looked up
                body, error = response.json(), response.json()
                outcome = error["error"]
            else:
                body = body_in(response)
                error = body.get("error", {})
                outcome = error.get("code", "ok")
            self.outcomes[tool, outcome] += 1
            self.answered.set()
            if outcome != "unavailable":
                return body
            assert error["retryAfterMs"] > 0, body

    async def visit(self, start: str) -> str:
        """Look for times, hold one and book it; return the booking's id."""
        self.visits += 1
        person = f"caller-{self.visits}"
        await self.call("get_slots", limit=3)
        hold = await self.call("create_hold", start=start, customerHash=f"{person}-c7a1f93e", idempotencyKey=person)
        booked = await self.call(
            "book_slot", holdToken=hold["holdToken"], customerName="X", customerEmail=f"{person}@example.com"
        )
        booking_id = str(booked["booking"]["bookingId"])
        await self.call("find_bookings", bookingId=booking_id)
        return booking_id


@asynccontextmanager
async def raging(url: str, storm: Storm) -> AsyncIterator[None]:
    """Terminate connections of the database after each response, a limited number of times."""

    async def rage() -> None:
        connection = await asyncpg.connect(url)
        for share in (1.0, 0.5, 0.2) * (ROUNDS // 3):
            await storm.answered.wait()
            storm.answered.clear()
            if storm.is_over:
                break
            await connection.fetchval(TERMINATE, share)
        await connection.close()

    task = asyncio.create_task(rage())
    try:
        yield
    finally:
        storm.is_over = True
        storm.answered.set()
        await task


async def test_terminated_connections_make_calls_unavailable_and_nothing_is_booked_twice(
    postgres_url: str, tmp_path: Path
) -> None:
    async with PostgresStore.open(postgres_url) as store:
        app = build_app(store)
        await app.projects.import_project(BUSINESS, prune=False)
        key = (await app.access.create(Scope.OPERATOR, project=None, name="test")).token
    settings = {"database_url": postgres_url, "max_holds_per_credential": "0", "database_pool_size": "4"}
    with serving(tmp_path / "unused", **settings) as server:
        async with (
            httpx2.AsyncClient(base_url=server.url, timeout=HANG_SECONDS) as client,
            asyncio.timeout(HANG_SECONDS),
        ):
            storm = Storm(client, key)
            slots = (await storm.call("get_slots", limit=100))["slots"]
            starts = iter([slot["start"] for slot in slots][: CALLERS * VISITS])

            async def caller(_number: int) -> list[str]:
                return [await storm.visit(next(starts)) for _ in range(VISITS)]

            async with raging(postgres_url, storm):
                booked = [one for ids in await asyncio.gather(*map(caller, range(CALLERS))) for one in ids]
            ready = await client.get("/readyz")
        code, log = await asyncio.to_thread(server.stop)
    assert {outcome for _, outcome in storm.outcomes} == {"ok", "unavailable"}, storm.outcomes
    assert ready.status_code == httpx2.codes.OK
    async with PostgresStore.open(postgres_url) as store:
        assert sorted(booking.id for booking in await store.bookings(BUSINESS.project.id)) == sorted(booked)
    assert len(set(booked)) == CALLERS * VISITS
    assert (code, "Traceback" in log) == (0, False), log
