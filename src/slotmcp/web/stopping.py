"""A graceful stop: new calls are refused, running ones finish within a bound, then streams are ended.

A process that is told to stop goes on listening until it is quiet, so that whoever still calls is told to go elsewhere,
and a load balancer that asks /readyz takes it out.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp.web.answers import path_of, retry

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Answered to the end."""
_LOOK_SECONDS: Final = 0.02
_FLUSH_SECONDS: Final = 0.1
"""How long the last answers have to get onto the streams that they belong to."""

Handler = Callable[[int, FrameType | None], Any]


class Stopping:
    """Whether this process is stopping, and what is still running in it."""

    def __init__(self, *, is_busy: Callable[[], bool], bound_seconds: float) -> None:
        self._is_busy = is_busy
        self._bound_seconds = bound_seconds
        self._requests = 0
        self._over = asyncio.Event()
        self._began: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """New calls are refused."""
        return self._began is not None

    async def is_over(self) -> None:
        """Wait until nothing runs any more, or the bound has passed."""
        await self._over.wait()

    def begin(self, then: Callable[[], None] = lambda: None) -> None:
        """Refuse new calls from now on; when the running ones are done, end the streams and do something."""
        if self._began is None:
            self._began = asyncio.get_running_loop().create_task(self._run_down(then))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a request as running."""
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def _run_down(self, then: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(self._bound_seconds):
                while self._requests or self._is_busy():  # noqa: ASYNC110  two counts, kept in two places
                    await asyncio.sleep(_LOOK_SECONDS)
                await asyncio.sleep(_FLUSH_SECONDS)
        except TimeoutError:
            pass  # what has not finished by now is cut off: nothing of it is half done
        self._over.set()
        then()


@contextmanager
def stopped_by_signals(stopping: Stopping) -> Iterator[None]:
    """Let the process's own signals begin a graceful stop, and the handlers that were there before end it.

    A second SIGINT, from an impatient keyboard, ends it at once. To be used in the main thread, on the running loop.
    """
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {int(number): signal.getsignal(number) for number in SIGNALS}

    def stop(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and stopping.has_begun:
            before[number](number, frame)
        else:
            loop.call_soon_threadsafe(stopping.begin, lambda: before[number](number, None))

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class RefuseWhileStopping:
    """Refuses new calls when the process is stopping, and ends its streams when it has stopped."""

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or path_of(scope) in OPEN_PATHS:
            await self._app(scope, receive, send)
        elif self._stopping.has_begun:
            told = retry(503, "stopping", "This server is stopping; nothing was done. Ask again.", after_seconds=1)
            told.headers["Connection"] = "close"
            await told(scope, receive, send)
        else:
            await _Exchange(self._stopping, receive, send).answer(self._app, scope)


class _Exchange:
    """One request and its answer. Once that has turned out to be a stream, it does not keep the process running."""

    def __init__(self, stopping: Stopping, receive: Receive, send: Send) -> None:
        self._stopping = stopping
        self._receive = receive
        self._send = send
        self._has_body = False
        self._is_stream = False
        self._is_complete = False
        self._is_cut = False

    async def answer(self, app: ASGIApp, scope: Scope) -> None:
        """Have it answered; a stream that was cut is brought to a proper end."""
        with ExitStack() as self._counted:
            self._counted.enter_context(self._stopping.running())
            await app(scope, self.receive, self.send)
        if self._is_cut and self._is_stream and not self._is_complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(self, message: Message) -> None:
        if self._is_cut:
            return
        if message["type"] == "http.response.start" and _is_event_stream(message):
            self._is_stream = True
            self._counted.close()
        self._is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

    async def receive(self) -> Message:
        message = await (self._gone_or_over() if self._has_body else self._receive())
        self._has_body = self._has_body or not message.get("more_body", False)
        return message

    async def _gone_or_over(self) -> Message:
        """Wait until the client has gone, or is to go."""
        gone = asyncio.ensure_future(self._receive())
        over = asyncio.ensure_future(self._stopping.is_over())
        try:
            await asyncio.wait({gone, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            over.cancel()
        self._is_cut = not gone.done()
        return gone.result() if gone.done() else {"type": "http.disconnect"}


def _is_event_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", ())
    )
