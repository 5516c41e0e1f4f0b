"""A way to a server that can be disturbed: it loses answers, goes slow or silent, or is cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

CHUNK = 65_536
Open = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""Opens a connection to the server."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one connection."""

    passing: asyncio.Event
    doomed: asyncio.Event
    losing: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Passes on what clients and the server say to each other, until it is told otherwise."""

    def __init__(self, opened: Open) -> None:
        self._open = opened
        self._writers: list[asyncio.StreamWriter] = []
        self._served: set[asyncio.Task[None]] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self._abandoned: list[asyncio.Event] = []
        self._doomed = asyncio.Event()
        self.cut_after: bytes = b""
        """When a client says this next, the server hears it, its answer is lost and the connection with it."""
        self.delay_seconds = 0.0
        """How long everything that is said takes, in each direction."""

    def silence(self) -> None:
        """Keep connections open, and let nothing through any more."""
        self._passing.clear()

    def resume(self) -> None:
        """Let everything through again, what came meanwhile too."""
        self._passing.set()

    def abandon(self) -> None:
        """Keep the connections that there are open, silent for good; new ones work."""
        self._passing.clear()
        self._abandoned.append(self._passing)
        self._passing = asyncio.Event()
        self._passing.set()

    def doom(self) -> None:
        """Let each connection that there is break when it is next used; new ones work."""
        self._doomed.set()
        self._doomed = asyncio.Event()

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """Let go of all connections."""
        for passing in (*self._abandoned, self._passing):
            passing.set()
        self.cut()
        await asyncio.gather(*self._served)

    def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more client."""
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
        fate = Fate(self._passing, self._doomed)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._up(reader, up_writer, fate))
            both.create_task(self._down(up_reader, writer, fate))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: Fate) -> None:
        with closing(writer), suppress(OSError):
            while said := await reader.read(CHUNK):
                await self._pass(fate.passing)
                if fate.doomed.is_set():
                    break
                if self.cut_after and self.cut_after in said:
                    self.cut_after = b""
                    fate.losing.set()
                writer.write(said)

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: Fate) -> None:
        with closing(writer), suppress(OSError):
            while said := await reader.read(CHUNK):
                await self._pass(fate.passing)
                if fate.losing.is_set():
                    break
                writer.write(said)

    async def _pass(self, passing: asyncio.Event) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await passing.wait()


@asynccontextmanager
async def proxied_redis(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy to the Redis of a URL, and the URL of the way through it."""
    parts = urlsplit(url)
    proxy = Proxy(partial(asyncio.open_connection, parts.hostname, parts.port))
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield proxy, f"redis://127.0.0.1:{port}"
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
