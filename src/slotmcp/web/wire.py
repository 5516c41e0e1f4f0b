"""HTTP/1.1 connection with limits on raw bytes and absolute deadlines, which apply before anything is parsed.

uvicorn alone would join an unfinished line with each part that arrives, which takes quadratic time, and would parse up
to 8 MB at once. Here each connection parses at most `SLICE_BYTES` per iteration of the event loop, and bytes that are
not part of a body are counted. These are heads, chunk sizes and extensions, trailers, and bytes between requests.
"""

import selectors
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import orjson
from httptools import HttpParserError, HttpParserUpgrade
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from slotmcp.telemetry.metrics import CloseReason
from slotmcp.web.connections import ConnectionLimits, Connections
from slotmcp.web.limits import ABORT

MAX_HEAD_BYTES: Final = 64 * 1024
"""Maximum size of a head, and of everything else in a request that is not part of its body."""
MAX_HEADERS: Final = 100
MAX_URL_BYTES: Final = 8 * 1024
SLICE_BYTES: Final = 16 * 1024
"""Maximum number of bytes of a connection that are parsed before other connections get their turn."""
PIECE_BYTES: Final = 1024
"""Number of bytes that are parsed before the next check whether a request waits for an earlier answer."""
LINGER_SECONDS: Final = 2.0
"""Time for which a refused connection stays open, because closing it with unread bytes would discard the answer."""
LAST_REQUEST_SECONDS: Final = 0.3
"""Time that each connection has for a request in transit when the server has stopped listening."""
LINGER_BYTES: Final = 4_000_000
"""Number of bytes of a refused connection that are discarded before it is reset."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Answer to a request that a limit ends, after which the connection is closed."""

    reason: CloseReason
    status: HTTPStatus
    code: str
    message: str

    @property
    def response(self) -> bytes:
        body = orjson.dumps({"error": self.code, "message": self.message})
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        return head.encode() + body


_SIZE: Final = CloseReason.SIZE
_URL_TOO_LONG: Final = _Refusal(
    _SIZE, HTTPStatus.REQUEST_URI_TOO_LONG, "url_too_long", f"Send a URL of at most {MAX_URL_BYTES} bytes."
)
_HEAD_TOO_LARGE: Final = _Refusal(
    _SIZE,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    f"Send at most {MAX_HEADERS} headers and {MAX_HEAD_BYTES} bytes besides the body.",
)
_BODY_TOO_LARGE: Final = _Refusal(
    _SIZE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is larger than the server allows."
)
_TOO_SLOW: Final = _Refusal(
    CloseReason.DEADLINE, HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The request did not arrive in time."
)
_INVALID: Final = _Refusal(
    CloseReason.INVALID, HTTPStatus.BAD_REQUEST, "invalid_request", "The request is not valid HTTP/1.1."
)
_CONTINUE: Final = b"HTTP/1.1 100"
_TOO_MANY: Final = "The server has too many connections. Retry."


