"""Clients that call tools over HTTP on one connection, and check and time each response."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import orjson

from support.http_server import call_of


class FailedCallError(Exception):
    """A call has another response than the benchmark expects."""


class HttpClient:
    """Connection of minimal cost to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.latest_ms = 0.0
        """Time of the latest call."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator["HttpClient"]:
        """Connect until the block ends."""
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def call(self, tool: str, **arguments: object) -> Mapping[str, Any]:
        """Return the response of a tool.

        Raises:
            FailedCallError: it is an error.
        """
        message = orjson.dumps(call_of(tool, **arguments))
        started = perf_counter()
        body = await self._exchange(b"POST /mcp", message)
        self.latest_ms = (perf_counter() - started) * 1000
        result = orjson.loads(body).get("result", {})
        if result.get("isError", True):
            raise FailedCallError(f"{tool} {arguments}: {body.decode()}")
        content: Mapping[str, Any] = result["structuredContent"]
        return content

    async def get(self, path: str) -> bytes:
        """Return a page.

        Raises:
            FailedCallError: its status is not 200.
        """
        started = perf_counter()
        body = await self._exchange(f"GET {path}".encode(), b"")
        self.latest_ms = (perf_counter() - started) * 1000
        return body

    async def _exchange(self, line: bytes, body: bytes) -> bytes:
        self._writer.write(
            b"%b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Accept: application/json, text/event-stream, text/html\r\nContent-Length: %d\r\n\r\n%b"
            % (line, len(body), body)
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise FailedCallError(f"{line.decode()}: {head.decode()}")
        return await self._body(head.lower())

    async def _body(self, head: bytes) -> bytes:
        if b"content-length:" in head:
            return await self._reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
        chunks = []
        while size := int(await self._reader.readline(), 16):
            chunks.append(await self._reader.readexactly(size))
            await self._reader.readline()
        await self._reader.readline()
        return b"".join(chunks)
