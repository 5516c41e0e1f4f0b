"""A way to the server that can be disturbed: it loses answers, goes silent, or is cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CHUNK = 65_536


class Proxy:
    """Passes on what clients and the server say to each other, until it is told otherwise."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._writers: list[asyncio.StreamWriter] = []
        self._passing = asyncio.Event()
        self._passing.set()
        self._doomed: list[asyncio.Event] = []
        self.cut_after: bytes = b""
        """When a client says this next, the server hears it, its answer is lost and the connection with it."""

    def silence(self) -> None:
        """Keep connections open, and let nothing through any more."""
        self._passing.clear()

    def resume(self) -> None:
        """Let everything through again, what came meanwhile too."""
        self._passing.set()

    def doom(self) -> None:
        """Let each connection that there is break when it is next used."""
        for one in self._doomed:
            one.set()

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        up_reader, up_writer = await asyncio.open_unix_connection(self._server)
        self._writers += [writer, up_writer]
        losing, doomed = asyncio.Event(), asyncio.Event()
        self._doomed.append(doomed)
        with suppress(OSError):
            async with asyncio.TaskGroup() as both:
                both.create_task(self._up(reader, up_writer, losing, doomed))
                both.create_task(self._down(up_reader, writer, losing))

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event, doomed: asyncio.Event
    ) -> None:
        while said := await reader.read(CHUNK):
            await self._passing.wait()
            if doomed.is_set():
                break
            if self.cut_after and self.cut_after in said:
                self.cut_after = b""
                losing.set()
            writer.write(said)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        while said := await reader.read(CHUNK):
            await self._passing.wait()
            if losing.is_set():
                break
            writer.write(said)
        writer.close()


@asynccontextmanager
async def proxied(url: str, folder: Path) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy to the server of a URL over a socket, and the URL of the way through it."""
    parts = urlsplit(url)
    (host,) = parse_qs(parts.query)["host"]
    proxy = Proxy(Path(host) / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(proxy.serve, folder / ".s.PGSQL.5432")
    try:
        yield proxy, parts._replace(query=f"host={folder}").geturl()
    finally:
        server.close()
        proxy.resume()
        proxy.cut()
        await server.wait_closed()
