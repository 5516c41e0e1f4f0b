"""Toolset of pydantic-ai."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["pydantic-ai-slim[mcp]==2.68.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from fastmcp.client.transports import StreamableHttpTransport
from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.test import TestModel
from pydantic_ai.usage import RunUsage


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a toolset."""
    context = RunContext(deps=None, model=TestModel(), usage=RunUsage())
    async with MCPToolset(StreamableHttpTransport(URL, headers=HEADERS), include_instructions=True) as toolset:
        tools = await toolset.get_tools(context)

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            try:
                return Seen(await toolset.call_tool(name, arguments, context, tools[name]))
            except ModelRetry as error:
                return Seen(error.message, "retry")

        instructions = await toolset.get_instructions(context)
        yield Connection(list(tools), call, instructions and instructions.content)


run("pydantic-ai-slim", connect)
