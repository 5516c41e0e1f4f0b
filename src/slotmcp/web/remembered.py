"""Who was let in a while ago is let in while nobody can be asked: only there where one sees how the server is."""

import asyncio
from functools import partial
from hashlib import sha256
from typing import Final

from slotmcp.domain.access import Principal
from slotmcp.domain.errors import TryLater, Unavailable
from slotmcp.services.concurrency import SingleFlight
from slotmcp.web.authentication import Authenticate

ASKED_SECONDS: Final = 2.0
"""Whoever looks has no time for more."""
REMEMBERED_SECONDS: Final = 15 * 60.0
RETRY_AFTER_MS: Final = 1_000


class Remembered:
    """Tells who has a token, from memory where that cannot be asked: a scrape tells that the database is away.

    A key that was revoked is good for nothing as soon as that can be asked.
    """

    def __init__(self, authenticate: Authenticate) -> None:
        self._authenticate = authenticate
        self._single_flight = SingleFlight(timeout_seconds=ASKED_SECONDS)
        self._known: dict[bytes, tuple[Principal, float]] = {}

    async def __call__(self, token: str) -> Principal | None:
        """Who has a token; None: nobody who may call.

        Raises:
            TryLater: that cannot be asked, and was not within the last minutes.
        """
        name, seconds = sha256(token.encode()).digest(), asyncio.get_running_loop().time
        try:
            principal = await self._single_flight.run(name, partial(self._authenticate, token))
        except (TryLater, TimeoutError) as error:
            if name in self._known and seconds() < self._known[name][1]:
                return self._known[name][0]
            raise _later(error) from None
        self._known.pop(name, None)
        if principal is not None:
            self._known[name] = principal, seconds() + REMEMBERED_SECONDS
        return principal


def _later(error: TryLater | TimeoutError) -> TryLater:
    if isinstance(error, TryLater):
        return error
    return Unavailable("It cannot be told just now who may call.", retry_after_ms=RETRY_AFTER_MS)
