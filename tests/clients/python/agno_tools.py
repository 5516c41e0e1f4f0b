"""Tools of Agno."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["agno[mcp]==3.1.10"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agno.tools.mcp import MCPTools
from conversation import HEADERS, URL, Connection, Seen, run


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open the tools."""
    async with MCPTools(url=URL, transport="streamable-http", headers=HEADERS) as tools:
        functions = tools.functions

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            return Seen((await functions[name].entrypoint(**arguments)).content)

        yield Connection(list(functions), call)


run("agno", connect)
