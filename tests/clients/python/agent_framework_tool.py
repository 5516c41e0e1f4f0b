"""Tool of Microsoft's Agent Framework."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["agent-framework-core==1.23.0", "mcp==2.3.0", "tenacity"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from agent_framework import MCPStreamableHTTPTool
from agent_framework.exceptions import ToolExecutionException
from conversation import HEADERS, URL, Connection, Seen, run


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a tool, which has the tools of a server as functions."""
    async with (
        httpx2.AsyncClient(headers=HEADERS) as http,
        MCPStreamableHTTPTool("slotmcp", URL, http_client=http) as tool,
    ):

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            try:
                output = await tool.call_tool(name, **arguments)
            except ToolExecutionException as error:
                return Seen(str(error), "error")
            return Seen(output if isinstance(output, str) else [getattr(item, "text", item) for item in output])

        yield Connection([function.name for function in tool.functions], call)


run("agent-framework-core", connect)