class _LimitError(Exception):
    """Limit that a parser callback found to be exceeded. The parser turns it into an HttpParserError."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """Protocol of uvicorn with limits on bytes and time."""

    _refusal: _Refusal = _INVALID
    """Answer in case the parser fails."""
    _unparsed = memoryview(b"")
    """Received bytes that are not parsed yet. Reading is paused while there are any."""
    _is_scheduled = False
    _is_discarding = False
    """True if further input is ignored."""
    _discarded_bytes = 0
    _other_bytes = 0
    """Bytes of the current part of the request that are not part of a body."""
    _body_bytes = 0
    _header_count = 0
    _header_bytes = 0
    _is_head = True
    """True until the head of the current request is complete, and between requests."""
    _is_arriving = False
    """True while a request has begun and is not complete."""
    _running: Any = None
    """Request that is being answered; `cycle` is the one that arrived last."""
    _unanswered = 0
    """Number of complete requests without a complete response; -1 after a response to an incomplete request."""
    _since = 0.0
    """Time at which the current wait began: for a request, for the rest of a request, or for the end."""
    _unsent_since: float | None = None
    """Time since which a part of an answer could not be sent."""

    def __init__(self, *, connections: Connections, **arguments: Any) -> None:  # noqa: ANN401  uvicorn's arguments
        super().__init__(**arguments)
        self._connections = connections

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401  uvicorn's signature
        """Admit the connection, or refuse it if there are too many."""
        super().connection_made(transport)
        self.flow = _FlowOfSlices(transport, self._continue)
        self._since = self.loop.time()
        refused_for = self._connections.admit(self, self.client[0] if self.client else "")
        if refused_for is not None:
            self._connections.record(refused_for)
            self._is_discarding = True
            refusal = _Refusal(refused_for, HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", _TOO_MANY)
            transport.write(refusal.response)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection, and end its request."""
        self._connections.remove(self)
        self._unparsed = memoryview(b"")
        self._disconnect_app()
        super().connection_lost(exc)

    def _abort(self) -> None:
        """Close the connection at once. The app finds it closed, even if it returns before the event loop has."""
        self._disconnect_app()
        self.transport.abort()

    def _disconnect_app(self) -> None:
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def shutdown(self) -> None:
        """Close the connection after its answers. A request in transit has `LAST_REQUEST_SECONDS` to arrive."""
        if self._unanswered > 0:
            super().shutdown()
        else:
            self.loop.call_later(LAST_REQUEST_SECONDS, self._shut_down_unused)

    def _shut_down_unused(self) -> None:
        """Close the connection, unless a request is arriving, or has arrived and was not read yet."""
        if self.transport.is_closing():
            return
        is_awaited = self._is_arriving and self._unanswered == 0
        if is_awaited or self._has_unread_input():
            self.loop.call_later(LAST_REQUEST_SECONDS, self._shut_down_unused)
        else:
            super().shutdown()

    def _has_unread_input(self) -> bool:
        """Return True if the kernel has received bytes: a timer may run before the event loop reads them."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.transport.get_extra_info("socket").fileno(), selectors.EVENT_READ)
            return bool(selector.select(0))

    # Input

    def data_received(self, data: bytes) -> None:
        """Parse a small amount of data at once, and a larger one in slices."""
        if self._is_discarding:
            self._discard(len(data))
        elif len(data) <= PIECE_BYTES and not self._unparsed:
            self._parse(data)
        else:
            is_reading = not self._unparsed
            self._unparsed = memoryview(data if is_reading else bytes(self._unparsed) + data)
            if is_reading and len(data) <= SLICE_BYTES:
                self._parse_pieces()
            if self._unparsed and not self.transport.is_closing():
                self.transport.pause_reading()
                self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon(self._parse_slice)

    def _parse_slice(self) -> None:
        self._is_scheduled = False
        if self._unparsed and not self._has_backlog() and not self.transport.is_closing():
            self._parse_pieces()
            self._continue()

    def _parse_pieces(self) -> None:
        """Parse a slice, or less if there is a backlog or the connection is being closed."""
        for _ in range(0, SLICE_BYTES, PIECE_BYTES):
            if not self._unparsed or self._has_backlog() or self.transport.is_closing():
                break
            piece, self._unparsed = self._unparsed[:PIECE_BYTES], self._unparsed[PIECE_BYTES:]
            self._parse(piece)

    def _continue(self) -> None:
        """Parse the next slice, or read more."""
        if self._has_backlog():
            return
        if self._unparsed:
            self._schedule()
        else:
            self.transport.resume_reading()

    def _has_backlog(self) -> bool:
        """Return True while the app has to read a body, or to answer an earlier request, before more is parsed."""
        return self.flow.read_paused or bool(self.pipeline)

    def _parse(self, data: bytes | memoryview) -> None:
        self._unset_keepalive_if_required()
        self._other_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade:
            self._ignore_upgrade()
        except HttpParserError:
            self._refuse(self._refusal)
        else:
            self._other_bytes = max(0, self._other_bytes)
            if self._other_bytes > MAX_HEAD_BYTES:
                self._refuse(_HEAD_TOO_LARGE if self._is_head else _BODY_TOO_LARGE)

    def _ignore_upgrade(self) -> None:
        """Answer a request for another protocol in HTTP/1.1. What follows it may be of the other protocol."""
        self.cycle.keep_alive = False
        self._is_discarding = True
        self._unparsed = memoryview(b"")

    def _discard(self, size: int) -> None:
        self._discarded_bytes += size
        if self._discarded_bytes > LINGER_BYTES:
            self._abort()

    # Parser callbacks

    def on_message_begin(self) -> None:
        """Start the deadline of a request, and let the app close the connection at once."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self._abort}}
        self._other_bytes = self._body_bytes = self._header_bytes = self._header_count = 0
        self._is_arriving = True
        if self._unanswered <= 0:
            self._begin_wait()

    def on_url(self, url: bytes) -> None:
        """Accept a URL within the size limit."""
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._fail(_URL_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Accept a limited number of headers. Trailers are counted and ignored: the request has been checked."""
        self._header_count += 1
        self._header_bytes += len(name) + len(value)
        if self._header_count > MAX_HEADERS or self._header_bytes > MAX_HEAD_BYTES:
            self._fail(_HEAD_TOO_LARGE)
        if self._is_head:
            super().on_header(name, value.strip(b" \t"))  # optional whitespace (RFC 9110, 5.5)

    def on_headers_complete(self) -> None:
        """Continue with the request."""
        super().on_headers_complete()
        response: Any = self.cycle
        response.transport = _ResponseTransport(self.transport, self.loop)
        self._is_head = False
        self._other_bytes = self._header_bytes = self._header_count = 0

    def on_body(self, body: bytes) -> None:
        """Accept a part of a body within the size limit, with a margin within which the app answers."""
        self._other_bytes -= len(body)
        self._body_bytes += len(body)
        if self._body_bytes > self._connections.limits.max_body_bytes + MAX_HEAD_BYTES:
            self._fail(_BODY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the deadline of the request."""
        super().on_message_complete()
        self._is_head = True
        self._is_arriving = False
        self._other_bytes = 0
        self._unanswered += 1
        if self._unanswered > 0:
            self._connections.answer(self)
        else:
            self._begin_wait()

    def _fail(self, refusal: _Refusal) -> None:
        self._refusal = refusal
        raise _LimitError

    # Answers

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:  # noqa: ANN401  uvicorn's signature
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of the one that was answered before it was complete."""
        self._running.transport.flush()
        self._unanswered -= 1
        if self._unanswered == 0:
            self._begin_wait()
        super().on_response_complete()
        if not self.transport.is_closing():
            self._continue()

    def _begin_wait(self) -> None:
        self._since = self.loop.time()
        self._connections.wait(self)

    def _refuse(self, refusal: _Refusal) -> None:
        """Answer if the protocol still allows it, and close the connection."""
        self._connections.record(refusal.reason)
        cycle: Any = self.cycle  # None before the first request
        is_answered = cycle is None or cycle.response_complete
        if not is_answered and (self._is_head or self._unanswered > 0 or cycle.response_started):
            self._abort()  # another answer is in progress
            return
        if not is_answered:
            self._disconnect_app()
        if self._is_head or not is_answered:
            self.transport.write(refusal.response)
        self._linger()

    def _linger(self) -> None:
        self._is_discarding = True
        self._unparsed = memoryview(b"")
        self._unset_keepalive_if_required()
        self._since = self.loop.time()
        if not self.transport.is_closing():  # writing the answer may have failed
            self.transport.write_eof()
            self.transport.resume_reading()

    # Deadlines

    def evict(self) -> None:
        """Close the connection at once, for another one."""
        self._abort()

    def check_deadlines(self, now: float) -> None:
        """Close the connection if its answer is not read, its request does not arrive, or nothing comes."""
        timeout = self._connections.limits.timeout_seconds
        if self._is_unread(now, timeout):
            self._connections.record(CloseReason.DEADLINE)
            self._abort()
        elif self.transport.is_closing() or self._unanswered > 0:
            return
        elif self._is_discarding:
            if now - self._since > min(LINGER_SECONDS, timeout):
                self._abort()
        elif now - self._since > timeout:
            if self._is_arriving:
                self._refuse(_TOO_SLOW)
            else:
                self.transport.close()

    def _is_unread(self, now: float, timeout: float) -> bool:
        if not self.transport.get_write_buffer_size():
            self._unsent_since = None
            return False
        if self._unsent_since is None:
            self._unsent_since = now
        return now - self._unsent_since > timeout


class _ResponseTransport:
    """Transport of one response, which writes the head together with what follows in the same iteration of the loop.

    uvicorn writes the head and the body one after the other. Writing takes a quarter of the processor time of a short
    call, and each write becomes a packet.
    """

    def __init__(self, transport: Any, loop: AbstractEventLoop) -> None:  # noqa: ANN401  as uvicorn
        self._transport = transport
        self._loop = loop
        self._has_head = False
        self._unwritten = b""
        """The head, until it is written."""

    def write(self, data: bytes) -> None:
        """Keep the head, and write anything else with it."""
        if self._has_head or data.startswith(_CONTINUE):
            unwritten, self._unwritten = self._unwritten, b""
            self._transport.write(unwritten + data)
        else:
            self._has_head, self._unwritten = True, data
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write the head, unless it is written."""
        if self._unwritten:
            self.write(b"")

    def close(self) -> None:
        """Close the connection after what was written."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is being closed."""
        closing: bool = self._transport.is_closing()
        return closing


class _FlowOfSlices(FlowControl):
    """Flow control of uvicorn that parses what was received before it reads more."""

    def __init__(self, transport: Any, resume: Callable[[], None]) -> None:  # noqa: ANN401  uvicorn's signature
        super().__init__(transport)
        self._resume = resume

    def resume_reading(self) -> None:
        """Continue after a pause."""
        if self.read_paused:
            self.read_paused = False
            self._resume()


@dataclass(frozen=True)
class LimitedHttpProtocolFactory:
    """Factory of the connections of a process. It is pickled for worker processes before it creates any."""

    limits: ConnectionLimits
    publish: Callable[[int], None] | None = None
    """Called with the number of open connections when it changes."""

    @cached_property
    def connections(self) -> Connections:
        """Open connections of this process."""
        return Connections(self.limits, self.publish)

    def __call__(self, *, _loop: Any = None, **arguments: Any) -> LimitedHttpProtocol:  # noqa: ANN401  uvicorn's arguments
        """Create the protocol of a connection."""
        return LimitedHttpProtocol(connections=self.connections, _loop=_loop, **arguments)
