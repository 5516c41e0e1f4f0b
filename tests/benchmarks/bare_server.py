"""Minimal MCP server: one tool, over stdio."""

from mcp.server import MCPServer

server = MCPServer("bare")


@server.tool()
async def list_services() -> str:
    """Return a constant."""
    return "none"


if __name__ == "__main__":
    server.run()
