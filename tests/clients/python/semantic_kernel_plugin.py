"""Plugin of Semantic Kernel."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["semantic-kernel[mcp]==1.45.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from semantic_kernel.connectors.mcp import MCPStreamableHttpPlugin


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a plugin."""
    async with MCPStreamableHttpPlugin(name="slotmcp", url=URL, headers=HEADERS, load_prompts=False) as plugin:
        listed = await plugin.session.list_tools()

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            return Seen([content.text for content in await plugin.call_tool(name, **arguments)])

        yield Connection([tool.name for tool in listed.tools], call)


run("semantic-kernel", connect)
