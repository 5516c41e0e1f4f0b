"""The least an MCP server can be: one tool, over stdio."""

from mcp.server import MCPServer

server = MCPServer("bare")


@server.tool()
async def list_services() -> str:
    """Say something."""
    return "none"


if __name__ == "__main__":
    server.run()
