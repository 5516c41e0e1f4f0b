"""TCP proxy in a process of its own that delays each trip to a server, and counts the trips.

A trip is a request with its response: data from the client after data from the server. Each chunk is forwarded when its
delay has passed, and further chunks are read meanwhile, so that the delay does not limit the throughput.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

CHUNK_BYTES: Final = 262_144
DIRECTIONS: Final = 2


@dataclass(frozen=True, slots=True)
class TripProxy:
    """Running proxy."""

    port: int
    _count: "Synchronized[int]"

    @property
    def trips(self) -> int:
        """Number of trips on all connections since the start."""
        return self._count.value

    def url(self, url: str) -> str:
        """Return the URL of a PostgreSQL database through this proxy."""
        parts = urlsplit(url)
        return parts._replace(netloc=f"{parts.username}@127.0.0.1:{self.port}", query="").geturl()


@contextmanager
def delayed_postgres(url: str, *, trip_seconds: float) -> Iterator[TripProxy]:
    """Run a proxy to the PostgreSQL of a URL with a Unix socket until the block ends."""
    (folder,) = parse_qs(urlsplit(url).query)["host"]
    with delayed(Path(folder) / ".s.PGSQL.5432", trip_seconds=trip_seconds) as proxy:
        yield proxy


@contextmanager
def delayed(server: Path, *, trip_seconds: float) -> Iterator[TripProxy]:
    """Run a proxy to the server at a Unix socket until the block ends."""
    context = get_context("spawn")
    count = context.Value("q", 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = context.Process(
            target=_serve, args=(listener, str(server), trip_seconds / DIRECTIONS, count), daemon=True
        )
        process.start()
        try:
            yield TripProxy(listener.getsockname()[1], count)
        finally:
            process.kill()
            process.join()


def _serve(listener: socket.socket, server: str, delay_seconds: float, count: "Synchronized[int]") -> None:
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(server)
        counter = TripCounter(count)
        to_server = Direction(client, upstream, delay_seconds, on_read=counter.begin)
        to_client = Direction(upstream, client, delay_seconds, on_write=counter.end)
        for work in (to_server.read, to_server.write, to_client.read, to_client.write):
            Thread(target=work, daemon=True).start()


class TripCounter:
    """Counter of the trips of one connection."""

    def __init__(self, count: "Synchronized[int]") -> None:
        self._count = count
        self._lock = Lock()
        self._is_waiting = False

    def begin(self) -> None:
        """Count a trip, unless the client has sent data since it received the last response."""
        with self._lock:
            if not self._is_waiting:
                with self._count.get_lock():
                    self._count.value += 1
            self._is_waiting = True

    def end(self) -> None:
        """End the trip: the client receives a response."""
        with self._lock:
            self._is_waiting = False


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Direction:
    """One direction of a connection. A thread reads while another one waits and writes."""

    source: socket.socket
    target: socket.socket
    delay_seconds: float
    on_read: Callable[[], None] = _nothing
    on_write: Callable[[], None] = _nothing
    chunks: SimpleQueue[tuple[float, bytes]] = field(default_factory=SimpleQueue)
    """Data with the time at which it is due. Empty data ends the connection."""

    def read(self) -> None:
        """Read until the source closes the connection."""
        with suppress(OSError):
            while data := self.source.recv(CHUNK_BYTES):
                self.on_read()
                self.chunks.put((perf_counter() + self.delay_seconds, data))
        self.chunks.put((0.0, b""))

    def write(self) -> None:
        """Write each chunk when it is due."""
        with suppress(OSError):
            while True:
                due, data = self.chunks.get()
                if not data:
                    break
                sleep(max(0.0, due - perf_counter()))
                self.on_write()
                self.target.sendall(data)
            self.target.shutdown(socket.SHUT_WR)
