"""Toolset of Google's Agent Development Kit."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["google-adk[mcp]==2.13.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from google.adk.tools.mcp_tool import McpToolset, StreamableHTTPConnectionParams


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a toolset."""
    toolset = McpToolset(connection_params=StreamableHTTPConnectionParams(url=URL, headers=HEADERS))
    tools = {tool.name: tool for tool in await toolset.get_tools()}

    async def call(name: str, arguments: dict[str, object]) -> Seen:
        result = await tools[name]._run_async_impl(args=arguments, tool_context=None, credential=None)  # noqa: SLF001  without an agent
        return Seen(result, "error" if result.get("isError") else "")

    yield Connection(list(tools), call)
    await toolset.close()


run("google-adk", connect)
