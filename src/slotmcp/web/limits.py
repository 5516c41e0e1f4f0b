"""What a request may be: how large its body is, and how long it may take to arrive."""

import asyncio
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from slotmcp.web.answers import refusal

BODY_SECONDS: Final = 30
HEADERS_SECONDS: Final = 10
MAX_HEADER_BYTES: Final = 64 * 1024


class BoundedBody:
    """Refuses bodies that are too large or too slow, whether their length was announced or not."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_announced(scope, self._max_bytes)
            late_at = asyncio.get_running_loop().time() + self._seconds
            body = _Body(receive, send, self._max_bytes, late_at, is_awaited=scope.get("method") != "GET")
            await self._app(scope, body.receive, body.send)
        except _TooLargeError:
            # The connection is left open: closed with bytes unread, it would take the answer with it.
            await refusal(413, "too_large", f"Send at most {self._max_bytes} bytes.")(scope, receive, send)
        except _TooSlowError:
            told = refusal(408, "too_slow", "The request did not arrive in time.", headers={"Connection": "close"})
            await told(scope, receive, send)
        except _GoneError:
            return  # whoever hung up before all was said is told nothing, and nothing has failed


class _TooLargeError(Exception):
    """There is more than may be."""


class _TooSlowError(Exception):
    """It has not come in time."""


class _GoneError(Exception):
    """The client has gone before it was whole."""


class _Body:
    """A body as it arrives. After it comes only that the client has gone, which may take any time.

    Once the answer has begun nothing can be refused any more; whoever answers is told that the client has gone.
    """

    def __init__(self, receive: Receive, send: Send, left: int, late_at: float, *, is_awaited: bool) -> None:
        self._receive = receive
        self._send = send
        self._left = left
        self._late_at = late_at
        self._is_awaited = is_awaited
        """Whether the request means nothing without it."""
        self._is_whole = False
        self._is_answered = False

    async def send(self, message: Message) -> None:
        self._is_answered = True
        await self._send(message)

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._late_at):
                message = await self._receive()
        except TimeoutError:
            return self._ended(_TooSlowError())
        if message["type"] == "http.disconnect":
            return self._ended(_GoneError()) if self._is_awaited else message
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            return self._ended(_TooLargeError())
        self._is_whole = not message.get("more_body", False)
        return message

    def _ended(self, reason: Exception) -> Message:
        if not self._is_answered:
            raise reason
        return {"type": "http.disconnect"}


def _check_announced(scope: Scope, max_bytes: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > max_bytes:
            raise _TooLargeError


class BoundedHeaders(HttpToolsProtocol):
    """HTTP/1.1 whose headers have to arrive in time and within bounds."""

    _timer: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  as uvicorn has it
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._forget_headers()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of the headers."""
        super().on_message_begin()
        self._expect_headers()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, unless it is one too many."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("too many headers")  # the parser's caller answers 400
        super().on_header(name, value.strip(b" \t"))  # which is no part of it (RFC 9110, 5.5)

    def on_headers_complete(self) -> None:
        """Go on with the request."""
        self._forget_headers()
        super().on_headers_complete()

    def _expect_headers(self) -> None:
        self._forget_headers()
        self._timer = self.loop.call_later(HEADERS_SECONDS, self.transport.close)

    def _forget_headers(self) -> None:
        self._header_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
