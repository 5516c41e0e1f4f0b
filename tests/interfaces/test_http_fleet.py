"""Tests of two HTTP servers that share a database file and Redis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from support.denver import PLAN
from support.fleets import until
from support.http_server import HttpServer, body_in, call_of, serving, write_database
from support.redis_server import RedisServer

KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}


@pytest.fixture
def servers(tmp_path: Path, redis: RedisServer) -> Iterator[list[HttpServer]]:
    path = tmp_path / "slotmcp.db"
    anyio.run(write_database, path, PLAN)
    with serving(path, redis_url=redis.url) as one, serving(path, redis_url=redis.url) as other:
        yield [one, other]


async def call(server: HttpServer, tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
    return body_in(await server.post(call_of(tool, **arguments)))


async def readiness(server: HttpServer) -> tuple[str, str]:
    async with httpx2.AsyncClient() as client:
        readiness = (await client.get(f"{server.url}/readyz")).json()
    return readiness["status"], readiness["checks"]["redis"]


async def test_a_hold_outlives_the_server_that_made_it(servers: list[HttpServer], redis: RedisServer) -> None:
    one, other = servers
    start = (await call(one, "get_slots", limit=1))["slots"][0]["start"]
    held = await call(one, "create_hold", start=start, customerHash="kim")
    assert len(redis.names("slotmcp:{*}:hold:*")) == 1
    one.process.kill()
    booked = await call(other, "book_slot", holdToken=held["holdToken"], **KIM)
    assert booked["booking"]["start"] == start
    assert redis.names("slotmcp:{*}:hold:*") == []


async def test_readiness_reports_redis_outages_while_calls_continue(
    servers: list[HttpServer], redis: RedisServer
) -> None:
    one, other = servers
    assert [await readiness(server) for server in servers] == [("ready", "ok")] * 2
    redis.stop()
    assert [await readiness(server) for server in servers] == [("degraded", "away")] * 2
    slots = (await call(one, "get_slots"))["slots"]
    held = await call(one, "create_hold", start=slots[0]["start"], customerHash="kim")
    assert (await call(other, "book_slot", holdToken=held["holdToken"], **KIM))["booking"]["status"] == "confirmed"
    redis.start()

    async def are_ready() -> bool:
        return [await readiness(server) for server in servers] == [("ready", "ok")] * 2

    await until(are_ready)
