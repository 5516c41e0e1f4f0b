"""Client of FastMCP."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["fastmcp==4.2.3"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a client."""
    async with Client(StreamableHttpTransport(URL, headers=HEADERS)) as client:
        listed = await client.list_tools()

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            result = await client.call_tool(name, arguments, raise_on_error=False)
            seen = {
                "content": [block.model_dump() for block in result.content],
                "structuredContent": result.structured_content,
            }
            return Seen(seen, "error" if result.is_error else "")

        yield Connection([tool.name for tool in listed], call, client.instructions)


run("fastmcp", connect)
