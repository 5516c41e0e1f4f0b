"""Event streams of a server, as clients open them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2

from support.denver import PROJECT
from support.http_server import MODERN, headers_of

ENVELOPE: Final = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
NOTIFICATIONS: Final = {"resourceSubscriptions": ["slotmcp://waitlist/x"]}
KINDS: Final = ("sse", "listen")
"""Streams of MCP; a third kind is that of the dashboard's board."""


def open_stream(client: httpx2.AsyncClient, how: str, key: str = "") -> Any:  # noqa: ANN401  the client's own context manager
    """Open a stream: "sse", "listen" or "board"."""
    if how == "board":
        return client.stream("GET", f"/dashboard/{PROJECT.id}/events")
    if how == "sse":
        return client.stream("GET", "/sse", headers={**headers_of(key), "Accept": "text/event-stream"})
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {"notifications": NOTIFICATIONS, "_meta": ENVELOPE},
    }
    headers = headers_of(key, MCP_Protocol_Version=MODERN, Mcp_Method="subscriptions/listen")
    return client.stream("POST", "/mcp", json=message, headers=headers)


@asynccontextmanager
async def opened(client: httpx2.AsyncClient, how: str, key: str = "") -> AsyncIterator[AsyncIterator[bytes]]:
    """Open a stream, and yield its chunks once the first has arrived."""
    async with open_stream(client, how, key) as stream:
        assert stream.status_code == httpx2.codes.OK, how
        chunks = stream.aiter_bytes()
        assert await anext(chunks)
        yield chunks


async def drain(chunks: AsyncIterator[bytes]) -> bytes:
    """Return the rest of a stream that ends properly: a cut connection would raise."""
    return b"".join([chunk async for chunk in chunks])
