"""A routing server on a port of its own: it speaks enough of OSRM's table service, well or badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

Coordinate = tuple[float, float]
"""Longitude, latitude: as OSRM has it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a table."""

    path: str
    coordinates: list[Coordinate]
    sources: list[int]
    destinations: list[int]
    annotations: str

    @classmethod
    def of(cls, target: str) -> "Asked":
        path, _, coordinates = urlsplit(target).path.rpartition("/")
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query, separator="&").items()}
        return cls(
            path,
            [(float(one.split(",")[0]), float(one.split(",")[1])) for one in unquote(coordinates).split(";")],
            [int(one) for one in query["sources"].split(";")],
            [int(one) for one in query["destinations"].split(";")],
            query["annotations"],
        )

    def table(self, seconds: Callable[[Coordinate, Coordinate], float | None]) -> str:
        """The answer, where this many seconds go from one to the other."""
        places = self.coordinates
        rows = [[seconds(places[one], places[other]) for other in self.destinations] for one in self.sources]
        return json.dumps({"code": "Ok", "durations": rows})


@dataclass(slots=True)
class RoutingServer:
    """What it was asked, and what it answers: status and body; None is silence."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], tuple[int, str] | None] = lambda asked: (200, asked.table(lambda _one, _other: 600.0))
    _talking: dict["asyncio.Task[None] | None", asyncio.StreamWriter] = field(default_factory=dict)

    async def hang_up(self) -> None:
        """End what is still being talked about."""
        for writer in self._talking.values():
            writer.close()
        await asyncio.gather(*filter(None, self._talking))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talking[asyncio.current_task()] = writer
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                await self._answer(Asked.of(line.split()[1].decode()), writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        if (found := self.answer(asked)) is None:
            return
        status, text = found
        body = text.encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()


@asynccontextmanager
async def routing_server() -> AsyncIterator[RoutingServer]:
    """A server on an ephemeral port, as long as it is needed. Everything is ten minutes away from everything."""
    server = RoutingServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    server.url = f"http://{host}:{port}"
    async with listening:
        yield server
        await server.hang_up()
