"""Tools of CrewAI."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["crewai-tools[mcp]==1.15.30"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from crewai_tools import MCPServerAdapter


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open an adapter, which runs in a thread of its own."""
    with MCPServerAdapter({"url": URL, "transport": "streamable-http", "headers": HEADERS}) as listed:
        tools = {tool.name: tool for tool in listed}

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            try:
                return Seen(tools[name].run(**arguments))
            except ValueError as error:
                return Seen(str(error), "error")

        yield Connection(list(tools), call)


run("crewai-tools", connect)
