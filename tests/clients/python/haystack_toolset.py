"""Toolset of Haystack."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["mcp-haystack==2.1.1"]
# ///
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from haystack_integrations.tools.mcp import MCPToolset, StreamableHttpServerInfo


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a toolset, which runs in a thread of its own."""
    toolset = MCPToolset(StreamableHttpServerInfo(url=URL, headers=HEADERS), eager_connect=True)
    tools = {tool.name: tool for tool in toolset}

    async def call(name: str, arguments: dict[str, object]) -> Seen:
        try:
            return Seen(await asyncio.to_thread(tools[name].invoke, **arguments))
        except Exception as error:  # noqa: BLE001  the message goes to the model
            return Seen(str(error), "error")

    yield Connection(list(tools), call)
    toolset.close()


run("mcp-haystack", connect)
