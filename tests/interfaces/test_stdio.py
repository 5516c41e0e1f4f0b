"""Tests of the stdio server: only the protocol on stdout, few imports, a clean end."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from mcp import Client, stdio_client
from mcp.client.stdio import StdioServerParameters
from mcp_types import ListToolsResult, ServerCapabilities

from interfaces.capabilities import HANDSHAKE_CAPABILITIES
from slotmcp.cli import parse_stdio_options
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import body_of, open_caller

HEAVY = {
    "sqlmodel", "sqlalchemy", "alembic", "asyncpg", "redis", "msgspec",
    "ruamel", "holidays", "typer", "jsonschema", "babel", "yaml", "dateutil", "phonenumbers", "jinja2",
    "structlog", "pygments", "attr", "pydantic_settings",
}  # fmt: skip
"""Libraries that a stdio server on SQLite does not need while it logs nothing."""
UNUSED = {
    "slotmcp.asgi", "slotmcp.web", "slotmcp.demo", "slotmcp.project_file", "slotmcp.calcom", "slotmcp.cli.commands",
    "slotmcp.store.postgres", "slotmcp.store.migrations", "slotmcp.store.tables",
    "slotmcp.redis_layer.clients", "slotmcp.redis_layer.fleet", "slotmcp.redis_layer.link", "slotmcp.routing.osrm",
    "slotmcp.geocoding.nominatim", "slotmcp.geocoding.table",
}  # fmt: skip
"""Own packages and modules that it does not need."""


@pytest.fixture
async def environment(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "slotmcp.db"
    async with open_caller(path, PLAN, now_ms=SUNDAY_NOON_MS):
        pass
    return {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}", "SLOTMCP_LOG_LEVEL": "info"}


@pytest.mark.usefixtures("executed")
async def test_a_client_calls_a_server_process(environment: dict[str, str]) -> None:
    server = StdioServerParameters(command=sys.executable, args=["-m", "slotmcp", "stdio"], env=environment)
    async with Client(server) as client:
        assert names_of(await client.list_tools()) == [tool.name for tool in select_tools(Toolset.CALLER)]
        free = body_of(await client.call_tool("get_slots", {"daysOfWeek": "mon,tue,wed,thu,fri"}))
        assert free["slots"]


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ([], {}),
        (["--toolset", "operator"], {"toolset": "operator"}),
        (["--read-only"], {"read_only": True}),
        (["--read-only", "--toolset=operator"], {"read_only": True, "toolset": "operator"}),
        (["--toolset", "caller", "--read-only"], {"read_only": True, "toolset": "caller"}),
        (["--toolset", "nobody"], None),
        (["--toolset"], None),
        (["--help"], None),
    ],
)
def test_usual_options_are_parsed_without_the_command_line_library(
    options: list[str], arguments: dict[str, Any] | None
) -> None:
    assert parse_stdio_options(options) == arguments


async def test_options_select_the_tools_and_load_no_heavy_module(tmp_path: Path, environment: dict[str, str]) -> None:
    options = ["stdio", "--toolset", "operator", "--read-only"]
    async with modules_of(tmp_path, environment, *options) as (client, modules):
        names = names_of(await client.list_tools())
    assert names == [tool.name for tool in select_tools(Toolset.OPERATOR, read_only=True)]
    assert "slotmcp.tools.server" in modules
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()


async def test_the_first_responses_load_neither_other_interfaces_nor_adapters(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    async with modules_of(tmp_path, environment, "stdio") as (client, modules):
        for tool in ("list_services", "get_slots"):
            assert not (await client.call_tool(tool, {})).is_error
    own = {name for name in modules if name.startswith("slotmcp.")}
    assert "slotmcp.services.slots" in own
    assert {name for name in own if name.startswith(tuple(UNUSED))} == set()
    assert {name.partition(".")[0] for name in modules} & HEAVY == set()


@asynccontextmanager
async def modules_of(
    tmp_path: Path, environment: dict[str, str], *arguments: str
) -> AsyncIterator[tuple[Client, list[str]]]:
    """Yield a client of a server process, and a list that has the modules of the process after the block."""
    modules: list[str] = []
    probe = (
        f"import sys; from slotmcp.cli import main; sys.argv[1:] = {list(arguments)}; main(); "
        "print(*sys.modules, file=sys.stderr)"
    )
    quiet = {**environment, "SLOTMCP_LOG_LEVEL": "warning"}
    server = StdioServerParameters(command=sys.executable, args=["-c", probe], env=quiet)
    with (tmp_path / "stderr").open("w+") as stderr:
        async with Client(stdio_client(server, errlog=stderr)) as client:
            yield client, modules
        stderr.seek(0)
        modules += stderr.read().splitlines()[-1].split()


def names_of(listed: ListToolsResult) -> list[str]:
    return [tool.name for tool in listed.tools]


def test_stdout_carries_only_the_protocol(environment: dict[str, str]) -> None:
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_services", "arguments": {}}},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "get_slots", "arguments": {"x": 1}}},
    ]
    done = run_until(environment, b"".join(orjson.dumps(line) + b"\n" for line in messages), responses=3)
    responses = {line["id"]: line["result"] for line in map(orjson.loads, done.stdout.splitlines())}
    assert responses[1]["serverInfo"]["name"] == "slotmcp"
    assert responses[1]["instructions"]
    assert ServerCapabilities.model_validate(responses[1]["capabilities"]) == HANDSHAKE_CAPABILITIES
    assert not responses[2]["isError"]
    assert responses[3]["isError"]
    assert b"invalid_argument" in done.stderr


def run_until(environment: dict[str, str], messages: bytes, *, responses: int) -> subprocess.CompletedProcess[bytes]:
    """Send the messages, read that many responses, close stdin, and wait for the end."""
    command = [sys.executable, "-m", "slotmcp", "stdio"]
    with subprocess.Popen(  # noqa: S603  our own server
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(messages)
        process.stdin.flush()
        lines = b"".join(process.stdout.readline() for _ in range(responses))
        rest, log = process.communicate(timeout=30)
    assert process.returncode == 0
    return subprocess.CompletedProcess(command, 0, lines + rest, log)
