"""Tests that the plain HTTP interface answers as MCP does: the same text, for successes and errors of every tool."""

import re
from pathlib import Path
from typing import Any, Final

import orjson
from mcp import Client
from mcp_types import TextContent

from slotmcp.domain.errors import ErrorCode
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import TOOL_NAMES
from slotmcp.web.tool_calls import STATUSES
from support.denver import PLAN, SUNDAY_NOON_MS
from support.every_tool import use_every_tool
from support.plain_http import plain_client, tools_only
from support.server import Caller, open_caller

GENERATED: Final = re.compile(r"01[0-9A-HJKMNP-TV-Z]{24}|(?<=[\"/])[\w-]{32}(?=\")")
"""Ids and tokens, which differ between two databases."""


async def over_mcp(caller: Caller) -> list[tuple[str, str]]:
    """Return the text of each call over MCP, with the name of its tool."""
    texts: list[tuple[str, str]] = []
    async with Client(caller.server) as client:

        async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
            result = await client.call_tool(tool, arguments)
            (block,) = result.content
            assert isinstance(block, TextContent)
            texts.append((tool, block.text))
            return result.structured_content

        await use_every_tool(call)
    return texts


async def over_http(caller: Caller) -> list[tuple[str, str]]:
    """Return the text of each call over plain HTTP, after checking its status."""
    texts: list[tuple[str, str]] = []
    async with plain_client(tools_only(caller)) as client:

        async def call(tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
            response = await client.call(tool, **arguments)
            body = orjson.loads(response.content)
            assert response.status_code == STATUSES.get(body.get("error", {}).get("code"), 200)
            assert response.headers["content-type"] == "application/json"
            texts.append((tool, response.text))
            return body

        await use_every_tool(call)
    return texts


def numbered(texts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the texts with generated ids replaced by the number of their first appearance."""
    seen: dict[str, str] = {}
    return [(tool, GENERATED.sub(lambda id_: seen.setdefault(id_[0], f"#{len(seen)}"), text)) for tool, text in texts]


async def test_the_text_of_every_tool_equals_that_of_mcp(tmp_path: Path) -> None:
    texts = []
    for name, run in (("mcp", over_mcp), ("http", over_http)):
        path = tmp_path / f"{name}.db"
        async with open_caller(path, PLAN, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as caller:
            texts.append(await run(caller))
    assert numbered(texts[0]) == numbered(texts[1])
    for tool in TOOL_NAMES:
        assert {'"error":' in text for name, text in texts[1] if name == tool} == {True, False}, tool


def test_every_error_code_has_a_status() -> None:
    assert set(STATUSES) == set(ErrorCode)
