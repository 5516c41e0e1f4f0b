"""Tools of LlamaIndex."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["llama-index-tools-mcp==0.6.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from llama_index.tools.mcp import BasicMCPClient, McpToolSpec


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Load the tools; each call opens a connection of its own."""
    tools = {
        tool.metadata.name: tool
        for tool in await McpToolSpec(BasicMCPClient(URL, headers=HEADERS)).to_tool_list_async()
    }

    async def call(name: str, arguments: dict[str, object]) -> Seen:
        output = await tools[name].acall(**arguments)
        return Seen(output.content, "error" if output.is_error else "")

    yield Connection(list(tools), call)


run("llama-index-tools-mcp", connect)
