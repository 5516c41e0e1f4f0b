"""Geocoding server with Nominatim's search on a free port, whose responses a test can replace."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Request for a place."""

    path: str
    query: dict[str, str]
    agent: str


@dataclass(slots=True)
class GeocodingServer:
    """Requests so far, and the function that returns a status and a body."""

    url: str = ""
    requests: list[SearchRequest] = field(default_factory=list)
    answer: Callable[[SearchRequest], tuple[int, str]] = lambda _request: (200, found(39.75, -104.99))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                headers = {}
                while header := (await reader.readline()).strip():
                    name, _, value = header.decode().partition(": ")
                    headers[name.lower()] = value
                target = urlsplit(line.split()[1].decode())
                query = {name: values[0] for name, values in parse_qs(target.query).items()}
                request = SearchRequest(target.path, query, headers["user-agent"])
                self.requests.append(request)
                status, body = self.answer(request)
                head = f"HTTP/1.1 {status} Status\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body.encode())
                await writer.drain()
        finally:
            writer.close()


def found(latitude: float, longitude: float) -> str:
    """Return the response with one place."""
    return json.dumps([{"lat": str(latitude), "lon": str(longitude), "display_name": "A place"}])


@asynccontextmanager
async def geocoding_server() -> AsyncIterator[GeocodingServer]:
    """Serve until the block ends."""
    state = GeocodingServer()
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield state
    finally:
        server.close()
