"""Tools of AutoGen."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["autogen-ext[mcp]==0.7.5", "mcp<2"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from autogen_ext.tools.mcp import McpWorkbench, StreamableHttpServerParams
from conversation import HEADERS, URL, Connection, Seen, run


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a workbench."""
    async with McpWorkbench(StreamableHttpServerParams(url=URL, headers=HEADERS)) as workbench:
        listed = await workbench.list_tools()

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            result = await workbench.call_tool(name, arguments)
            return Seen(result.to_text(), "error" if result.is_error else "")

        yield Connection([tool["name"] for tool in listed], call)


run("autogen-ext", connect)
