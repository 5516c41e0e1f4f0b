"""The HTTP face: one Starlette app around what speaks MCP."""
