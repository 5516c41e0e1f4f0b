"""Middleware that ends a client's event stream when its credential ends."""

from contextlib import ExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.domain.access import ANONYMOUS
from slotmcp.services.current_principal import current_principal
from slotmcp.services.open_streams import STREAM_KEY, OpenStream, OpenStreams
from slotmcp.web.exchange import StreamExchange


class StreamMiddleware:
    """Middleware behind authentication, which registers each event stream with its principal.

    The app finds the stream in its scope.
    """

    def __init__(self, app: ASGIApp, streams: OpenStreams) -> None:
        self._app = app
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        stream = OpenStream(principal=current_principal(ANONYMOUS))
        with ExitStack() as registered:
            exchange = StreamExchange(
                receive,
                send,
                wait_for_end=stream.wait_for_end,
                on_stream=lambda: registered.enter_context(self._streams.opened(stream)),
            )
            await exchange.run(self._app, {**scope, STREAM_KEY: stream})
