"""Client of the real tools, with traces that are written when the block ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client

from slotmcp.domain.access import LOCAL, CallId
from slotmcp.services.app import App
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.server import create_server

Answer = Any


@asynccontextmanager
async def open_phone_line(app: App) -> AsyncIterator["PhoneLine"]:
    """Open a phone line; all traces are written when the block ends."""
    async with app.tracing.writing(kept_days=1), Client(create_server(app)) as client:
        yield PhoneLine(client)


class PhoneLine:
    """Client that calls tools within phone calls."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, who: str, tool: str, **arguments: object) -> Answer:
        """Return the response of a call, or its error, within a phone call."""
        with acting_as(LOCAL.within(CallId("x-call-id", who))):
            answer = (await self._client.call_tool(tool, arguments)).structured_content
        assert answer is not None
        return answer
