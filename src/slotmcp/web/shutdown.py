"""Graceful shutdown: reject new requests, let running ones finish within a time limit, then end the streams.

The process keeps listening while requests run. New clients get a 503, and a load balancer sees /readyz fail.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.web.exchange import StreamExchange
from slotmcp.web.responses import path_in_app, retry_response

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that are served until the process ends."""
_POLL_SECONDS: Final = 0.02
_FLUSH_SECONDS: Final = 0.1
"""Time for the last responses to be written to their streams."""


class GracefulShutdown:
    """State of the shutdown, and the count of running requests."""

    def __init__(self, *, is_busy: Callable[[], bool], timeout_seconds: float) -> None:
        self._is_busy = is_busy
        self._timeout_seconds = timeout_seconds
        self._requests = 0
        self._finished = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        """True once new requests are rejected."""
        return self._task is not None

    async def wait(self) -> None:
        """Wait until no request runs, or until the time limit has passed."""
        await self._finished.wait()

    def begin(self, then: Callable[[], None] = lambda: None) -> None:
        """Reject new requests; once the running ones have finished, end the streams and call `then`."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._drain(then))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count a request as running for the duration of the block."""
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def _drain(self, then: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                while self._requests or self._is_busy():  # noqa: ASYNC110  two counters, one of them a callback
                    await asyncio.sleep(_POLL_SECONDS)
                await asyncio.sleep(_FLUSH_SECONDS)
        except TimeoutError:
            pass  # unfinished requests are cut off; their transactions roll back
        self._finished.set()
        then()


@contextmanager
def shutdown_on_signals(shutdown: GracefulShutdown) -> Iterator[None]:
    """Begin the shutdown on SIGTERM or SIGINT, and call the previous handlers at its end.

    A second SIGINT ends the process at once. Use this in the main thread, on the running loop.
    """
    loop = asyncio.get_running_loop()
    previous: dict[int, Any] = {int(number): signal.getsignal(number) for number in SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and shutdown.has_begun:
            previous[number](number, frame)
        else:
            loop.call_soon_threadsafe(shutdown.begin, lambda: previous[number](number, None))

    for number in previous:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class ShutdownMiddleware:
    """Middleware that rejects new requests during a shutdown, and ends the streams after it."""

    def __init__(self, app: ASGIApp, shutdown: GracefulShutdown) -> None:
        self._app = app
        self._shutdown = shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or path_in_app(scope) in OPEN_PATHS:
            await self._app(scope, receive, send)
        elif self._shutdown.has_begun:
            response = retry_response(
                503, "stopping", "The server is shutting down. Nothing was done. Retry.", after_ms=MS_PER_SECOND
            )
            response.headers["Connection"] = "close"
            await response(scope, receive, send)
        else:
            await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, which no longer counts as running once its response is an event stream."""
        with ExitStack() as running:
            running.enter_context(self._shutdown.running())
            exchange = StreamExchange(receive, send, wait_for_end=self._shutdown.wait, on_stream=running.close)
            await exchange.run(self._app, scope)
