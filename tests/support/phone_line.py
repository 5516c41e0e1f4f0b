"""A business that is called through its real tools, whose traces are written when its callers have hung up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp import Client

from slotmcp.domain.access import LOCAL
from slotmcp.services.app import App
from slotmcp.services.current_principal import acting_as
from slotmcp.tools.server import create_server

Answer = Any


@asynccontextmanager
async def open_phone_line(app: App) -> AsyncIterator["PhoneLine"]:
    """A phone line; when the block ends, what was said stands in the traces."""
    async with app.tracing.writing(kept_days=1), Client(create_server(app)) as client:
        yield PhoneLine(client)


class PhoneLine:
    """Calls tools."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, who: str, tool: str, **arguments: object) -> Answer:
        """What is answered in a phone call, well or not."""
        with acting_as(LOCAL.with_call_id(who)):
            answer = (await self._client.call_tool(tool, arguments)).structured_content
        assert answer is not None
        return answer
