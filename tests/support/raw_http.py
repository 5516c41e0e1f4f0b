"""HTTP over raw sockets, for clients that do not read, or do not close."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
import uvicorn

from slotmcp.asgi import HttpApp
from slotmcp.cli.http import connection_limits
from slotmcp.settings import Settings
from slotmcp.web import serving
from slotmcp.web.wire import LimitedHttpProtocolFactory
from support.http_server import MODERN, headers_of, running

HANG_SECONDS: Final = 60
_BUFFER_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class Connection:
    """Connection of a client, which reads only what a test asks for."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self, method: str, path: str, body: bytes = b"", *, key: str = "", **headers: str) -> int:
        """Send a request, and return the status of its response. The rest of the response is not read."""
        lines = [f"{name}: {value}" for name, value in headers_of(key, **headers).items()]
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *lines]
        self.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(HANG_SECONDS):
            return int((await self.reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1])

    async def session_path(self) -> str:
        """Return the path for the messages of an SSE session, from its first event."""
        async with asyncio.timeout(HANG_SECONDS):
            line = await self.reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"data: (\S+)", line)
        assert found, line
        return found[1].decode()

    def stop_reading(self) -> None:
        """Stop reading what the server sends."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def read_to_end(self) -> bytes:
        """Return what the server sends until it closes the connection."""
        async with asyncio.timeout(HANG_SECONDS):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""


@asynccontextmanager
async def connecting(port: int) -> AsyncIterator[Connection]:
    """Open a connection that buffers little, and close it when the block ends."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    client.setblocking(False)  # noqa: FBT003  of sockets
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=client, limit=_BUFFER_BYTES)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def listening(app: HttpApp) -> AsyncIterator[int]:
    """Serve an app in this process, and return its port."""
    listener = serving.listen("127.0.0.1", 0)
    protocol: Any = LimitedHttpProtocolFactory(connection_limits(Settings()))
    config = uvicorn.Config(app, http=protocol, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    async with running(app):
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task


def message(method: str, *, id: int | None = 1, **params: Any) -> bytes:  # noqa: A002, ANN401  of JSON-RPC
    """Return a JSON-RPC message; a notification has no id."""
    identified = {} if id is None else {"id": id}
    return orjson.dumps({"jsonrpc": "2.0", "method": method, **identified, **({"params": params} if params else {})})


def listen(*uris: object, **more: object) -> tuple[bytes, Mapping[str, str]]:
    """Return the body and the headers of a request for a subscription."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        **more,
    }
    body = message("subscriptions/listen", notifications={"resourceSubscriptions": uris}, _meta=meta)
    return body, {"mcp_protocol_version": MODERN, "mcp_method": "subscriptions/listen"}
