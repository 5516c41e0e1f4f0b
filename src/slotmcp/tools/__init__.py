"""MCP interface: tools, their wire models, and the sentences that agents say."""
