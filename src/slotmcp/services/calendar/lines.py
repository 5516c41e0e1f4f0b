"""The lines to all calendars: one account for each connected project, opened when it is first asked."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from slotmcp.domain.calcom import CalcomConnection
from slotmcp.ports.calendar import Calendar, CalendarRejected, Secrets
from slotmcp.services.calendar.line import DEFAULT_RETRY_POLICY, CalendarConnection, RetryPolicy


class CalendarConnections:
    """Keeps a line open for each account."""

    def __init__(self, calendar: Calendar, secrets: Secrets, stack: AsyncExitStack, patience: RetryPolicy) -> None:
        self._calendar = calendar
        self._secrets = secrets
        self._stack = stack
        self._patience = patience
        self._open: dict[str, CalendarConnection] = {}
        """By API key: projects may share an account."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, calendar: Calendar, secrets: Secrets, patience: RetryPolicy = DEFAULT_RETRY_POLICY
    ) -> AsyncIterator[Self]:
        """Lines that are closed again at the end."""
        async with AsyncExitStack() as stack:
            yield cls(calendar, secrets, stack, patience)

    async def line(self, connection: CalcomConnection) -> CalendarConnection:
        """The line of a project's account.

        Raises:
            CalendarRejected: there is no key to ask with.
        """
        key = self._secrets(connection.api_key_env)
        if not key:
            raise CalendarRejected(f"the variable {connection.api_key_env} holds no API key")
        if key not in self._open:
            account = await self._stack.enter_async_context(self._calendar.account(key))
            self._open[key] = CalendarConnection(account, self._patience)
        return self._open[key]
