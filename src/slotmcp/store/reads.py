"""The reads that every dialect answers alike."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, Protocol, TypeVar

from slotmcp.domain.access import AccessKey
from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import Hold
from slotmcp.domain.interval import Interval
from slotmcp.domain.trace import Trace
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import ProjectEvent
from slotmcp.ports.calendar import CalendarBacklog
from slotmcp.store import access_statements, booking_statements, statements, trace_statements, waitlist_statements
from slotmcp.store.access_rows import access_key_of
from slotmcp.store.calendar_pages import read_backlogs, read_projects
from slotmcp.store.claim_rows import booking_of, hold_of
from slotmcp.store.fetching import Fetch
from slotmcp.store.pseudonyms import pseudonym_of
from slotmcp.store.rows import Row, json_text
from slotmcp.store.trace_rows import trace_of
from slotmcp.store.waitlist_rows import asked_states, event_of, wait_of

ALL_TIME: Final[Interval] = (-(2**31), 2**31 - 1)
"""Every minute that a claim can have."""

T = TypeVar("T")
Question = Callable[[Fetch], Awaitable[T]]


class Asks(Protocol):
    """Asks questions of the newest committed state."""

    async def ask(self, question: Question[T]) -> T:
        """Ask one question of one statement.

        Raises:
            Unavailable: the database does not answer.
        """
        ...

    async def ask_snapshot(self, question: Question[T]) -> T:
        """Ask a question of several statements, all of which see the same state.

        Raises:
            Unavailable: the database does not answer.
        """
        ...


class Reads:
    """Those of the port's Store that say nothing of a now."""

    def __init__(self, *, quick: Asks, pages: Asks) -> None:
        self._quick = quick
        """For what is small and asked often; nothing long is in its way."""
        self._pages = pages

    async def project_ids(self) -> tuple[str, ...]:
        return await self._quick.ask(_project_ids)

    async def bookings(self, project_id: str, within: Interval | None = None) -> tuple[Booking, ...]:
        return await self._pages.ask(lambda fetch: _bookings(fetch, project_id, within or ALL_TIME))

    async def booking(self, project_id: str, booking_id: str) -> Booking | None:
        return await self._pages.ask(lambda fetch: _booking(fetch, project_id, booking_id))

    async def bookings_by(self, project_id: str, reference: str) -> tuple[Booking, ...]:
        return await self._pages.ask_snapshot(lambda fetch: _bookings_by(fetch, project_id, reference))

    async def hold(self, project_id: str, token: str) -> Hold | None:
        return await self._pages.ask(lambda fetch: _hold(fetch, project_id, token))

    async def wait(self, project_id: str, wait_id: str) -> WaitlistEntry | None:
        return await self._pages.ask(lambda fetch: _wait(fetch, project_id, wait_id))

    async def waits(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        return await self._pages.ask(lambda fetch: _waits(fetch, project_id, states))

    async def access_keys(self) -> tuple[AccessKey, ...]:
        return tuple(map(access_key_of, await self._pages.ask(_access_keys)))

    async def calendar_projects(self) -> tuple[str, ...]:
        return await self._quick.ask(read_projects)

    async def calendar_backlogs(self) -> Mapping[str, CalendarBacklog]:
        return await self._pages.ask(read_backlogs)

    async def trace(self, trace_id: str) -> Trace | None:
        rows = await self._pages.ask(lambda fetch: fetch(trace_statements.TRACE, id=trace_id))
        return trace_of(rows[0][0]) if rows else None

    async def traces(self, project_id: str, from_ms: int, to_ms: int) -> tuple[Trace, ...]:
        span = {"project": project_id, "from_ms": from_ms, "to_ms": to_ms}
        rows = await self._pages.ask(lambda fetch: fetch(trace_statements.TRACES, **span))
        return await asyncio.to_thread(_traces_of, rows)  # of a busy week that takes a second

    async def conversations(
        self, project_id: str, names: Collection[str], *, from_ms: int, most: int
    ) -> tuple[Trace, ...]:
        asked = {"project": project_id, "conversations": json_text(sorted(names)), "from_ms": from_ms, "most": most}
        return _traces_of(await self._pages.ask(lambda fetch: fetch(trace_statements.CONVERSATIONS, **asked)))

    async def refusals(self, project_id: str, *, from_ms: int, most: int) -> tuple[Trace, ...]:
        asked = {"project": project_id, "from_ms": from_ms, "most": most}
        return _traces_of(await self._pages.ask(lambda fetch: fetch(trace_statements.REFUSALS, **asked)))

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        return await self._quick.ask(lambda fetch: _events(fetch, project_id, after))


def _traces_of(rows: Sequence[Row]) -> tuple[Trace, ...]:
    """What they tell."""
    return tuple(trace_of(told) for (told,) in rows)


async def _access_keys(fetch: Fetch) -> Sequence[Row]:
    return await fetch(access_statements.ACCESS_KEYS)


async def _project_ids(fetch: Fetch) -> tuple[str, ...]:
    return tuple(row[0] for row in await fetch(statements.PROJECT_IDS))


async def _bookings(fetch: Fetch, project_id: str, within: Interval) -> tuple[Booking, ...]:
    start, end = within
    rows = await fetch(booking_statements.BOOKINGS, project=project_id, start=start, end=end)
    return tuple(map(booking_of, rows))


async def _booking(fetch: Fetch, project_id: str, booking_id: str) -> Booking | None:
    rows = await fetch(booking_statements.BOOKING, project=project_id, id=booking_id)
    return booking_of(rows[0]) if rows else None


async def _bookings_by(fetch: Fetch, project_id: str, reference: str) -> tuple[Booking, ...]:
    state = await fetch(statements.PROJECT_STATE, project=project_id)
    if not state:
        return ()
    key = pseudonym_of(state[0][1], reference)
    return tuple(map(booking_of, await fetch(booking_statements.BOOKINGS_BY, project=project_id, key=key)))


async def _hold(fetch: Fetch, project_id: str, token: str) -> Hold | None:
    rows = await fetch(statements.HOLD, project=project_id, token=token)
    return hold_of(rows[0]) if rows else None


async def _wait(fetch: Fetch, project_id: str, wait_id: str) -> WaitlistEntry | None:
    rows = await fetch(waitlist_statements.WAIT, project=project_id, id=wait_id)
    return wait_of(rows[0]) if rows else None


async def _waits(fetch: Fetch, project_id: str, states: Collection[WaitlistState]) -> tuple[WaitlistEntry, ...]:
    rows = await fetch(waitlist_statements.WAITS, project=project_id, **asked_states(states))
    return tuple(map(wait_of, rows))


async def _events(fetch: Fetch, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
    return tuple(map(event_of, await fetch(waitlist_statements.EVENTS, project=project_id, after=after)))
