"""Connections to calendar accounts, with retries, back-off and a circuit breaker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Self, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.calendar import CalendarEvent
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.ports import Store
from slotmcp.ports.calendar import Calendar, CalendarAccount, CalendarRejected, CalendarUnavailable, Secrets
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork

T = TypeVar("T")
AccountCall = Callable[[CalendarAccount], Awaitable[T]]

FAILURES: Final = 5
"""Consecutive failures that open the circuit breaker."""
READ_ATTEMPTS: Final = 4
PAGE_SIZE: Final = 100
MAX_WAIT_SECONDS: Final = 8.0
"""Longest Retry-After that a read waits for. A longer one ends the read with an error."""

_CIRCUIT: Final = "account"
_PUSH_BACKOFF: Final = wait_exponential_jitter(multiplier=2, max=900, jitter=2)
_SYNC_BACKOFF: Final = wait_exponential_jitter(multiplier=5, max=300, jitter=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Delays between requests to an account that fails."""

    open_circuit_seconds: float = 30.0
    """Time without requests after repeated failures."""
    first_wait_seconds: float = 0.25
    """Delay before a read is retried; it grows with each attempt."""


DEFAULT_RETRY_POLICY: Final = RetryPolicy()


class CalendarConnection:
    """One account behind a circuit breaker, which also honors the account's Retry-After."""

    def __init__(self, account: CalendarAccount, policy: RetryPolicy = DEFAULT_RETRY_POLICY) -> None:
        self._account = account
        self._open_circuit_seconds = policy.open_circuit_seconds
        first = policy.first_wait_seconds
        self._backoff = wait_exponential_jitter(multiplier=first, max=MAX_WAIT_SECONDS / 2, jitter=first)
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=FAILURES,
            default_ttl=policy.open_circuit_seconds,
            exclude=[CalendarRejected, asyncio.CancelledError, (CalendarUnavailable, _has_retry_after)],
        )
        self._paused_until = 0.0

    def pause_ms(self) -> int:
        """Return the remaining milliseconds without requests; 0 if requests are allowed."""
        return max(0, round((self._paused_until - asyncio.get_running_loop().time()) * MS_PER_SECOND))

    async def call(self, operation: AccountCall[T]) -> T:
        """Run an operation once.

        Raises:
            CalendarError.
        """
        if pause_ms := self.pause_ms():
            raise CalendarUnavailable("it accepts no requests now", retry_after_ms=pause_ms, is_outcome_unknown=False)
        try:
            async with await self._breakers.get_breaker(_CIRCUIT):
                return await operation(self._account)
        except OpenedState:
            self._pause(self._open_circuit_seconds)
            message, pause_ms = "it failed several times in a row", self.pause_ms()
            raise CalendarUnavailable(message, retry_after_ms=pause_ms, is_outcome_unknown=False) from None
        except CalendarUnavailable as error:
            if error.retry_after_ms:
                self._pause(error.retry_after_ms / MS_PER_SECOND)
            raise

    def _pause(self, seconds: float) -> None:
        self._paused_until = asyncio.get_running_loop().time() + seconds

    async def read(self, operation: AccountCall[T]) -> T:
        """Run an idempotent operation, and retry it a few times.

        Raises:
            CalendarError.
        """
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=self._wait_seconds,
            retry=retry_if_exception(_is_retryable),
            reraise=True,
        ):
            with attempt:
                return await self.call(operation)
        raise AssertionError  # pragma: no cover  the last attempt returns or raises

    async def pages_updated_after(self, after_ms: int) -> AsyncIterator[Sequence[CalendarEvent]]:
        """Yield pages of the events updated after an instant, by time of update.

        The pages have no gaps. Events that are updated meanwhile come last, possibly for the second time.

        Raises:
            CalendarError.
        """
        while True:
            page = await self.read(partial(_read_page, after_ms))
            if page:
                yield page
            if len(page) < PAGE_SIZE:
                return
            after_ms = max(after_ms + 1, page[-1].at_ms - 1)  # correct whether or not the API includes the instant

    def _wait_seconds(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        retry_after_ms = error.retry_after_ms if isinstance(error, CalendarUnavailable) else 0
        return max(retry_after_ms / MS_PER_SECOND, self._backoff(state))


class CalendarConnections:
    """Pool of connections: one for each account, opened at its first use."""

    def __init__(self, calendar: Calendar, secrets: Secrets, stack: AsyncExitStack, policy: RetryPolicy) -> None:
        self._calendar = calendar
        self._secrets = secrets
        self._stack = stack
        self._policy = policy
        self._by_api_key: dict[str, CalendarConnection] = {}
        """Projects may share an account."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, calendar: Calendar, secrets: Secrets, policy: RetryPolicy = DEFAULT_RETRY_POLICY
    ) -> AsyncIterator[Self]:
        """Open a pool; its connections close when the block ends."""
        async with AsyncExitStack() as stack:
            yield cls(calendar, secrets, stack, policy)

    async def get(self, settings: CalcomConnection) -> CalendarConnection:
        """Return the connection to a project's account.

        Raises:
            CalendarRejected: the environment variable holds no API key.
        """
        key = self._secrets(settings.api_key_env)
        if not key:
            raise CalendarRejected(f"the variable {settings.api_key_env} holds no API key")
        if key not in self._by_api_key:
            account = await self._stack.enter_async_context(self._calendar.account(key))
            self._by_api_key[key] = CalendarConnection(account, self._policy)
        return self._by_api_key[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectCalendar:
    """Project with the connection to its calendar and the writer for its transactions."""

    project_id: str
    connection: CalendarConnection
    writer: ProjectWriter

    @property
    def store(self) -> Store:
        """Store that contains the project."""
        return self.writer.store

    async def write(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Run a unit of work in one transaction.

        Raises:
            NotFound, Unavailable.
        """
        return await self.writer.write(self.project_id, work)


def push_backoff_ms(attempts: int) -> int:
    """Return the delay after an attempt to push a booking, in milliseconds."""
    return _backoff_ms(_PUSH_BACKOFF, attempts)


def sync_backoff_ms(failures: int) -> int:
    """Return the delay after consecutive failed reconciliations, in milliseconds."""
    return _backoff_ms(_SYNC_BACKOFF, failures)


def _backoff_ms(backoff: wait_exponential_jitter, attempts: int) -> int:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = max(1, attempts)
    return round(backoff(state) * MS_PER_SECOND)


async def _read_page(after_ms: int, account: CalendarAccount) -> Sequence[CalendarEvent]:
    return await account.events_updated_after(after_ms, limit=PAGE_SIZE)


def _has_retry_after(error: CalendarUnavailable) -> bool:
    """Return whether the account works and only limits the rate, which must not open the circuit breaker."""
    return error.retry_after_ms > 0


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, CalendarUnavailable) and error.retry_after_ms <= MAX_WAIT_SECONDS * MS_PER_SECOND
