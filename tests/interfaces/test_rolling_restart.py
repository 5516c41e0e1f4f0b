"""Test of a rolling restart: two servers of the shipped unit behind Caddy and nginx with their shipped files."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from slotmcp.domain.access import Scope
from support.caddy import proxying_with_caddy
from support.denver import PLAN
from support.free_port import free_port
from support.http_server import call_of, headers_of, open_database
from support.nginx import proxying_with_nginx
from support.streams import open_stream
from support.systemd_unit import Service
from support.until import is_open, until

SPEED: Final = 5
"""Health checks and drains are so many times as fast as shipped."""
DRAIN_SECONDS: Final = 5 / SPEED
PAUSE_SECONDS: Final = 0.03
PUBLIC_HOST: Final = "book.example.com"
MORE: Final = 5
TIMEOUT_SECONDS: Final = 120
Client = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Callers:
    """Clients of one address, which repeat their requests until they are told to stop."""

    url: str
    key: str
    failures: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    """Number of ends of streams, by kind of stream."""
    pause_seconds: float = PAUSE_SECONDS
    """Pause of each client between its requests."""
    is_over: bool = False

    @property
    def headers(self) -> dict[str, str]:
        return headers_of(self.key, Host=PUBLIC_HOST)

    def count(self, client: str, response: httpx2.Response) -> None:
        self.answers[client] = self.answers.get(client, 0) + 1
        if response.status_code != httpx2.codes.OK:
            self.failures.append(f"{client}: {response.status_code} {response.text}")
        elif b'"isError":true' in response.content:
            self.failures.append(f"{client}: {response.text}")

    async def repeat(self, client: str, request: Client) -> None:
        while not self.is_over:
            try:
                await request()
            except httpx2.TransportError as error:
                self.failures.append(f"{client}: {error!r}")
            await asyncio.sleep(self.pause_seconds)

    async def keep_connection(self, client: str) -> None:
        """Send all requests on one connection."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=TIMEOUT_SECONDS, headers=self.headers) as http:

            async def request() -> None:
                self.count(client, await http.post("/mcp", json=call_of("list_services")))

            await self.repeat(client, request)

    async def reconnect(self, client: str) -> None:
        """Send each request on a new connection, as Vapi does."""

        async def request() -> None:
            async with httpx2.AsyncClient(base_url=self.url, timeout=TIMEOUT_SECONDS, headers=self.headers) as http:
                self.count(client, await http.post("/mcp", json=call_of("list_services")))

        await self.repeat(client, request)

    async def stream(self, kind: str) -> None:
        """Keep a stream open, and open it again whenever it ends."""
        async with httpx2.AsyncClient(base_url=self.url, timeout=TIMEOUT_SECONDS) as http:
            http.headers.update({"Authorization": f"Bearer {self.key}", "Host": PUBLIC_HOST})

            async def request() -> None:
                async with open_stream(http, kind) as response:
                    if response.status_code != httpx2.codes.OK:
                        self.failures.append(f"{kind}: {response.status_code}")
                    async for _ in response.aiter_bytes():
                        self.answers[kind] = self.answers.get(kind, 0) + 1
                        if self.is_over:
                            return
                self.ends[kind] = self.ends.get(kind, 0) + 1

            await self.repeat(kind, request)

    async def until_all_have_more(self) -> None:
        """Wait until each client has some more answers."""
        before = dict(self.answers)
        while any(self.answers.get(name, 0) < before.get(name, 0) + MORE for name in CALLERS):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


CALLERS: Final = ("keeping-1", "keeping-2", "keeping-3", "reconnecting")


class SlowRequest:
    """Call whose body is incomplete for a while."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._body = orjson.dumps(call_of("get_slots", limit=1))

    async def begin(self) -> None:
        address = urlsplit(self._callers.url)
        self._reader, self._writer = await asyncio.open_connection(address.hostname, address.port)
        headers = {**self._callers.headers, "Content-Length": str(len(self._body)), "Connection": "close"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + self._body[:-1])

    async def end(self) -> None:
        self._writer.write(self._body[-1:])
        response = await self._reader.read()
        self._writer.close()
        if not response.startswith(b"HTTP/1.1 200 ") or b'"slots"' not in response:
            self._callers.failures.append(f"slow: {response!r}")


@pytest.fixture
def ports() -> list[int]:
    """Free ports of two servers and two proxies."""
    first = free_port(offsets=range(4))
    return [first + number for number in range(4)]


async def test_a_rolling_restart_costs_no_caller_an_error(tmp_path: Path, ports: list[int]) -> None:
    (tmp_path / "slotmcp").mkdir()
    async with open_database(tmp_path / "slotmcp" / "slotmcp.db", PLAN) as database:
        key = (await database.app.access.create(Scope.CALLER, project=PLAN.project.id, name="Voice")).token
    config = f'public_url = "http://{PUBLIC_HOST}"\ndrain_seconds = {DRAIN_SECONDS}\n'
    services = [Service(tmp_path, str(port), config=config, speed=SPEED) for port in ports[:2]]
    with ExitStack() as stack:
        for service in services:
            stack.callback(service.close)
        await asyncio.gather(*(asyncio.to_thread(service.start) for service in services))
        shipped_ports = dict(zip((8001, 8002), ports, strict=False))
        caddy = stack.enter_context(proxying_with_caddy(tmp_path, ports[2], shipped_ports, speed=SPEED))
        nginx = stack.enter_context(proxying_with_nginx(tmp_path, ports[3], shipped_ports))
        both = [Callers(caddy, key), Callers(nginx, key)]
        async with asyncio.timeout(TIMEOUT_SECONDS), asyncio.TaskGroup() as group:
            streams = [group.create_task(both[0].stream("sse"))]
            for callers in both:
                for name in CALLERS:
                    group.create_task((callers.keep_connection if "keeping" in name else callers.reconnect)(name))
                streams.append(group.create_task(callers.stream("listen")))
            await until_all_have_more(both)
            for service, port in zip(services, ports, strict=False):
                await restart(service, port, both)
                await until_all_have_more(both)
            for callers in both:
                callers.is_over = True
            for stream in streams:
                stream.cancel()
    assert [callers.failures for callers in both] == [[], []]
    assert both[0].ends["sse"] == 1, "one server serves SSE"
    assert all(1 <= callers.ends["listen"] <= len(services) for callers in both)


async def until_all_have_more(both: list[Callers]) -> None:
    """Wait until each client has some more answers."""
    await asyncio.gather(*(callers.until_all_have_more() for callers in both))


async def restart(service: Service, port: int, both: list[Callers]) -> None:
    """Restart a server while slow requests are open, which finish after it has stopped listening."""
    slow = [SlowRequest(callers) for callers in both for _ in range(2)]
    await asyncio.gather(*(request.begin() for request in slow))
    service.signal_stop()
    await asyncio.to_thread(partial(until, lambda: not is_open(port), f"nothing listens on {port}"))
    await asyncio.gather(*(request.end() for request in slow))
    assert await asyncio.to_thread(service.wait) == 0
    for callers in both:
        callers.pause_seconds = 3 * PAUSE_SECONDS  # leaves time for the server to start
    await asyncio.to_thread(service.start)
    for callers in both:
        callers.pause_seconds = PAUSE_SECONDS
