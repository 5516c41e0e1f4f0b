"""The real HTTP server with an echo tool that repeats a response of get_slots: the cost of a call in the SDK."""

import sys

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp_types import CallToolResult

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.cli.http import connection_limits
from slotmcp.settings import Settings
from slotmcp.web.serving import listen, serve


def add_echo(server: MCPServer) -> None:
    """Add the echo tool."""
    responses: list[CallToolResult] = []

    @server.tool()
    async def echo(ctx: Context) -> CallToolResult:
        if not responses:
            answer = await server.call_tool("get_slots", {"limit": 10}, ctx)
            assert isinstance(answer, CallToolResult)
            responses.append(answer)
        return responses[0]


def create() -> HttpApp:
    """Create the app."""
    return HttpApp(Settings.load(), ServeOptions(is_open=True, is_local=True, owns_process=True, extend=add_echo))


if __name__ == "__main__":
    listening = listen("127.0.0.1", 0)
    sys.stderr.write(f"slotmcp listens on http://127.0.0.1:{listening.getsockname()[1]}/mcp\n")
    serve(create, listening, workers=1, limits=connection_limits(Settings.load()), stop_seconds=0)
