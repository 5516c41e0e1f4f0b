"""Client of Pipecat."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["pipecat-ai[mcp]==1.14.0"]
# ///
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conversation import HEADERS, URL, Connection, Seen, run
from mcp.client.session_group import StreamableHttpParameters
from pipecat.services.mcp_service import MCPClient


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a client."""
    async with MCPClient(StreamableHttpParameters(url=URL, headers=HEADERS)) as client:
        schema = await client.tools()

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            answers: list[str] = []

            async def keep(answer: str) -> None:
                answers.append(answer)

            await client._call_tool(name, arguments, keep)  # noqa: SLF001  what a model's call leads to
            return Seen(answers[0])

        yield Connection([tool.name for tool in schema.standard_tools], call)


run("pipecat-ai", connect)
