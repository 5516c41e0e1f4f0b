"""MCP server over a SQLite file, and a client that validates every response against its schemas."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import jsonschema
import orjson
from mcp import Client
from mcp.server import MCPServer
from mcp_types import CallToolResult, TextContent

from slotmcp.bootstrap import build_app
from slotmcp.services.app import App
from slotmcp.services.imports import ProjectPlan
from slotmcp.store.sqlite import DEFAULT_TIMEOUT_MS, SqliteStore
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server, select_tools
from support.clock import HandClock
from support.new_file import new_file

Body = Mapping[str, Any]
RESPONSE_SCHEMAS = {tool.name: tool.response_schema for tool in select_tools(Toolset.OPERATOR)}
"""Complete response schema of each tool."""
_VALIDATORS: Final[dict[str, list[jsonschema.Draft202012Validator]]] = {}
"""Validators of the published and the complete schema of each tool, which are equal on all servers."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Client that opens a connection for each call, as some voice platforms do, with its server, store and clock."""

    app: App
    store: SqliteStore
    server: MCPServer
    clock: HandClock
    path: Path

    def set_time(self, text: str) -> None:
        """Set the clock to an instant in ISO 8601."""
        self.clock.set_ms(int(datetime.fromisoformat(text).timestamp()) * 1000)

    async def call(self, tool: str, /, **arguments: object) -> Body:
        """Return the response of a call that must succeed."""
        result, body = await self._call(tool, arguments)
        assert not result.is_error, body
        assert "error" not in body
        return body

    async def expect_error(self, tool: str, /, **arguments: object) -> Body:
        """Return the error and `result` of a call that must fail."""
        result, body = await self._call(tool, arguments)
        assert result.is_error, body
        assert list(body) == ["result", "error", "traceId"]
        assert body["result"].startswith(("I'm sorry", "Good news", "I'm already holding", "You already have"))
        return {"result": body["result"], **body["error"]}

    async def _call(self, tool: str, arguments: dict[str, object]) -> tuple[CallToolResult, Body]:
        """Call a tool, and validate its response against the published and the complete schema."""
        async with Client(self.server) as client:
            result = await client.call_tool(tool, arguments)
            if tool not in _VALIDATORS:
                published = {listed.name: listed.output_schema for listed in (await client.list_tools()).tools}
                schemas = (published[tool] or {}, RESPONSE_SCHEMAS[tool])
                _VALIDATORS[tool] = [jsonschema.Draft202012Validator(schema) for schema in schemas]
        body = body_of(result)
        for validator in _VALIDATORS[tool]:
            validator.validate(body)
        return result, body


def body_of(result: CallToolResult) -> Body:
    """Return the response, after checking that both channels carry the same object with `result` first."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    text: Body = orjson.loads(block.text)
    assert text == result.structured_content
    assert list(text) == list(result.structured_content)
    assert next(iter(text)) == "result"
    assert text["result"]
    assert text["traceId"]
    assert orjson.dumps(text).decode() == block.text, "not the compact form"
    return text


@asynccontextmanager
async def open_caller(
    path: Path,
    *plans: ProjectPlan,
    now_ms: int,
    timeout_ms: int = DEFAULT_TIMEOUT_MS,
    toolset: Toolset = Toolset.CALLER,
) -> AsyncIterator[Caller]:
    """Open a caller over a database file with the given projects and a stopped clock."""
    clock = HandClock(now_ms)
    async with SqliteStore.open(new_file(path), clock=clock, timeout_ms=timeout_ms) as store:
        app = build_app(store)
        for plan in plans:
            await app.projects.import_project(plan, prune=False)
        yield Caller(app, store, create_server(app, toolset=toolset), clock, path)


def fields(error: Body) -> list[str]:
    """Return the fields that an error names."""
    return [problem["field"] for problem in error["fields"]]


def starts(slots: Iterable[Body]) -> list[str]:
    """Return the starts of slots, in UTC."""
    return [slot["start"] for slot in slots]
