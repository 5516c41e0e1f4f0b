"""Capabilities that every server announces."""

from typing import Final

from mcp_types import (
    CompletionsCapability,
    PromptsCapability,
    ResourcesCapability,
    ServerCapabilities,
    ToolsCapability,
)

CAPABILITIES: Final = ServerCapabilities(
    completions=CompletionsCapability(),
    prompts=PromptsCapability(list_changed=False),
    resources=ResourcesCapability(subscribe=True, list_changed=False),
    tools=ToolsCapability(list_changed=False),
)
HANDSHAKE_CAPABILITIES: Final = CAPABILITIES.model_copy(
    update={"resources": ResourcesCapability(subscribe=False, list_changed=False)}
)
"""Those of the protocol's earlier revisions, in which clients cannot subscribe."""
