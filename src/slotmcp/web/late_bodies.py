"""Second check of the credential of a request whose body arrives late.

A credential is checked when the head of a request has arrived. Its body may arrive up to half a minute later, and the
credential may have ended meanwhile.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LATE_SECONDS: Final = 0.5
"""Time after the first check from which a body is late: a revocation takes effect within a second."""

Refuse = Callable[[], Awaitable[Response | None]]
"""Returns the response to a request whose credential has ended; None if it is still valid."""


class _EndedError(Exception):
    """Credential that ended before the body of its request was complete."""

    def __init__(self, response: Response) -> None:
        super().__init__("the credential has ended")
        self.response = response


async def run_while_valid(app: ASGIApp, scope: Scope, receive: Receive, send: Send, refuse: Refuse) -> None:
    """Run an app with a credential that was just checked, which is checked again if the body is late."""
    seconds = asyncio.get_running_loop().time
    late = seconds() + LATE_SECONDS

    async def receive_valid() -> Message:
        message = await receive()
        is_complete = message["type"] == "http.request" and not message.get("more_body", False)
        if is_complete and seconds() > late and (response := await refuse()) is not None:
            raise _EndedError(response)
        return message

    try:
        await app(scope, receive_valid, send)
    except _EndedError as error:
        await error.response(scope, receive, send)
