"""Proxy to a server that can lose responses, slow down, hang, or cut connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

CHUNK = 65_536
Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Opens a connection to the server."""
Observer = Callable[[bytes], None]
"""Receives what a client sends, in pieces."""


@dataclass(frozen=True, slots=True)
class ConnectionControl:
    """Events that control one connection."""

    passing: asyncio.Event
    doomed: asyncio.Event
    losing: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Forwarder between clients and a server."""

    def __init__(self, opened: Open, observer_of_connection: Callable[[], Observer] | None = None) -> None:
        self._open = opened
        self._observer_of_connection = observer_of_connection
        self._writers: list[asyncio.StreamWriter] = []
        self._served: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self._abandoned: list[asyncio.Event] = []
        self._doomed = asyncio.Event()
        self.cut_after: bytes = b""
        """The next request with these bytes reaches the server, but its response and the connection are lost."""
        self.delay_seconds = 0.0
        """Delay in each direction."""

    def silence(self) -> None:
        """Stop forwarding, with open connections."""
        self._passing.clear()

    def resume(self) -> None:
        """Resume forwarding, with the data that arrived meanwhile."""
        self._passing.set()

    def abandon(self) -> None:
        """Stop forwarding on existing connections for good; new ones work."""
        self._passing.clear()
        self._abandoned.append(self._passing)
        self._passing = asyncio.Event()
        self._passing.set()

    def doom(self) -> None:
        """Break existing connections at their next use; new ones work."""
        self._doomed.set()
        self._doomed = asyncio.Event()

    def cut(self) -> None:
        """Abort all connections."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """Close all connections."""
        for passing in (*self._abandoned, self._passing):
            passing.set()
        self.cut()
        await asyncio.gather(*self._served)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a new client."""
        served = asyncio.create_task(self._serve(reader, writer))
        self._served.add(served)
        served.add_done_callback(self._served.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await self._open()
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, up_writer]
        control = ConnectionControl(self._passing, self._doomed)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._up(reader, up_writer, control))
            both.create_task(self._down(up_reader, writer, control))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, control: ConnectionControl) -> None:
        observe = self._observer_of_connection() if self._observer_of_connection else None
        with closing(writer), suppress(OSError):
            while data := await reader.read(CHUNK):
                if observe:
                    observe(data)
                await self._pass(control.passing)
                if control.doomed.is_set():
                    break
                if self.cut_after and self.cut_after in data:
                    self.cut_after = b""
                    control.losing.set()
                writer.write(data)

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, control: ConnectionControl
    ) -> None:
        with closing(writer), suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._pass(control.passing)
                if control.losing.is_set():
                    break
                writer.write(data)

    async def _pass(self, passing: asyncio.Event) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await passing.wait()


@asynccontextmanager
async def proxied_redis(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Open a proxy to the Redis at a URL; yield it with its own URL."""
    parts = urlsplit(url)
    proxy = Proxy(partial(asyncio.open_connection, parts.hostname, parts.port))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield proxy, f"redis://127.0.0.1:{port}"
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
