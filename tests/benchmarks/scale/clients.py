"""Clients that call tools over HTTP on one connection, and check and time each response."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import orjson

from support.http_server import call_of

Body = Mapping[str, Any]


class FailedCallError(Exception):
    """A call has another response than the benchmark expects."""


class HttpClient:
    """Connection of minimal cost to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.latest_ms = 0.0
        """Time of the latest request."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["HttpClient"]:
        """Connect until the block ends."""
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=2**24)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def call(self, tool: str, **arguments: object) -> Body:
        """Return the response of a tool.

        Raises:
            FailedCallError: it is an error.
        """
        result, _ = await self.call_result(tool, **arguments)
        if result.get("isError", False):
            raise FailedCallError(f"{tool} {arguments}: {result}")
        content: Body = result["structuredContent"]
        return content

    async def call_result(self, tool: str, **arguments: object) -> tuple[Body, int]:
        """Return the result of a tool, which may be an error, and the size of the response in bytes."""
        body = await self.request("POST", "/mcp", orjson.dumps(call_of(tool, **arguments)))
        result: Body = orjson.loads(body)["result"]
        return result, len(body)

    async def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of a response.

        Raises:
            FailedCallError: its status is not 200.
        """
        started = perf_counter()
        self._writer.write(
            b"%b %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Accept: application/json, text/event-stream, text/html\r\nContent-Length: %d\r\n\r\n%b"
            % (method.encode(), path.encode(), len(body), body)
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise FailedCallError(f"{method} {path}: {head.decode()}")
        response = await self._reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]))
        self.latest_ms = (perf_counter() - started) * 1000
        return response
