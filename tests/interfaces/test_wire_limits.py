"""Attacks on the connections of a server process: endless bytes, slow bytes, and too many connections."""

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import pytest

from slotmcp.domain.access import Scope
from support.denver import PLAN
from support.http_server import SLOTMCP_HTTP, HttpServer, open_database, serving, write_database
from support.until import until
from support.wire import (
    HANG_SECONDS,
    HOST,
    PING,
    connect,
    exchange,
    flood,
    flood_without_reading,
    longest_ping_ratio,
    resident_mb,
)

MB: Final = 1_000_000
OFFERED_BYTES: Final = 60 * MB
BUFFERED_BYTES: Final = 20 * MB
"""Bytes that the buffers of both machines may hold, besides those that the server accepts."""
STALL_RATIO: Final = 120
"""Limit of the processor time of a ping during an attack, relative to an idle server: about 30 ms."""
OPEN_FILES: Final = 160
TOTAL: Final = 50
"""Connections that the limit of open files leaves: 100 files and the database's 10 connections are reserved."""
COVERAGE: Final = "COVERAGE_PROCESS_CONFIG"
"""Variable with which the coverage measurement extends to child processes."""
PER_PEER: Final = TOTAL // 2
PROXY: Final = "127.0.0.5"
CHUNKED: Final = b"POST /mcp HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
LARGE: Final = b"Content-Length: 999999999\r\n\r\n"


@pytest.fixture(scope="module")
def key_and_path(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("wire") / "slotmcp.db"

    async def write() -> str:
        async with open_database(path, PLAN) as database:
            return (await database.app.access.create(Scope.CALLER, project="*")).token

    return anyio.run(write), path


@pytest.fixture(scope="module")
def key(key_and_path: tuple[str, Path]) -> str:
    return key_and_path[0]


@pytest.fixture(scope="module")
def server(key_and_path: tuple[str, Path]) -> Iterator[HttpServer]:
    """Server with few open files. It trusts one proxy. Its coverage is not measured, which prolongs some stalls."""
    limited = ("bash", "-c", f'ulimit -n {OPEN_FILES}; unset {COVERAGE}; exec "$0" "$@"', *SLOTMCP_HTTP)
    with serving(key_and_path[1], command=limited, trusted_proxies=PROXY) as opened:
        yield opened


@pytest.mark.parametrize(
    ("head", "unit", "status"),
    [
        pytest.param(b"GET /", b"a", 414, id="url"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"X-A: ", b"a", 431, id="header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST, b"a", 431, id="name of a header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST, b"a:\r\n", 431, id="headers"),
        pytest.param(b"", b"\r\n", 431, id="empty lines"),
        pytest.param(CHUNKED + b"1\r\na\r\n0\r\nX-A: ", b"a", 401, id="trailer"),
        pytest.param(CHUNKED + b"1\r\na\r\n0\r\n", b"a:\r\n", 431, id="trailers"),
        pytest.param(CHUNKED + b"1;", b"a", 401, id="extension of a chunk"),
        pytest.param(CHUNKED, b"1\r\na\r\n", 401, id="chunks"),
        pytest.param(CHUNKED, b"8000\r\n" + b"a" * 0x8000 + b"\r\n", 401, id="chunked body after the answer"),
        pytest.param(b"POST /mcp HTTP/1.1\r\n" + HOST + LARGE, b"a", 413, id="body after the answer"),
        pytest.param(b"GET /healthz HTTP/1.1\r\n" + HOST + LARGE, b"a", 413, id="body of a GET request"),
    ],
)
def test_endless_bytes_are_cut_off_without_a_stall(server: HttpServer, head: bytes, unit: bytes, status: int) -> None:
    before_mb = resident_mb(server)
    ratio, result = longest_ping_ratio(server, partial(flood, server, head, unit, OFFERED_BYTES), limit=STALL_RATIO)
    assert result.sent_bytes < BUFFERED_BYTES
    assert result.answer[:12] in {b"HTTP/1.1 %d" % status, b"HTTP/1.1 401", b""}
    assert ratio < STALL_RATIO
    assert resident_mb(server) - before_mb < BUFFERED_BYTES / MB


def test_endless_pipelined_requests_are_not_read_before_their_answers_are(server: HttpServer) -> None:
    before_mb = resident_mb(server)
    requests = partial(flood_without_reading, server, b"GET /x HTTP/1.1\r\n\r\n", OFFERED_BYTES, stall_seconds=0.3)
    ratio, sent_bytes = longest_ping_ratio(server, requests, limit=STALL_RATIO)
    assert sent_bytes < BUFFERED_BYTES
    assert ratio < STALL_RATIO
    assert resident_mb(server) - before_mb < BUFFERED_BYTES / MB


def test_a_limit_is_answered_also_if_the_request_ends_there(server: HttpServer) -> None:
    answers = {
        b"GET /healthz?%s HTTP/1.1\r\n\r\n" % (b"a" * 8_200): 414,
        b"GET /healthz HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n": 431,
        b"GET /healthz HTTP/1.1\r\nA: " + b"a" * 66_000 + b"\r\n\r\n": 431,
        b"this is not HTTP\r\n\r\n": 400,
    }
    for request, status in answers.items():
        assert exchange(server, request).startswith(b"HTTP/1.1 %d" % status)
    largest = b"GET /healthz?%s HTTP/1.1\r\n%sA: %s\r\n\r\n" % (b"a" * 8_100, b"a: b\r\n" * 97, b"a" * 50_000)
    assert exchange(server, largest[:-2] + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/dashboard/login", b"&" * 65_000, 400),
        ("/dashboard/login", b"&" * 66_000, 413),
        ("/dashboard/login", b"key=" + b"%41" * 20_000, 401),
        ("/messages/?" + "a=b&" * 2_000, b"{}", 400),
        ("/mcp", b"[" * 900_000, 400),
        ("/mcp", b'{"jsonrpc":"2.0","x":[' + b"{}," * 300_000 + b"1]}", 413),
        ("/mcp", b'{"id":' + b"9" * 900_000 + b"}", 400),
        ("/mcp", b'{"id":"' + b"\\u0041" * 150_000 + b'"}', 400),
    ],
    ids=["form", "large form", "escapes", "query", "nesting", "values", "integer", "string"],
)
def test_a_hard_body_of_a_valid_size_does_not_stall_the_server(
    server: HttpServer, key: str, path: str, body: bytes, status: int
) -> None:
    content_type = "application/x-www-form-urlencoded" if "login" in path else "application/json"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\n"
        f"Accept: application/json, text/event-stream\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    ratio, answer = longest_ping_ratio(server, partial(exchange, server, head.encode() + body), limit=STALL_RATIO)
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert ratio < STALL_RATIO


