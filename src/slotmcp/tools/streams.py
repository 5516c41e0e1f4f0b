"""Limits of MCP's event streams: how many may be open, and how much their clients may leave unread."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared._stream_protocols import WriteStream
from mcp.shared.message import SessionMessage
from starlette.types import Message, Scope, Send

from slotmcp.domain.access import ANONYMOUS, LOCAL
from slotmcp.services.current_principal import current_principal
from slotmcp.services.open_streams import STREAM_KEY, OpenStream
from slotmcp.telemetry.limits import report_limit
from slotmcp.telemetry.metrics import Limit

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""Largest message that an SSE session or a subscription accepts, because it may keep the message."""
_SESSION_ID: Final = re.compile(rb"session_id=([0-9a-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Limits of event streams: SSE sessions, subscriptions, and the GET streams of `/mcp`."""

    per_credential: int = 100
    total: int = 1_000
    idle_seconds: float = 3_600
    """Time without a message, after which an SSE session or a GET stream ends."""
    stalled_seconds: float = 30
    """Time in which a client must accept data."""
    unread_messages: int = 64
    """Messages of an SSE session that are being answered or are unread."""
    unread_bytes: int = 1_000_000
    """Bytes of an SSE session's unread messages, without the oldest one."""
    unread_bytes_per_credential: int = 4_000_000


class TooManyStreams(Exception):  # noqa: N818  no failure of the server
    """No further stream can be opened: of the credential, or of the server."""

    def __init__(self, *, is_server_full: bool) -> None:
        super().__init__("too many event streams")
        self.is_server_full = is_server_full


class Streams:
    """Limited streams of a process."""

    def __init__(self, limits: StreamLimits, *, abort: Callable[[Scope], None]) -> None:
        """Create an empty registry; `abort` closes the connection of a client that does not read."""
        self.limits = limits
        self.abort = abort
        self.unread_bytes: Counter[str] = Counter()
        """Bytes of unread messages, by credential."""
        self._open: Counter[str] = Counter()
        """Number of open streams, by credential."""
        self._sessions: dict[str, LimitedStream] = {}
        """SSE sessions by id."""

    @contextmanager
    def open(self, credential: str, scope: Scope) -> Iterator["LimitedStream"]:
        """Count the stream of a request as open for the duration of the block.

        Raises:
            TooManyStreams.
        """
        self._check_room(credential)
        stream = LimitedStream(self, credential, scope)
        self._open[credential] += 1
        try:
            yield stream
        finally:
            stream.close()
            self._sessions.pop(stream.session_id, None)
            _subtract(self._open, credential, 1)

    def session(self, session_id: str, credential: str) -> "LimitedStream | None":
        """Return a credential's SSE session by its id."""
        stream = self._sessions.get(session_id)
        return stream if stream is not None and stream.credential == credential else None

    def add_session(self, stream: "LimitedStream") -> None:
        """Record the id of an SSE session."""
        self._sessions[stream.session_id] = stream

    async def count_message(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Count the message of an SSE session while it is being answered (middleware of the MCP server)."""
        principal = current_principal(ANONYMOUS)
        stream = self.session(principal.connection, principal.credential) if principal.connection else None
        if stream is None:
            return await call_next(ctx)
        with stream.counted():
            return await call_next(ctx)

    def _check_room(self, credential: str) -> None:
        is_server_full = self._open.total() >= self.limits.total
        has_own_limit = credential != LOCAL.credential
        if is_server_full or (has_own_limit and self._open[credential] >= self.limits.per_credential):
            report_limit(Limit.ALL_STREAMS if is_server_full else Limit.CREDENTIAL_STREAMS, credential=credential)
            raise TooManyStreams(is_server_full=is_server_full)


class LimitedStream:
    """Open event stream of a client. The server ends it if the client reads too little, or is idle for too long."""

    def __init__(self, streams: Streams, credential: str, scope: Scope) -> None:
        self.credential = credential
        self.session_id = ""
        self._streams = streams
        self._limits = streams.limits
        self._scope = scope
        self._stream: OpenStream = scope[STREAM_KEY]
        self._messages = 0
        self._unread_bytes = 0
        self._is_get = scope["method"] == "GET"
        self._idle_timer: asyncio.TimerHandle | None = None
        self.touch()

    @property
    def has_backlog(self) -> bool:
        """True if a message is being answered or waits for the client."""
        return self._messages > 0

    def touch(self) -> None:
        """Restart the time after which an idle stream ends. A subscription may be idle."""
        self.close()
        if self._is_get:
            seconds, loop = self._limits.idle_seconds, asyncio.get_running_loop()
            self._idle_timer = loop.call_later(seconds, self._end, Limit.IDLE_STREAM)

    def close(self) -> None:
        """Cancel the timer of the stream."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()

    @contextmanager
    def counted(self, size_bytes: int = 0) -> Iterator[None]:
        """Count a message for the duration of the block; end the stream if there are too many, or too many bytes."""
        total = self._streams.unread_bytes
        self._messages += 1
        self._unread_bytes += size_bytes
        total[self.credential] += size_bytes
        self._check()
        try:
            yield
        finally:
            self._messages -= 1
            self._unread_bytes -= size_bytes
            _subtract(total, self.credential, size_bytes)

    async def send(self, send: Send, message: Message) -> None:
        """Send a message to the client; end the stream if the client does not accept it in time."""
        self._find_session_id(message)
        try:
            async with asyncio.timeout(self._limits.stalled_seconds):
                await send(message)
        except TimeoutError:
            self._end(Limit.STALLED_STREAM)

    def _check(self) -> None:
        limits = self._limits
        if (
            self._messages > limits.unread_messages
            or self._unread_bytes > limits.unread_bytes
            or self._streams.unread_bytes[self.credential] > limits.unread_bytes_per_credential
        ):
            self._end(Limit.UNREAD_MESSAGES)

    def _end(self, limit: Limit) -> None:
        """End the stream because of a limit. The connection of a client that does not read is closed at once."""
        if self._stream.has_ended:
            return
        report_limit(limit, credential=self.credential)
        self._stream.end()
        if limit is not Limit.IDLE_STREAM:
            self._streams.abort(self._scope)

    def _find_session_id(self, message: Message) -> None:
        """Take the id of an SSE session from its first event, which names it to the client."""
        if not self._is_get or self.session_id:
            return
        if found := _SESSION_ID.search(message.get("body", b"")):
            self.session_id = found[1].decode()
            self._streams.add_session(self)


class CountedWrites:
    """Stream of the messages to an SSE client, which counts those that the client has not read."""

    def __init__(self, messages: WriteStream[SessionMessage], stream: LimitedStream) -> None:
        self._messages = messages
        self._stream = stream

    async def send(self, item: SessionMessage, /) -> None:
        """Send a message; wait until the client has read the earlier ones."""
        size_bytes = len(item.message.model_dump_json()) if self._stream.has_backlog else 0
        with self._stream.counted(size_bytes):
            await self._messages.send(item)

    async def aclose(self) -> None:
        """Close the stream."""
        await self._messages.aclose()

    async def __aenter__(self) -> Self:
        """Enter the stream."""
        return self

    async def __aexit__(
        self, error: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        """Close the stream."""
        return await self._messages.__aexit__(error, value, traceback)


def _subtract(counts: Counter[str], name: str, count: int) -> None:
    counts[name] -= count
    if counts[name] <= 0:
        del counts[name]
