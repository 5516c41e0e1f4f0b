"""`python -m benchmarks.http_floor sdk|bare`: what a call costs over HTTP where get_slots has its answer ready.

`sdk`: the MCP library's own app, with get_slots as an echo that has slotmcp's schemas. `bare`: Starlette, no MCP.
Either is served as slotmcp is, and says where on stderr.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Final

import orjson
from mcp import Client
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from benchmarks.tools import echo_of
from slotmcp.bootstrap import open_app
from slotmcp.settings import Settings
from slotmcp.tools.server import CALLER_TOOLS
from slotmcp.web.serving import listen, serve

ARGUMENTS: Final = {"limit": 10}
"""What is asked in every call."""


def main(kind: str) -> None:
    """Serve until told to stop."""
    logging.basicConfig(level=logging.WARNING)
    floor = {"sdk": sdk, "bare": bare}[kind]
    tools, answer = asyncio.run(_ready())
    listening = listen("127.0.0.1", 0)
    sys.stderr.write(f"slotmcp listens on http://127.0.0.1:{listening.getsockname()[1]}/mcp; it is a floor.\n")
    sys.stderr.flush()
    serve(floor(tools, answer), listening, workers=1)


async def _ready() -> tuple[list[Tool], CallToolResult]:
    """The tools, and what slotmcp answers to the one that is measured."""
    async with open_app(Settings.load()) as app:
        tools: list[Tool] = [use_case.tool_of(app) for use_case in CALLER_TOOLS]
        async with Client(MCPServer("asked", tools=list(tools))) as client:
            return tools, await client.call_tool("get_slots", ARGUMENTS)


def sdk(tools: list[Tool], answer: CallToolResult) -> Callable[[], ASGIApp]:
    """The library alone."""

    def create() -> ASGIApp:
        server = MCPServer("floor", tools=[echo_of(tools, answer, "get_slots")])
        app = server.streamable_http_app(stateless_http=True, json_response=True)
        app.routes.append(Route("/readyz", _is_ready))
        return app

    return create


def bare(_tools: list[Tool], answer: CallToolResult) -> Callable[[], ASGIApp]:
    """As little as there can be."""
    result = answer.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def answered(request: Request) -> Response:
        asked = orjson.loads(await request.body())
        body = orjson.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result})
        return Response(body, media_type="application/json")

    return lambda: Starlette(routes=[Route("/mcp", answered, methods=["POST"]), Route("/readyz", _is_ready)])


async def _is_ready(_request: Request) -> Response:
    return Response("ready")


if __name__ == "__main__":
    main(sys.argv[1])
