"""Routing server with OSRM's table service on a free port, whose responses a test can replace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

Coordinate = tuple[float, float]
"""Longitude and latitude, in OSRM's order."""


@dataclass(frozen=True, slots=True)
class TableRequest:
    """Request for a table."""

    path: str
    coordinates: list[Coordinate]
    sources: list[int]
    destinations: list[int]
    annotations: str

    @classmethod
    def of(cls, target: str) -> "TableRequest":
        path, _, coordinates = urlsplit(target).path.rpartition("/")
        query = {name: values[0] for name, values in parse_qs(urlsplit(target).query, separator="&").items()}
        return cls(
            path,
            [_parse_coordinate(text) for text in unquote(coordinates).split(";")],
            [int(index) for index in query["sources"].split(";")],
            [int(index) for index in query["destinations"].split(";")],
            query["annotations"],
        )

    def table(self, seconds: Callable[[Coordinate, Coordinate], float | None]) -> str:
        """Return the response with these seconds between coordinates."""
        places = self.coordinates
        rows = [[seconds(places[start], places[end]) for end in self.destinations] for start in self.sources]
        return json.dumps({"code": "Ok", "durations": rows})


def _parse_coordinate(text: str) -> Coordinate:
    longitude, latitude = text.split(",")
    return float(longitude), float(latitude)


@dataclass(slots=True)
class RoutingServer:
    """Requests so far, and the function that returns a status and a body, or None for no response."""

    url: str = ""
    requests: list[TableRequest] = field(default_factory=list)
    answer: Callable[[TableRequest], tuple[int, str] | None] = lambda request: (
        200,
        request.table(lambda _origin, _destination: 600.0),
    )
    _connections: dict["asyncio.Task[None] | None", asyncio.StreamWriter] = field(default_factory=dict)

    async def close(self) -> None:
        """Close all connections."""
        for writer in self._connections.values():
            writer.close()
        await asyncio.gather(*filter(None, self._connections))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections[asyncio.current_task()] = writer
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                await self._answer(TableRequest.of(line.split()[1].decode()), writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, request: TableRequest, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        if (response := self.answer(request)) is None:
            return
        status, text = response
        body = text.encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()


@asynccontextmanager
async def routing_server() -> AsyncIterator[RoutingServer]:
    """Run a server until the block ends. All places are ten minutes apart."""
    server = RoutingServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    server.url = f"http://{host}:{port}"
    async with listening:
        yield server
        await server.close()
