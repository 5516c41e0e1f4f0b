"""Tools of LangChain's MCP adapters."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["langchain-mcp-adapters==0.3.2"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from langchain_mcp_adapters.client import MultiServerMCPClient


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Load the tools; each call opens a connection of its own."""
    client = MultiServerMCPClient({"slotmcp": {"transport": "streamable_http", "url": URL, "headers": HEADERS}})
    tools = {tool.name: tool for tool in await client.get_tools()}

    async def call(name: str, arguments: dict[str, object]) -> Seen:
        message = await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
        return Seen(message.content, "error" if message.status == "error" else "")

    yield Connection(list(tools), call)


run("langchain-mcp-adapters", connect)
