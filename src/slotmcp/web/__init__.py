"""HTTP interface: one Starlette app around the MCP transports."""
