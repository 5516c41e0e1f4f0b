"""Tools of smolagents."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["smolagents[mcp]==1.26.0", "mcp<2", "websockets"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from smolagents import MCPClient


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a client, which runs in a thread of its own."""
    server = {"url": URL, "transport": "streamable-http", "headers": HEADERS}
    with MCPClient(server, structured_output=False) as listed:
        tools = {tool.name: tool for tool in listed}

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            return Seen(tools[name](**arguments))

        yield Connection(list(tools), call)


run("smolagents", connect)
