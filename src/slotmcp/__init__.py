"""slotmcp: find, hold and book appointments with a pool of technicians, over MCP."""
