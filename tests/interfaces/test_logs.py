"""Tests that no caller data is logged: every tool, with success and with errors, at the debug level."""

import logging
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Final

import httpx2
import orjson
import pytest
from mcp import Client, stdio_client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from slotmcp.bootstrap import configure_logging, open_app
from slotmcp.domain.access import Scope
from slotmcp.domain.catalog import Location, TravelMode, TravelPolicy
from slotmcp.domain.trace import TracedUse
from slotmcp.engine.travel import TravelSource
from slotmcp.routing.osrm import OsrmTravel
from slotmcp.settings import LogFormat, Settings
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools
from support.caller_words import call_every_tool
from support.denver import PLAN
from support.http_server import serving
from support.redis_server import RedisServer
from support.roads import routing_server
from support.schedules import PROJECT
from support.server import Body, Caller, body_of

Event = tuple[str, str, str, str]
"""Tool, outcome, trace id and call id of a log event."""
TOOLS: Final = [tool.name for tool in select_tools(Toolset.OPERATOR)]
CALL: Final = "call-7"


@dataclass(frozen=True, slots=True)
class Line:
    """Client of a server in another process."""

    client: Client
    call_id: str = ""
    answered: list[Event] = field(default_factory=list)

    async def call(self, tool: str, /, **arguments: object) -> Body:
        body = await self._call(tool, arguments)
        assert "error" not in body, body
        return body

    async def expect_error(self, tool: str, /, **arguments: object) -> Body:
        body = await self._call(tool, arguments)
        assert "error" in body, body
        return body

    async def _call(self, tool: str, arguments: dict[str, object]) -> Body:
        body = body_of(await self.client.call_tool(tool, arguments))
        self.answered.append((tool, body.get("error", {}).get("code", "ok"), body["traceId"], self.call_id))
        return body


async def made_database(url: str) -> str:
    """Write the project of denver.py into a database, and return an operator's key."""
    async with open_app(Settings(database_url=url)) as app:
        await app.projects.import_project(PLAN, prune=False)
        return (await app.access.create(Scope.OPERATOR, project=None, name="Zoe Quux")).token


@asynccontextmanager
async def line_to(url: str, key: str) -> AsyncIterator[Line]:
    """Open a client of a server over HTTP."""
    headers = {"Authorization": f"Bearer {key}", "X-Call-Id": CALL}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        yield Line(client, CALL)


def events_in(log: str, log_format: LogFormat) -> list[Mapping[str, str]]:
    """Return each log event of a tool."""
    event_in = orjson.loads if log_format == "json" else _of_console
    return [event for event in map(event_in, log.splitlines()) if event["event"] in TOOLS]


def _of_console(line: str) -> Mapping[str, str]:
    stamped = re.match(r"\S+ \[\w+ *\] (\S+)", line)
    return {"event": stamped[1] if stamped else "", **dict(re.findall(r"(\w+)=(\S+)", line))}


def assert_logged(log: str, log_format: LogFormat, answered: list[Event]) -> None:
    """Check that each call of each tool is logged as one event with its outcome only."""
    events = events_in(log, log_format)
    assert [(one["event"], one["outcome"], one["traceId"], one.get("callId", "")) for one in events] == answered
    assert {tool for tool, outcome, *_ in answered if outcome == "ok"} == set(TOOLS), "a tool without a case"
    assert all(0 < float(one["durationMs"]) < 60_000 for one in events)


def words_in(log: str, *words: str) -> list[str]:
    """Return the words that a text contains."""
    return [word for word in words if word in log]


@pytest.mark.usefixtures("quiet_logging")
async def test_calls_over_http_are_logged_without_caller_data(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    key = await made_database(str(path))
    with serving(path, log_level="debug", log_format="json") as server:
        async with line_to(server.url, key) as line:
            caller_words = await call_every_tool(line)
        _, log = server.stop()
    assert_logged(log, "json", line.answered)
    assert words_in(server.log + log, key, key.split("_", 2)[2], *caller_words) == []


@pytest.mark.usefixtures("quiet_logging")
async def test_calls_in_a_fleet_are_logged_without_caller_data(
    tmp_path: Path, postgres_url: str, redis: RedisServer
) -> None:
    key = await made_database(postgres_url)
    fleet = {"database_url": postgres_url, "redis_url": redis.url}
    with serving(tmp_path, log_level="debug", log_format="console", **fleet) as server:
        async with line_to(server.url, key) as line:
            caller_words = await call_every_tool(line)
        _, log = server.stop()
    assert_logged(log, "console", line.answered)
    assert words_in(server.log + log, key, key.split("_", 2)[2], *caller_words) == []


@pytest.mark.usefixtures("quiet_logging")
async def test_calls_over_stdio_are_logged_without_caller_data(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    await made_database(str(path))
    settings = {"SLOTMCP_DATABASE_URL": str(path), "SLOTMCP_LOG_LEVEL": "debug", "SLOTMCP_LOG_FORMAT": "json"}
    command = ["-m", "slotmcp", "stdio", "--toolset", "operator"]
    server = StdioServerParameters(command=sys.executable, args=command, env={**os.environ, **settings})
    with (tmp_path / "stderr").open("w+") as stderr:
        async with Client(stdio_client(server, errlog=stderr)) as client:
            line = Line(client)
            caller_words = await call_every_tool(line)
        stderr.seek(0)
        log = stderr.read()
    assert_logged(log, "json", line.answered)
    assert words_in(log, *caller_words) == []


@pytest.fixture(params=["console", "json"])
def logged(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """Capture everything that a server would log to stderr."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    log_format: LogFormat = request.param
    stderr = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", stderr)
        configure_logging(Settings(database_url="unused.db", log_level="debug", log_format=log_format))
    yield stderr
    root.handlers[:], root.level = handlers, level


async def test_traces_contain_no_caller_data(operator: Caller) -> None:
    async with operator.app.tracing.writing(kept_days=1):
        words = await call_every_tool(operator)
    with closing(sqlite3.connect(operator.path)) as database:
        rows = database.execute("SELECT * FROM traces").fetchall()
    stored = " ".join(map(repr, rows))
    assert {use for use in TracedUse if use in stored} == set(TracedUse)
    assert words_in(stored, *words) == []


async def test_routing_requests_are_logged_without_locations(logged: StringIO) -> None:
    project = replace(PROJECT, travel=TravelPolicy(mode=TravelMode.ESTIMATED))
    async with routing_server() as server, OsrmTravel.open(server.url, timeout_seconds=5) as travel:
        times = await travel.times(project, Location(39.7312, -104.9655), [Location(39.86, -104.94)])
    assert times.source is TravelSource.ROUTED
    assert words_in(logged.getvalue(), "39.7312", "104.9655") == []
