"""HTTP connections of minimal cost to one server. A request uses a free one, or opens another."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from support.http_server import headers_of

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

LIMIT_BYTES: Final = 2**24
_HEADERS: Final = "".join(f"{name}: {value}\r\n" for name, value in headers_of().items())
_HEAD: Final = f"POST /mcp HTTP/1.1\r\nHost: localhost\r\n{_HEADERS}Content-Length: %d\r\n\r\n".encode()


class NoResponseError(Exception):
    """A connection ended, or its server was too slow. Whether it received the message is unknown."""


class NotSentError(Exception):
    """No server accepted a connection."""


class Connections:
    """Connections to the server at a URL, which stay open."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        self._address = urlsplit(url)
        self._timeout_seconds = timeout_seconds
        self.free: list[Connection] = []
        """Connections that no request uses."""

    async def post(self, message: bytes) -> tuple[int, bytes]:
        """Send a message, and return the status and the body of the response.

        Raises:
            NotSentError, NoResponseError: there is none.
        """
        try:
            connection = await self._connection()
        except OSError as error:
            raise NotSentError from error
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._exchange(connection, message)
        except (OSError, EOFError) as error:  # TimeoutError is an OSError
            raise NoResponseError from error

    def close(self) -> None:
        """Close the connections, none of which is in use."""
        for _, writer in self.free:
            writer.transport.abort()

    async def _connection(self) -> Connection:
        while self.free:
            reader, writer = self.free.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.transport.abort()  # EOF from the server does not close the writer
        async with asyncio.timeout(self._timeout_seconds):
            return await asyncio.open_connection(self._address.hostname, self._address.port, limit=LIMIT_BYTES)

    async def _exchange(self, connection: Connection, message: bytes) -> tuple[int, bytes]:
        reader, writer = connection
        try:
            writer.write(_HEAD % len(message) + message)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            body = await reader.readexactly(length)
        except BaseException:
            writer.transport.abort()
            raise
        self.free.append(connection)
        return int(head.split(b" ", 2)[1]), body
