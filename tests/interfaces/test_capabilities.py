"""Tests that a server announces only the capabilities that it has."""

import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS

from interfaces.capabilities import CAPABILITIES, HANDSHAKE_CAPABILITIES
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server
from support.server import Caller


@pytest.mark.parametrize("toolset", Toolset)
@pytest.mark.parametrize("read_only", [False, True])
async def test_every_server_has_what_it_announces(caller: Caller, toolset: Toolset, *, read_only: bool) -> None:
    server = create_server(caller.app, toolset=toolset, read_only=read_only)
    for mode, announced in (("auto", CAPABILITIES), ("legacy", HANDSHAKE_CAPABILITIES)):
        async with Client(server, mode=mode) as client:
            assert client.server_capabilities == announced
            assert (await client.list_tools()).tools
            assert (await client.list_prompts()).prompts
            assert (await client.list_resource_templates()).resource_templates


@pytest.mark.parametrize("uri", ["slotmcp://services/denver-hvac", "slotmcp://trace/01J0", "slotmcp://unknown/1"])
async def test_only_changing_resources_can_be_subscribed_to(operator: Caller, uri: str) -> None:
    async with Client(operator.server) as client:
        with pytest.raises(MCPError, match="no such resource to subscribe to") as refused:
            async with client.listen(resource_subscriptions=[uri]):
                pass
    assert refused.value.error.code == INVALID_PARAMS
