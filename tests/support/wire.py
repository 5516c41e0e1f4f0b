"""Raw connections to a server process, and the processor time that it takes to answer a ping."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from support.http_server import HttpServer
from support.processor import cpu_ms

HOST: Final = b"Host: localhost\r\n"
PING: Final = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
HANG_SECONDS: Final = 60
_PART_BYTES: Final = 64 * 1024
T = TypeVar("T")


def connect(server: HttpServer, source: str = "127.0.0.1") -> socket.socket:
    """Connect from an address of this machine."""
    port = int(server.url.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=HANG_SECONDS, source_address=(source, 0))


def exchange(server: HttpServer, request: bytes, source: str = "127.0.0.1") -> bytes:
    """Send a request and return everything that the server sends until it closes the connection."""
    with connect(server, source) as connection:
        connection.sendall(request)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return what arrives until the server closes or resets the connection."""
    received = b""
    try:
        while part := connection.recv(_PART_BYTES):
            received += part
    except ConnectionError:
        pass
    return received


@dataclass(frozen=True, slots=True)
class Flood:
    """Result of a flood."""

    sent_bytes: int
    answer: bytes
    """Beginning of the answer; empty if a reset of the connection discarded it."""


def flood(server: HttpServer, head: bytes, unit: bytes, total: int) -> Flood:
    """Send a head and then a repeated unit until the server resets the connection. Then read the answer."""
    part = unit * (_PART_BYTES // len(unit))
    with connect(server) as connection:
        sent = 0
        try:
            connection.sendall(head)
            while sent < total:
                sent += connection.send(part)
        except ConnectionError:
            pass
        try:
            return Flood(sent, connection.recv(_PART_BYTES))
        except ConnectionError:
            return Flood(sent, b"")


def flood_without_reading(server: HttpServer, unit: bytes, total: int, *, stall_seconds: float) -> int:
    """Send a repeated unit until the server does not read for some time. Return the number of bytes."""
    part = unit * (_PART_BYTES // len(unit))
    with connect(server) as connection:
        connection.settimeout(stall_seconds)
        sent = 0
        try:
            while sent < total:
                sent += connection.send(part)
        except (ConnectionError, TimeoutError):
            pass
        return sent


def resident_mb(server: HttpServer) -> float:
    """Return the memory of the server process."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def ping_cpu_ms(server: HttpServer) -> float:
    """Ping the server and return the processor time of its event loop until the answer arrived."""
    before = cpu_ms(server.process.pid)
    assert exchange(server, PING).startswith(b"HTTP/1.1 200")
    return cpu_ms(server.process.pid) - before


def longest_ping_ratio(server: HttpServer, during: Callable[[], T], *, limit: float) -> tuple[float, T]:
    """Ping the server while a function runs in a thread.

    A busy machine may prolong one ping, but the server's own stall prolongs a ping of each run. If the ratio is above
    the limit, the function therefore runs twice more, and the median counts.

    Returns:
        Processor time of the longest ping, relative to an idle server, and the function's first result.
    """
    ratio, result = _ping_ratio(server, during)
    if ratio >= limit:
        ratio = median([ratio, *(_ping_ratio(server, during)[0] for _ in range(2))])
    return ratio, result


def _ping_ratio(server: HttpServer, during: Callable[[], T]) -> tuple[float, T]:
    idle_ms = median(ping_cpu_ms(server) for _ in range(10))
    longest_ms, result = _longest_ping_cpu_ms(server, during)
    return longest_ms / idle_ms, result


def _longest_ping_cpu_ms(server: HttpServer, during: Callable[[], T]) -> tuple[float, T]:
    results: list[T] = []
    thread = threading.Thread(target=lambda: results.append(during()))
    thread.start()
    longest = ping_cpu_ms(server)
    while thread.is_alive():
        longest = max(longest, ping_cpu_ms(server))
    thread.join()
    return longest, results[0]
