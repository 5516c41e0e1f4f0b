"""Client of Strands Agents."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["strands-agents==1.62.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from strands.tools.mcp import MCPClient


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a client, which runs in a thread of its own."""
    client = MCPClient(lambda: streamable_http_client(URL, http_client=create_mcp_http_client(headers=HEADERS)))
    with client:
        tools = [tool.tool_name for tool in client.list_tools_sync()]

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            result = await client.call_tool_async("1", name, arguments)
            return Seen([block["text"] for block in result["content"]], "error" if result["status"] == "error" else "")

        yield Connection(tools, call)


run("strands-agents", connect)
