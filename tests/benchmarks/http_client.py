"""HTTP client of minimal cost: one connection, one request at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

Post = Callable[[bytes], Awaitable[bytes]]
"""Posts a message to /mcp, and returns the body of the response."""

_HEAD = (
    b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Accept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n"
)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Post]:
    """Open a connection to a server, and yield a function that posts messages."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)

    async def post(message: bytes) -> bytes:
        writer.write(_HEAD % len(message) + message)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise AssertionError(head)
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        return await reader.readexactly(length)

    yield post
    writer.close()
    await writer.wait_closed()
