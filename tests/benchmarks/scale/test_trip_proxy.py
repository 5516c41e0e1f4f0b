"""Proxy that delays trips: it counts them, forwards all bytes, and does not limit the throughput."""

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import perf_counter

import pytest

from support.trip_proxy import TripProxy, delayed

TRIP_SECONDS = 0.01
SIZE_BYTES = 1000


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[TripProxy]:
    """A proxy to a server that repeats each block of SIZE_BYTES."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    listener.listen()
    Thread(target=_echo, args=(listener,), daemon=True).start()
    with delayed(tmp_path / "socket", trip_seconds=TRIP_SECONDS) as running, listener:
        yield running


def _echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        while block := _read(connection):
            connection.sendall(block)


def _read(connection: socket.socket) -> bytes:
    return connection.recv(SIZE_BYTES, socket.MSG_WAITALL)


def test_each_request_that_waits_for_a_response_is_a_trip(proxy: TripProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as connection:
        started = perf_counter()
        for number in range(5):
            connection.sendall(bytes([number]) * SIZE_BYTES)
            assert _read(connection) == bytes([number]) * SIZE_BYTES
        assert perf_counter() - started >= 5 * TRIP_SECONDS  # a minimum, which other load cannot break
    assert proxy.trips == 5


def test_requests_that_do_not_wait_share_a_trip(proxy: TripProxy) -> None:
    blocks = [bytes([number]) * SIZE_BYTES for number in range(100)]
    with socket.create_connection(("127.0.0.1", proxy.port)) as connection:
        for block in blocks:
            connection.sendall(block)
        assert [_read(connection) for _ in blocks] == blocks
    assert proxy.trips < 20
