"""Limits of a request's body: its size, the number of its values, and the time it may take to arrive.

They apply with every ASGI server. `wire` has the limits of the connections of `slotmcp http`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp.web.responses import error_response

MAX_SMALL_BODY_BYTES: Final = 64 * 1024
"""Maximum size of a body of other routes than those for tool calls: of a form or a webhook."""
MAX_VALUES: Final = 10_000
"""Maximum number of values in a JSON body, approximately: of commas. Validation takes microseconds for each."""
MAX_PLATFORM_VALUES: Final = 100_000
"""Maximum number of values in a message of a voice platform, which contains the transcript with the time of each word.

Such a message is parsed and not validated.
"""
ABORT: Final = "slotmcp.abort"
"""ASGI extension with a function that closes the connection at once."""


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Limits of the bodies of a route."""

    max_bytes: int
    max_values: int = MAX_VALUES


class BodyLimitMiddleware:
    """Middleware that rejects bodies that are too large or too slow, with or without a Content-Length."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        seconds: float,
        find_limit: Callable[[Scope], BodyLimit | None] = lambda _scope: None,
    ) -> None:
        """Wrap an app.

        Args:
            app: the app.
            max_bytes: maximum size of each body.
            seconds: time for a body to arrive.
            find_limit: returns the limits of a request's route; None: those of a small body.
        """
        self._app = app
        self._small = BodyLimit(min(max_bytes, MAX_SMALL_BODY_BYTES))
        self._seconds = seconds
        self._find_limit = find_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._find_limit(scope) or self._small
        try:
            _check_content_length(scope, limit.max_bytes)
            deadline = asyncio.get_running_loop().time() + self._seconds
            body = _Body(receive, send, limit, deadline, is_required=scope.get("method") != "GET")
            await self._app(scope, body.receive, body.send)
            await body.end_response()
        except _TooLargeError as error:
            # Leave the connection open: closing it with unread bytes would discard the response.
            await error_response(413, "too_large", str(error))(scope, receive, send)
        except _TooSlowError:
            headers = {"Connection": "close"}
            response = error_response(408, "too_slow", "The request did not arrive in time.", headers=headers)
            await response(scope, receive, send)
        except _DisconnectedError:
            return  # the client hung up before the request was complete: nothing has failed


class _TooLargeError(Exception):
    """Body above the limit of its size or of its values."""

    @classmethod
    def of_bytes(cls, max_bytes: int) -> Self:
        return cls(f"Send at most {max_bytes} bytes.")


class _TooSlowError(Exception):
    """Body that did not arrive in time."""


class _DisconnectedError(Exception):
    """Client that disconnected before the body was complete."""


class _Body:
    """Body of a request, limited in size and time. After the body, waiting for a disconnect has no time limit.

    Once the response has begun, an error is reported to the app as a disconnect.
    """

    def __init__(self, receive: Receive, send: Send, limit: BodyLimit, deadline: float, *, is_required: bool) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._bytes = 0
        self._values = 1
        self._deadline = deadline
        self._is_required = is_required
        """An incomplete body ends the request. A GET request has no body, so the app may handle the disconnect."""
        self._is_complete = False
        self._has_response = False
        self._is_response_complete = False
        self._is_cut = False
        """True if the body ended too early for a response that had begun."""

    async def send(self, message: Message) -> None:
        self._has_response = True
        self._is_response_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

    async def end_response(self) -> None:
        """End a response that the app left unfinished after a reported disconnect."""
        if self._is_cut and not self._is_response_complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

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
        if error := self._measure(message.get("body", b"")):
            return self._fail(error)
        self._is_complete = not message.get("more_body", False)
        return message

    def _measure(self, part: bytes) -> Exception | None:
        self._bytes += len(part)
        self._values += part.count(b",")
        if self._bytes > self._limit.max_bytes:
            return _TooLargeError.of_bytes(self._limit.max_bytes)
        if self._values > self._limit.max_values:
            return _TooLargeError(f"Send at most {self._limit.max_values} values.")
        return None

    def _fail(self, error: Exception) -> Message:
        if not self._has_response:
            raise error
        self._is_cut = True
        return {"type": "http.disconnect"}


def _check_content_length(scope: Scope, max_bytes: int) -> None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > max_bytes:
            raise _TooLargeError.of_bytes(max_bytes)


def abort_connection(scope: Scope) -> None:
    """Close a request's connection without sending what its client has not read, if the ASGI server can."""
    extension = scope.get("extensions", {}).get(ABORT)
    if extension is not None:
        extension["call"]()
