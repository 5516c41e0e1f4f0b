"""Client of the reference SDK for Python."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["mcp==2.3.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from conversation import HEADERS, URL, Connection, Seen, run
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a session over Streamable HTTP."""
    async with (
        httpx2.AsyncClient(headers=HEADERS) as http,
        streamable_http_client(URL, http_client=http) as (reading, writing, *_),
        ClientSession(reading, writing) as session,
    ):
        hello = await session.initialize()
        listed = await session.list_tools()

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            result = await session.call_tool(name, arguments)
            return Seen(result.model_dump(by_alias=True), "error" if result.is_error else "")

        yield Connection([tool.name for tool in listed.tools], call, hello.instructions)


run("mcp", connect)
