"""Graceful shutdown in three steps, during which no request of a load balancer fails.

1. Drain: /readyz fails, but requests are served. Each response closes its connection, so clients open new ones.
2. Stop listening, and let running requests finish within a time limit.
3. End the streams.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any, Final

from sse_starlette.sse import AppStatus
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp.web.exchange import StreamExchange
from slotmcp.web.responses import path_in_app

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths whose requests do not delay the shutdown."""
_POLL_SECONDS: Final = 0.02
_FLUSH_SECONDS: Final = 0.1
"""Time for the last responses to be written to their streams."""


class GracefulShutdown:
    """State of the shutdown, and the count of running requests."""

    def __init__(self, *, is_busy: Callable[[], bool], timeout_seconds: float, drain_seconds: float = 0) -> None:
        self._is_busy = is_busy
        self._timeout_seconds = timeout_seconds
        self._drain_seconds = drain_seconds
        self._requests = 0
        self._drained = asyncio.Event()
        self._finished = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """True once the server asks load balancers to send no more requests."""
        return self._task is not None

    @property
    def is_drained(self) -> bool:
        """True once the server stops listening."""
        return self._drained.is_set()

    async def wait(self) -> None:
        """Wait until no request runs, or until the time limit has passed."""
        await self._finished.wait()

    def begin(self, stop_listening: Callable[[], None] = lambda: None, *, drains: bool = True) -> None:
        """Drain, call `stop_listening`, and end the streams once no request runs. `drains=False` ends a drain."""
        if not drains:
            self._drained.set()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(stop_listening))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a request as running for the duration of the block."""
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def _run(self, stop_listening: Callable[[], None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds):
                await self._drained.wait()
        self._drained.set()
        stop_listening()
        with suppress(TimeoutError):  # unfinished requests are cut off; their transactions roll back
            async with asyncio.timeout(self._timeout_seconds):
                while self._requests or self._is_busy():  # noqa: ASYNC110  two counters, one of them a callback
                    await asyncio.sleep(_POLL_SECONDS)
                await asyncio.sleep(_FLUSH_SECONDS)
        self._finished.set()


@contextmanager
def shutdown_on_signals(shutdown: GracefulShutdown) -> Iterator[None]:
    """Begin the shutdown on SIGTERM or SIGINT. The previous handlers are called to stop listening.

    SIGINT skips the drain, and a second one ends the process at once. Use this in the main thread, on the running loop.
    """
    loop = asyncio.get_running_loop()
    previous: dict[int, Any] = {int(number): signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and shutdown.is_drained:
            previous[number](number, frame)
        else:
            stop_listening = partial(previous[number], number, None)
            loop.call_soon_threadsafe(partial(shutdown.begin, stop_listening, drains=number == signal.SIGTERM))

    previous_drain = AppStatus.enable_automatic_graceful_drain
    try:
        AppStatus.enable_automatic_graceful_drain = False  # it would end streams before running calls are answered
        for number in previous:
            signal.signal(number, handle)
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        AppStatus.enable_automatic_graceful_drain = previous_drain


class ShutdownMiddleware:
    """Middleware that closes connections during a shutdown, waits for their requests, and then ends the streams."""

    def __init__(self, app: ASGIApp, shutdown: GracefulShutdown) -> None:
        self._app = app
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or path_in_app(scope) in OPEN_PATHS:
            await self._app(scope, receive, send)
        else:
            await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, which no longer counts as running once its response is an event stream."""

        async def closing_send(message: Message) -> None:
            if message["type"] == "http.response.start" and self._shutdown.has_begun:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        with ExitStack() as running:
            running.enter_context(self._shutdown.running())
            exchange = StreamExchange(receive, closing_send, wait_for_end=self._shutdown.wait, on_stream=running.close)
            await exchange.run(self._app, scope)
