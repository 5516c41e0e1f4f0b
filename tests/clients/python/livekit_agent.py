"""MCP server of LiveKit Agents."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["livekit-agents[mcp]==1.8.9"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from livekit.agents import ToolError
from livekit.agents.llm.mcp import MCPServerHTTP


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a server."""
    server = MCPServerHTTP(URL, headers=HEADERS)
    await server.initialize()
    tools = {tool.info.name: tool for tool in await server.list_tools()}

    async def call(name: str, arguments: dict[str, object]) -> Seen:
        try:
            return Seen(await tools[name](arguments))
        except ToolError as error:
            return Seen(error.message, "error")

    yield Connection(list(tools), call)
    await server.aclose()


run("livekit-agents", connect)