def test_trailers_do_not_change_a_request_that_was_checked(server: HttpServer, key: str) -> None:
    request = CHUNKED + f"2\r\n{{}}\r\n0\r\nAuthorization: Bearer {key}\r\n\r\n".encode() + PING
    assert exchange(server, request).startswith(b"HTTP/1.1 401")


# Connections


def is_closed(connection: socket.socket) -> bool:
    """Return True if the server closed a connection, after everything that it sent."""
    connection.setblocking(False)  # noqa: FBT003  the library's signature
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


def open_streams(stack: ExitStack, server: HttpServer, key: str, count: int, source: str) -> None:
    """Open SSE streams, and wait until each has begun."""
    request = b"GET /sse HTTP/1.1\r\n" + HOST + f"Authorization: Bearer {key}\r\n\r\n".encode()
    streams = [stack.enter_context(connect(server, source)) for _ in range(count)]
    for stream in streams:
        stream.sendall(request)
    for stream in streams:
        assert stream.recv(12) == b"HTTP/1.1 200"


def test_the_limit_of_open_files_bounds_the_connections(server: HttpServer) -> None:
    assert f"slotmcp accepts {TOTAL} connections, not 2000" in server.log


def test_idle_connections_of_a_peer_give_way_to_new_ones(server: HttpServer) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(server, "127.0.0.2")) for _ in range(PER_PEER)]
        other = stack.enter_context(connect(server, "127.0.0.3"))
        assert exchange(server, PING, "127.0.0.2").startswith(b"HTTP/1.1 200")
        until(lambda: is_closed(idle[0]), "the oldest connection is closed")
        assert not any(map(is_closed, [*idle[1:], other]))


def test_a_peer_with_the_maximum_of_streams_is_refused_and_others_are_not(server: HttpServer, key: str) -> None:
    with ExitStack() as stack:
        open_streams(stack, server, key, PER_PEER, "127.0.0.4")
        refused = exchange(server, PING, "127.0.0.4")
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"too_many_connections" in refused
        assert exchange(server, PING, "127.0.0.3").startswith(b"HTTP/1.1 200")


def test_a_trusted_proxy_has_only_the_total_limit(server: HttpServer) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(server, PROXY)) for _ in range(PER_PEER + 10)]
        assert exchange(server, PING, PROXY).startswith(b"HTTP/1.1 200")
        assert not any(map(is_closed, idle))


def test_more_idle_connections_than_open_files_keep_no_caller_out(server: HttpServer) -> None:
    with ExitStack() as stack:
        for number in range(OPEN_FILES + 20):
            stack.enter_context(connect(server, f"127.0.1.{number % 250}"))
        ratio, _ = longest_ping_ratio(server, partial(exchange, server, PING), limit=STALL_RATIO)
        assert ratio < STALL_RATIO
    until(lambda: exchange(server, PING).startswith(b"HTTP/1.1 200"), "it still answers")


# Slow bytes

