"""Tests of a caller's identity on each interface: call ids over HTTP, and the connection of stdio and SSE clients."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters

from support.denver import PLAN
from support.http_server import HttpServer, body_in, call_of, serving, write_database
from support.server import body_of

CALL = "c7a1f93e05b24d68"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("identity") / "slotmcp.db"
    anyio.run(write_database, made, PLAN)
    return made


@pytest.fixture(scope="module")
def server(path: Path) -> Iterator[HttpServer]:
    with serving(path) as running:
        yield running


async def call(server: HttpServer, tool: str, arguments: Mapping[str, object], **headers: str) -> Any:  # noqa: ANN401  an answer
    """Return the answer of one request."""
    return body_in(await server.post(call_of(tool, **arguments), **headers))


async def free_starts(server: HttpServer, day: int) -> list[str]:
    """Return the starts of a later day that no other test uses, each with the technicians' full capacity."""
    search = {"partOfDay": "morning", "daysOfWeek": ("mon", "tue", "wed", "thu", "fri")[day], "limit": 20}
    slots = (await call(server, "get_slots", search))["slots"]
    return [slot["start"] for slot in slots if slot["capacity"] == 2]


@pytest.mark.parametrize("header", ["x_call_id", "x_chat_id", "x_session_id", "x_conversation_id"])
async def test_each_header_of_a_call_identifies_the_caller(server: HttpServer, header: str) -> None:
    start, *_ = await free_starts(server, 0)
    first = await call(server, "create_hold", {"start": start}, **{header: CALL})
    again = await call(server, "create_hold", {"start": start}, **{header: CALL})
    assert (again["holdToken"], again["replayed"]) == (first["holdToken"], True)
    seen = {"from": start, "limit": 1}
    assert (await call(server, "get_slots", seen, **{header: CALL}))["slots"][0]["capacity"] == 2
    assert (await call(server, "get_slots", seen, **{header: "d" + CALL[1:]}))["slots"][0]["capacity"] == 1
    await call(server, "release_hold", {"holdToken": first["holdToken"]})


@pytest.mark.parametrize(
    "headers",
    [({}, {}), ({"x_call_id": "1"}, {"x_call_id": "1"}), ({"x_call_id": CALL}, {"x_chat_id": CALL})],
)
async def test_other_requests_are_of_other_callers(server: HttpServer, headers: tuple[dict[str, str], ...]) -> None:
    start, *_ = await free_starts(server, 1)
    first, second = [await call(server, "create_hold", {"start": start}, **sent) for sent in headers]
    assert (first["capacityLeft"], second["capacityLeft"], second["replayed"]) == (1, 0, False)
    for held in (first, second):
        await call(server, "release_hold", {"holdToken": held["holdToken"]})


def connections(server: HttpServer, path: Path, how: str) -> tuple[AbstractAsyncContextManager[Client], ...]:
    """Return two clients of a kind."""
    if how == "sse":
        return tuple(Client(sse_client(f"{server.url}/sse"), mode="legacy") for _ in range(2))
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"}
    stdio = StdioServerParameters(command=sys.executable, args=["-m", "slotmcp", "stdio"], env=environment)
    return Client(stdio), Client(stdio)


@pytest.mark.parametrize(("how", "day"), [("sse", 2), ("stdio", 3)])
async def test_a_connection_recognizes_an_identical_hold(server: HttpServer, path: Path, how: str, day: int) -> None:
    start, *_ = await free_starts(server, day)
    one, other = connections(server, path, how)
    async with one as client, other as another:
        first = body_of(await client.call_tool("create_hold", {"start": start}))
        again = body_of(await client.call_tool("create_hold", {"start": start}))
        elsewhere = body_of(await another.call_tool("create_hold", {"start": start}))
    assert (again["holdToken"], again["replayed"]) == (first["holdToken"], True)
    assert (elsewhere["capacityLeft"], elsewhere["replayed"]) == (0, False)
