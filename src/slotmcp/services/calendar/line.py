"""A line to a calendar: one account, asked only while asking makes sense."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from slotmcp.ports.calendar import CalendarAccount, CalendarRejected, CalendarUnavailable

T = TypeVar("T")
Ask = Callable[[CalendarAccount], Awaitable[T]]

FAILURES: Final = 5
"""After so many in a row it is left alone for a while."""
READ_ATTEMPTS: Final = 4
LONGEST_WAIT_SECONDS: Final = 8.0
"""Who is told to wait longer gives up, and comes back later."""

_CIRCUIT: Final = "account"
_MS_PER_SECOND: Final = 1000


def _said_when(error: CalendarUnavailable) -> bool:
    """Whether it is well, and only has too much to do."""
    return error.retry_after_ms > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long to wait."""

    rest_seconds: float = 30.0
    """For so long it is left alone once it has failed several times."""
    first_wait_seconds: float = 0.25
    """Before what may be asked twice is asked again; longer each time."""


DEFAULT_RETRY_POLICY: Final = RetryPolicy()


class CalendarConnection:
    """Asks one account. When it has failed several times it is left alone, and when it says so, for as long as it says.

    Every method raises CalendarUnavailable or CalendarRejected.
    """

    def __init__(self, account: CalendarAccount, patience: RetryPolicy = DEFAULT_RETRY_POLICY) -> None:
        self._account = account
        self._rest_seconds = patience.rest_seconds
        first = patience.first_wait_seconds
        self._wait = wait_exponential_jitter(multiplier=first, max=LONGEST_WAIT_SECONDS / 2, jitter=first)
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=FAILURES,
            default_ttl=patience.rest_seconds,
            exclude=[CalendarRejected, asyncio.CancelledError, (CalendarUnavailable, _said_when)],
        )
        self._quiet_until = 0.0

    def rests_ms(self) -> int:
        """For how long it is left alone; 0: it may be asked."""
        return max(0, round((self._quiet_until - asyncio.get_running_loop().time()) * _MS_PER_SECOND))

    async def ask(self, question: Ask[T]) -> T:
        """Ask once."""
        if rests_ms := self.rests_ms():
            raise CalendarUnavailable("it asked to be left alone", retry_after_ms=rests_ms, is_outcome_unknown=False)
        try:
            async with await self._breakers.get_breaker(_CIRCUIT):
                return await question(self._account)
        except OpenedState:
            self._rest(self._rest_seconds)
            raise CalendarUnavailable(
                "it failed several times", retry_after_ms=self.rests_ms(), is_outcome_unknown=False
            ) from None
        except CalendarUnavailable as away:
            if away.retry_after_ms:
                self._rest(away.retry_after_ms / _MS_PER_SECOND)
            raise

    def _rest(self, seconds: float) -> None:
        self._quiet_until = asyncio.get_running_loop().time() + seconds

    async def read(self, question: Ask[T]) -> T:
        """Ask for what may be asked twice, again and again for a little while."""
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=self._patience,
            retry=retry_if_exception(_is_brief),
            reraise=True,
        ):
            with attempt:
                return await self.ask(question)
        raise AssertionError  # pragma: no cover  the last attempt returns or raises

    def _patience(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told_ms = error.retry_after_ms if isinstance(error, CalendarUnavailable) else 0
        return max(told_ms / _MS_PER_SECOND, self._wait(state))


def _is_brief(error: BaseException) -> bool:
    return isinstance(error, CalendarUnavailable) and error.retry_after_ms <= LONGEST_WAIT_SECONDS * _MS_PER_SECOND
