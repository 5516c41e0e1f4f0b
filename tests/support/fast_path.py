"""Requests that either the fast path or the MCP SDK serves."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import pytest
from mcp.server import MCPServer
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from slotmcp.domain.access import Principal
from slotmcp.domain.access import Scope as AccessScope
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.fast_calls import FastToolCalls
from support.mcp_over_asgi import McpOverAsgi
from support.plain_requests import CallRequest, plain_request

OPERATOR: Final = Principal(credential="k-operator", scopes=AccessScope.OPERATOR.included, projects=None)


@dataclass(slots=True)
class OtherApp:
    """ASGI app in the place of the SDK's, which reads the body."""

    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, has_more = b"", True
        while has_more:
            message = await receive()
            body += message["body"]
            has_more = message["more_body"]
        self.bodies.append(body)
        await Response(status_code=HTTPStatus.ACCEPTED)(scope, receive, send)


async def is_left_to_the_sdk(mcp: McpOverAsgi, request: CallRequest) -> bool:
    """Return whether a request reaches the SDK, after checking that it does so unchanged."""
    other = OtherApp()
    app = FastToolCalls(other, mcp.server, path="/mcp")
    with acting_as(OPERATOR):
        response = await McpOverAsgi.send_to(app, request, {})
    assert response.status == (HTTPStatus.ACCEPTED if other.bodies else HTTPStatus.OK)
    assert other.bodies in ([], [request.body])
    return bool(other.bodies)


def record_calls_of_the_sdk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that will contain the tool of each call that the SDK serves during the current test."""
    call_tool = MCPServer.call_tool
    called: list[str] = []

    async def recorded(self: MCPServer, name: str, *arguments: Any) -> object:  # noqa: ANN401  those of the SDK
        called.append(name)
        return await call_tool(self, name, *arguments)

    monkeypatch.setattr(MCPServer, "call_tool", recorded)
    return called


def slots_request(named_version: str | None) -> CallRequest:
    return plain_request("get_slots", {"limit": 3}, named_version)
