"""The MCP face: tools, wire models, and the sentence to speak."""
