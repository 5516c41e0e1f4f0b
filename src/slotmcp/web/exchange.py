"""One request with its response, whose event stream the server can end before the client disconnects."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class StreamExchange:
    """Exchange that reports its event stream, and ends the stream properly when the server requires it.

    The app then receives a disconnect, and nothing that it sends afterwards reaches the client.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        wait_for_end: Callable[[], Awaitable[object]],
        on_stream: Callable[[], object],
    ) -> None:
        """Wrap the functions of a request.

        Args:
            receive: the request's function.
            send: the request's function.
            wait_for_end: returns when the stream must end.
            on_stream: is called when the response turns out to be an event stream.
        """
        self._receive = receive
        self._send = send
        self._wait_for_end = wait_for_end
        self._on_stream = on_stream
        self._has_request_body = False
        self._is_stream = False
        self._is_response_complete = False
        self._is_cut = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Run the app, and complete the response of a stream that was cut."""
        await app(scope, self.receive, self.send)
        if self._is_cut and self._is_stream and not self._is_response_complete:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(self, message: Message) -> None:
        """Send a message of the app, unless the stream was cut."""
        if self._is_cut:
            return
        if message["type"] == "http.response.start" and _is_event_stream(message):
            self._is_stream = True
            self._on_stream()
        self._is_response_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

    async def receive(self) -> Message:
        """Return the next message of the client, or a disconnect when the stream must end."""
        message = await (self._disconnect_or_end() if self._has_request_body else self._receive())
        self._has_request_body = self._has_request_body or not message.get("more_body", False)
        return message

    async def _disconnect_or_end(self) -> Message:
        disconnect = asyncio.ensure_future(self._receive())
        end = asyncio.ensure_future(self._wait_for_end())
        try:
            await asyncio.wait({disconnect, end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            disconnect.cancel()
            end.cancel()
        self._is_cut = not disconnect.done()
        return disconnect.result() if disconnect.done() else {"type": "http.disconnect"}


def _is_event_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", ())
    )