SECONDS: Final = 1.0
"""Timeout of the server for slow clients."""
DRIP_SECONDS: Final = SECONDS / 8
ANSWERED: Final = b"POST /healthz HTTP/1.1\r\n" + HOST
BODY: Final = b"Content-Length: 60000\r\n\r\n"
CHUNKS: Final = b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS: Final = {
    "nothing": (b"", b"", b""),
    "empty lines": (b"", b"\r\n", b""),
    "empty lines after an answer": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n", b"\r\n", b"HTTP/1.1 200"),
    "head": (b"GET / HTTP/1.1\r\nX: ", b"a", b"HTTP/1.1 408"),
    "body": (b"POST /mcp HTTP/1.1\r\n" + HOST + BODY, b"a", b"HTTP/1.1 408"),
    "chunks": (b"POST /mcp HTTP/1.1\r\n" + HOST + CHUNKS, b"1\r\na\r\n", b"HTTP/1.1 408"),
    "trailer": (b"POST /mcp HTTP/1.1\r\n" + HOST + CHUNKS + b"1\r\na\r\n0\r\nX: ", b"a", b"HTTP/1.1 408"),
    "body after an answer": (ANSWERED + BODY, b"a", b"HTTP/1.1 405"),
    "chunks after an answer": (ANSWERED + CHUNKS, b"1\r\na\r\n", b"HTTP/1.1 405"),
    "body of a stream's request": (b"GET /sse HTTP/1.1\r\n" + HOST + BODY, b"a", b"HTTP/1.1 200"),
}
UNREAD: Final = b"GET /dashboard/login HTTP/1.1\r\n" + HOST + b"\r\n"


@dataclass(frozen=True, slots=True)
class SlowClients:
    """Results of clients that were slow at the same time."""

    answers: Mapping[str, bytes]
    """Answers to drips, after which the server closed the connection."""
    stream_was_open: bool
    """True if the stream of a client that reads was still open."""
    metrics: str
    log: str


@pytest.fixture(scope="module")
def slow_clients(tmp_path_factory: pytest.TempPathFactory) -> SlowClients:
    path = tmp_path_factory.mktemp("slow") / "slotmcp.db"
    anyio.run(write_database, path, PLAN)
    with serving(path, request_timeout_seconds=str(SECONDS)) as server:
        with connect(server) as stream:
            stream.sendall(b"GET /sse HTTP/1.1\r\n" + HOST + b"\r\n")
            answers = anyio.run(drip_all, int(server.url.rpartition(":")[2]))
            stream_was_open = not is_closed(stream)
        metrics = exchange(server, PING.replace(b"/healthz", b"/metrics")).decode()
        _, log = server.stop()
    return SlowClients(answers, stream_was_open, metrics, log)


async def drip_all(port: int) -> Mapping[str, bytes]:
    """Run all slow clients at the same time."""
    async with asyncio.timeout(HANG_SECONDS), asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(drip(port, head, unit)) for name, (head, unit, _) in DRIPS.items()}
        tasks["answers that are not read"] = group.create_task(never_read(port))
    return {name: task.result() for name, task in tasks.items()}


async def drip(port: int, head: bytes, unit: bytes) -> bytes:
    """Send a unit at intervals until the server closes the connection. Return what it sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    answer = asyncio.create_task(read_until_closed(reader))
    while not answer.done():
        writer.write(unit)
        await asyncio.wait({answer}, timeout=DRIP_SECONDS)
    writer.close()
    return answer.result()


async def read_until_closed(reader: asyncio.StreamReader) -> bytes:
    received = b""
    try:
        while part := await reader.read(4096):
            received += part
    except ConnectionError:
        pass
    return received


async def never_read(port: int) -> bytes:
    """Request pages without reading them until the server resets the connection."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setblocking(False)  # noqa: FBT003  the library's signature
    loop = asyncio.get_running_loop()
    try:
        while True:
            await loop.sock_sendall(connection, UNREAD * 100)
    except ConnectionError:
        return b"reset"
    finally:
        connection.close()


@pytest.mark.parametrize("name", DRIPS)
def test_slow_bytes_do_not_extend_a_deadline(slow_clients: SlowClients, name: str) -> None:
    assert slow_clients.answers[name].startswith(DRIPS[name][2])


def test_a_client_that_does_not_read_its_answers_is_disconnected(slow_clients: SlowClients) -> None:
    assert slow_clients.answers["answers that are not read"] == b"reset"


def test_a_stream_whose_client_reads_has_no_deadline(slow_clients: SlowClients) -> None:
    assert slow_clients.stream_was_open


def test_closed_connections_are_counted_and_logged_at_most_once_a_minute(slow_clients: SlowClients) -> None:
    metric = r'^slotmcp_closed_connections_total{reason="deadline"} (\S+)'
    (count,) = re.findall(metric, slow_clients.metrics, re.MULTILINE)
    assert float(count) >= 2, "of the head and of the answers that are not read"
    assert "Limits closed connections" in slow_clients.log
    assert len(slow_clients.log.splitlines()) == 1, slow_clients.log
