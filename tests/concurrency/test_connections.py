"""Callers know whether a server can have received their message."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from concurrency.connections import Connections, NoResponseError, NotSentError
from support.free_port import free_port

RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connections_to(handler: Handler) -> AsyncIterator[Connections]:
    """Serve with a handler, and connect callers to it."""
    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connections = Connections(f"http://127.0.0.1:{port}", timeout_seconds=60)
        yield connections
        connections.close()


async def test_a_message_to_a_stopped_server_was_not_sent() -> None:
    stopped = Connections(f"http://127.0.0.1:{free_port()}", timeout_seconds=60)
    with pytest.raises(NotSentError):
        await stopped.post(b"{}")


async def test_a_server_that_ends_without_a_response_may_have_received_the_message() -> None:
    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.close()

    async with connections_to(receive) as connections:
        with pytest.raises(NoResponseError):
            await connections.post(b"{}")


async def test_a_connection_is_used_again() -> None:
    opened: list[asyncio.StreamWriter] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        for _ in range(2):
            await reader.readuntil(b"{}")
            writer.write(RESPONSE)
        writer.close()

    async with connections_to(respond) as connections:
        for _ in range(2):
            assert await connections.post(b"{}") == (200, b"ok")
    assert len(opened) == 1


async def test_a_connection_that_its_server_ended_is_closed() -> None:
    served = asyncio.Semaphore(0)

    async def respond_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(RESPONSE)
        writer.write_eof()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        served.release()

    async with connections_to(respond_once) as connections:
        assert await connections.post(b"{}") == (200, b"ok")
        reader, writer = connections.free[0]
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        assert not writer.is_closing()
        assert await connections.post(b"{}") == (200, b"ok")
        assert writer.is_closing()
        connections.close()
        async with asyncio.timeout(60):
            for _ in range(2):
                await served.acquire()
