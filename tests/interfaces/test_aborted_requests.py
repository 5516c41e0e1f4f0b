"""Tests of requests that end early or never: they are not server failures."""

from pathlib import Path
from socket import create_connection

import anyio
import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from slotmcp.web.limits import BodyLimitMiddleware
from support.denver import PLAN
from support.http_server import serving, write_database

HALF = "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{{"
SCOPE = {"type": "http", "method": "GET", "path": "/", "headers": []}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/sse"), ("POST", "/mcp"), ("DELETE", "/mcp"), ("POST", "/messages/")]
)
async def test_a_disconnect_within_a_request_is_neither_logged_nor_counted(
    tmp_path: Path, method: str, path: str
) -> None:
    await write_database(tmp_path / "slotmcp.db", PLAN)
    with serving(tmp_path / "slotmcp.db", log_level="error") as server:
        port = int(server.url.rpartition(":")[2])
        for _ in range(5):
            with create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(HALF.format(method=method, path=path).encode())
        async with httpx2.AsyncClient(base_url=server.url) as client:
            counted = (await client.get("/metrics")).text
        code, log = server.stop()
    assert 'status="5' not in counted
    assert (code, log) == (0, "")


async def test_a_stream_whose_request_never_ends_is_closed() -> None:
    events: list[str] = []

    async def stream(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        events.append((await receive())["type"])

    async def never() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def sent(message: Message) -> None:
        events.append(str(message.get("status", message["type"])))

    await BodyLimitMiddleware(stream, max_bytes=10, seconds=0.01)(dict(SCOPE), never, sent)
    assert events == ["200", "http.disconnect", "http.response.body"], "the response ends properly"
