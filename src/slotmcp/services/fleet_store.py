"""A store in a fleet: asks the other servers before the database where that is as good, and tells them what it did.

Whatever takes time goes to the database, and nothing that was heard from the fleet ever enters a unit of work.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import ScheduleSource
from slotmcp.ports import ChangeNotice, Clock, Fleet, Head, Store, Transaction, Unit
from slotmcp.services.flights import Flights
from slotmcp.services.known_revisions import KnownRevisions
from slotmcp.services.notifier import Notifier
from slotmcp.services.store_time import StoreTime
from slotmcp.services.tracing import current_trace

T = TypeVar("T")

CATALOG_SECONDS: Final = 1.0
"""So long it is believed that no project has come or gone."""
_MS_PER_SECOND: Final = 1000


@dataclass(slots=True)
class _Left:
    """What a unit of work left behind, if it is committed."""

    news: ChangeNotice | None = None


class FleetStore:
    """The port's Store, but for what another server of the fleet can tell as well."""

    def __init__(self, store: Store, fleet: Fleet, clock: Clock, notifier: Notifier) -> None:
        self._store = store
        self._fleet = fleet
        self._notifier = notifier
        self._seconds = asyncio.get_running_loop().time
        self._time = StoreTime(clock, self._seconds)
        self._revisions = KnownRevisions(self._seconds)
        self._flights = Flights()
        self._background_tasks: set[asyncio.Task[None]] = set()
        self._lent: dict[str, Schedule] = {}
        """Books that came from the fleet. The store must not take them for its own."""
        self._only: tuple[str, float] | None = None
        """The one project there is, and until when that is believed."""

    @classmethod
    @asynccontextmanager
    async def open(cls, store: Store, fleet: Fleet, *, clock: Clock, notifier: Notifier) -> AsyncIterator[Self]:
        """Join a fleet with a store; `bell` is rung whenever something has happened to somebody's wait.

        `clock` is this server's own.
        """
        joined = cls(store, fleet, clock, notifier)
        fleet.subscribe(joined._hear)
        try:
            yield joined
        finally:
            await joined._flights.settle()
            await asyncio.gather(*joined._background_tasks)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all that the fleet has no part in is the store's own
        return getattr(self._store, name)

    async def heads(self) -> Mapping[str, Head]:
        """As the port says; that there is but one project is believed for a second."""
        if self._only is not None and self._seconds() < self._only[1]:
            project_id = self._only[0]
            return {project_id: await self.head(project_id)}
        before_ms, asked_at = self._time.before_trip(), self._seconds()
        heads = await self._store.heads()
        self._only = (next(iter(heads)), asked_at + CATALOG_SECONDS) if len(heads) == 1 else None
        return {project_id: self._found(project_id, head, before_ms, asked_at) for project_id, head in heads.items()}

    async def head(self, project_id: str) -> Head:
        """As the port says; the revision is one that the database had a second ago at most."""
        if self._time.is_known:
            revision = await self._fleet.revision(project_id)
            if revision is not None:
                return Head(self._revisions.hear(project_id, revision), self._time.now_ms())
        return await self._flights.join(("head", project_id), lambda: self._ask_head(project_id))

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        """As the port says; a server that knows no book yet takes the fleet's, if that is the newest."""
        lent = self._lent.get(project_id)
        if known is None or known is lent:
            revision = (await self.head(project_id)).revision
            if known is not None and known.revision == revision:
                return known
            schedule = await self._fleet.snapshot(project_id, revision)
            if schedule is not None:
                self._lent[project_id] = schedule
                if noted := current_trace():
                    noted.book_from = ScheduleSource.SHARED
                return schedule
            known = None
        self._lent.pop(project_id, None)
        return await self._flights.join(("book", project_id), lambda: self._ask_book(project_id, known))

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        """As the port says; the fleet is told before the caller is."""
        left = _Left()

        async def told(transaction: Transaction) -> T:
            before = transaction.revision
            value = await unit(transaction)
            news = ChangeNotice(
                project_id=project_id, revision=transaction.revision, newest_event=transaction.newest_event
            )
            left.news = news if news.revision != before or news.newest_event else None
            return value

        value = await self._store.write(project_id, told, create=create)
        if create:
            self._only = None
        if left.news is not None:
            self._hear(left.news)
            await self._fleet.publish(left.news)
        return value

    async def _ask_head(self, project_id: str) -> Head:
        before_ms, asked_at = self._time.before_trip(), self._seconds()
        head = await self._store.head(project_id)
        found = self._found(project_id, head, before_ms, asked_at)
        age_ms = round((self._seconds() - asked_at) * _MS_PER_SECOND)
        self._send(self._fleet.report_revision(project_id, head.revision, age_ms=age_ms))
        return found

    async def _ask_book(self, project_id: str, known: Schedule | None) -> Schedule:
        asked_at = self._seconds()
        schedule = await self._store.schedule(project_id, known)
        self._revisions.find(project_id, schedule.revision, asked_at=asked_at)
        self._send(self._fleet.save_snapshot(schedule))
        return schedule

    def _found(self, project_id: str, head: Head, before_ms: int, asked_at: float) -> Head:
        self._time.learn(head.now_ms, before_ms)
        return Head(self._revisions.find(project_id, head.revision, asked_at=asked_at), head.now_ms)

    def _hear(self, news: ChangeNotice) -> None:
        self._revisions.hear(news.project_id, news.revision)
        if news.newest_event:
            self._notifier.ring()

    def _send(self, errand: Coroutine[Any, Any, None]) -> None:
        """Have something done that nobody waits for."""
        task = asyncio.ensure_future(errand)
        self._background_tasks.add(task)
        task.add_done_callback(self._background_tasks.discard)
