"""Limits of a request: the size of its headers and body, and the time they may take to arrive."""

import asyncio
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from slotmcp.web.responses import error_response

BODY_SECONDS: Final = 30
HEADERS_SECONDS: Final = 10
MAX_HEADER_BYTES: Final = 64 * 1024
_ABORT: Final = "slotmcp.abort"
"""ASGI extension with a function that closes the connection at once."""


class BodyLimitMiddleware:
    """Middleware that rejects bodies that are too large or too slow, with or without a Content-Length."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_content_length(scope, self._max_bytes)
            deadline = asyncio.get_running_loop().time() + self._seconds
            body = _Body(receive, send, self._max_bytes, deadline, is_required=scope.get("method") != "GET")
            await self._app(scope, body.receive, body.send)
        except _TooLargeError:
            # Leave the connection open: closing it with unread bytes would discard the response.
            await error_response(413, "too_large", f"Send at most {self._max_bytes} bytes.")(scope, receive, send)
        except _TooSlowError:
            headers = {"Connection": "close"}
            response = error_response(408, "too_slow", "The request did not arrive in time.", headers=headers)
            await response(scope, receive, send)
        except _DisconnectedError:
            return  # the client hung up before the request was complete: nothing has failed


class _TooLargeError(Exception):
    """Body above the size limit."""


class _TooSlowError(Exception):
    """Body that did not arrive in time."""


class _DisconnectedError(Exception):
    """Client that disconnected before the body was complete."""


class _Body:
    """Body of a request, limited in size and time. After the body, waiting for a disconnect has no time limit.

    Once the response has begun, an error is reported to the app as a disconnect.
    """

    def __init__(
        self, receive: Receive, send: Send, remaining_bytes: int, deadline: float, *, is_required: bool
    ) -> None:
        self._receive = receive
        self._send = send
        self._remaining_bytes = remaining_bytes
        self._deadline = deadline
        self._is_required = is_required
        """An incomplete body ends the request. A GET request has no body, so the app may handle the disconnect."""
        self._is_complete = False
        self._has_response = False

    async def send(self, message: Message) -> None:
        self._has_response = True
        await self._send(message)

    async def receive(self) -> Message:
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            return self._fail(_TooSlowError())
        if message["type"] == "http.disconnect":
            return self._fail(_DisconnectedError()) if self._is_required else message
        self._remaining_bytes -= len(message.get("body", b""))
        if self._remaining_bytes < 0:
            return self._fail(_TooLargeError())
        self._is_complete = not message.get("more_body", False)
        return message

    def _fail(self, error: Exception) -> Message:
        if not self._has_response:
            raise error
        return {"type": "http.disconnect"}


def _check_content_length(scope: Scope, max_bytes: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > max_bytes:
            raise _TooLargeError


def abort_connection(scope: Scope) -> None:
    """Close a request's connection without sending what its client has not read, if the ASGI server can."""
    extension = scope.get("extensions", {}).get(_ABORT)
    if extension is not None:
        extension["call"]()


class HeaderLimitProtocol(HttpToolsProtocol):
    """HTTP/1.1 protocol of uvicorn with limits on the size and the arrival time of headers."""

    _timer: asyncio.TimerHandle | None = None
    _header_bytes = 0

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  uvicorn's signature
        """Start the timer for the first request's headers."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer."""
        self._cancel_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Restart the timer for this request's headers, and let the app close the connection at once."""
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: {"call": self.transport.abort}}
        self._start_timer()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Accept a header within the size limit."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("too many headers")  # the parser responds with 400
        super().on_header(name, value.strip(b" \t"))  # optional whitespace (RFC 9110, 5.5)

    def on_headers_complete(self) -> None:
        """Cancel the timer and continue with the request."""
        self._cancel_timer()
        super().on_headers_complete()

    def _start_timer(self) -> None:
        self._cancel_timer()
        self._timer = self.loop.call_later(HEADERS_SECONDS, self.transport.close)

    def _cancel_timer(self) -> None:
        self._header_bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
