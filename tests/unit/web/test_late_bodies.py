"""Second check of a credential: only for a body that arrives late, and within a second."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from slotmcp.web.late_bodies import LATE_SECONDS, run_while_valid

pytestmark = pytest.mark.anyio
MAX_SECONDS = 1.0
"""Time within which a revocation takes effect."""


async def checks_of_body_after(seconds: float, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the number of checks for a body that arrives after some seconds on the event loop's clock."""
    checks, now = 0, 100.0

    async def refuse() -> Response | None:
        nonlocal checks
        checks += 1
        return None

    async def receive() -> Message:
        nonlocal now
        now += seconds
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await PlainTextResponse("done")(scope, receive, send)

    async def send(message: Message) -> None:
        assert message["type"].startswith("http.response")

    with monkeypatch.context() as patched:
        patched.setattr(asyncio.get_running_loop(), "time", lambda: now)
        await run_while_valid(app, {"type": "http"}, receive, send, refuse)
    return checks


async def test_a_body_is_checked_again_only_if_it_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await checks_of_body_after(0.1, monkeypatch) == 0
    assert await checks_of_body_after(MAX_SECONDS, monkeypatch) == 1
    assert LATE_SECONDS < MAX_SECONDS
