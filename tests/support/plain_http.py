"""Clients of the plain HTTP interface in this process, without sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from slotmcp.asgi import HttpApp
from slotmcp.tools.gate import local_gate
from slotmcp.tools.server import SlotmcpServer
from slotmcp.tools.tool_caller import ToolCaller
from slotmcp.web.tool_calls import TOOLS_PATH, ToolEndpoint
from support.http_server import running
from support.server import Caller


@dataclass(frozen=True, slots=True)
class PlainClient:
    """Client of an app."""

    http: httpx2.AsyncClient

    async def call(
        self, tool: str, headers: Mapping[str, str] | None = None, /, **arguments: object
    ) -> httpx2.Response:
        """Call a tool."""
        return await self.http.post(f"/v1/tools/{tool}", json=arguments, headers=headers)


@asynccontextmanager
async def plain_client(app: HttpApp | Starlette, key: str = "") -> AsyncIterator[PlainClient]:
    """Open a client of an app that is running."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as http:
        yield PlainClient(http)


@asynccontextmanager
async def running_client(app: HttpApp, key: str = "") -> AsyncIterator[PlainClient]:
    """Run an app, and open a client of it."""
    async with running(app), plain_client(app, key) as client:
        yield client


def tools_only(caller: Caller) -> Starlette:
    """Return an app with the tools of a caller's server, for the local user and with the caller's clock."""
    assert isinstance(caller.server, SlotmcpServer)
    tools = ToolCaller(caller.server.bound_tools, local_gate(), caller.app.ids)
    return Starlette(routes=[Route(TOOLS_PATH, ToolEndpoint(tools), methods=["POST"])])
