"""MCP server of the OpenAI Agents SDK."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["openai-agents==0.24.0"]
# ///
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents import RunContextWrapper
from agents.mcp import MCPServerStreamableHttp, MCPUtil
from conversation import HEADERS, URL, Connection, Seen, run


@asynccontextmanager
async def connect() -> AsyncIterator[Connection]:
    """Open a server."""
    async with MCPServerStreamableHttp(params={"url": URL, "headers": HEADERS}) as server:
        tools = {tool.name: tool for tool in await server.list_tools()}

        async def call(name: str, arguments: dict[str, object]) -> Seen:
            output = await MCPUtil.invoke_mcp_tool(server, tools[name], RunContextWrapper(None), json.dumps(arguments))
            return Seen(output["text"] if isinstance(output, dict) and output.get("type") == "text" else output)

        yield Connection(list(tools), call)


run("openai-agents", connect)
