"""Recorded HTTP calls to several servers: caller, request, times and response."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Final

import orjson

from concurrency.connections import Connections, NoResponseError, NotSentError
from concurrency.wire import LOST, NOT_SENT, OK, Attempt, Body
from support.http_server import call_of

ATTEMPT_SECONDS: Final = 15
TIMEOUT_SECONDS: Final = 90
PAUSE_SECONDS: Final = 0.2
COME_AGAIN: Final = frozenset({NOT_SENT, LOST, OK, HTTPStatus.SERVICE_UNAVAILABLE})
"""Failures after which a caller sends the request again."""


@dataclass(slots=True)
class Switchboard:
    """Connection of callers to any server, which records every message."""

    servers: Sequence[Connections]
    random: Random
    history: list[Attempt] = field(default_factory=list)
    requests: int = 0
    _skew_ms: float = field(default_factory=lambda: time.time() * 1000 - time.monotonic() * 1000)

    def now_ms(self) -> float:
        return time.monotonic() * 1000 + self._skew_ms

    async def ask(self, tool: str, /, **arguments: object) -> Body:
        """Send a request until there is a response, and return it."""
        return await self.repeat(self._new_request(), tool, arguments)

    async def ask_twice(self, tool: str, /, **arguments: object) -> Body:
        """Send a request twice at once, and return the response of one that succeeded."""
        request = self._new_request()
        both = [self._answered(request, tool, arguments) for _ in range(2)]
        one, other = await asyncio.gather(*both)
        return one.body if one.has_worked else other.body

    async def repeat(self, request: int, tool: str, arguments: Body) -> Body:
        """Return whether the request may have been sent before."""
        return (await self._answered(request, tool, arguments)).body

    async def ask_all_again(self) -> None:
        """Send every successful request that had a key once more."""
        successful = {one.request: one for one in self.history if one.has_worked and "idempotencyKey" in one.arguments}
        await asyncio.gather(*(self.repeat(one.request, one.tool, one.arguments) for one in successful.values()))

    def _new_request(self) -> int:
        self.requests += 1
        return self.requests

    async def _answered(self, request: int, tool: str, arguments: Body) -> Attempt:
        give_up_at = time.monotonic() + TIMEOUT_SECONDS
        while True:
            attempt = await self.send(self.random.randrange(len(self.servers)), request, tool, arguments)
            if attempt.is_final or attempt.status not in COME_AGAIN or time.monotonic() > give_up_at:
                return attempt
            await asyncio.sleep(self.random.uniform(PAUSE_SECONDS, 2 * PAUSE_SECONDS))

    async def send(self, server: int, request: int, tool: str, arguments: Body) -> Attempt:
        """Send one message to one server."""
        asked_ms, status, body = self.now_ms(), LOST, {}
        try:
            message = orjson.dumps(call_of(tool, **arguments))
            status, content = await self.servers[server].post(message)
            if status == OK:
                body = orjson.loads(content)["result"]["structuredContent"]
        except NotSentError:
            status = NOT_SENT
        except NoResponseError:
            status = LOST
        attempt = Attempt(
            request=request,
            server=server,
            tool=tool,
            arguments=arguments,
            asked_ms=asked_ms,
            answered_ms=self.now_ms(),
            status=status,
            body=body,
        )
        self.history.append(attempt)
        return attempt


@asynccontextmanager
async def connected(urls: Sequence[str], seed: object) -> AsyncIterator[Switchboard]:
    """Open a switchboard with connections to these servers."""
    servers = [Connections(url, timeout_seconds=ATTEMPT_SECONDS) for url in urls]
    try:
        yield Switchboard(servers, Random(str(seed)))  # noqa: S311  a choice that can be repeated
    finally:
        for one in servers:
            one.close()
