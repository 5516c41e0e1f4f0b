"""The worker: tells calendars what was booked, and reconciles. One at a time a project, whatever process it runs in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final, Self

from slotmcp import telemetry
from slotmcp.domain.errors import InvalidArgument, SlotmcpError
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.ports.calendar import Calendar, CalendarAccount, CalendarRejected, CalendarUnavailable, Secrets
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.calendar.line import CalendarConnection
from slotmcp.services.calendar.lines import CalendarConnections
from slotmcp.services.calendar.push import BookingPusher, PushResult
from slotmcp.services.calendar.sync import Reconciler, SyncReport
from slotmcp.services.calendar.waits import sync_wait_ms

LOOK_SECONDS: Final = 1.0
"""How often it is looked whether something has to be told."""
LEASE_MS: Final = 60_000
"""Who has not been heard of for so long does not work any more."""

_MS_PER_SECOND: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAnswer:
    """What was done for one project."""

    pushed: tuple[PushResult, ...]
    report: SyncReport


Problem = Callable[[str, str], None]
"""Told of what went wrong and will be tried again: a project's id, and a sentence without anything personal."""


class CalendarWorker:
    """Works for every connected project."""

    def __init__(
        self,
        lines: CalendarConnections,
        *,
        store: Store,
        availability_cache: AvailabilityCache,
        ids: Ids,
        every_seconds: float,
    ) -> None:
        self._lines = lines
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids
        self._every_ms = round(every_seconds * _MS_PER_SECOND)
        self._name = ids.new_id()
        self._known: dict[str, CalendarConnection] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        """When a project that failed is reconciled again, by the event loop's clock."""

    @classmethod
    @asynccontextmanager
    async def open(  # noqa: PLR0913  what it works with
        cls,
        *,
        calendar: Calendar,
        secrets: Secrets,
        store: Store,
        availability_cache: AvailabilityCache,
        ids: Ids,
        every_seconds: float,
    ) -> AsyncIterator[Self]:
        """A worker, with lines that are closed again at the end."""
        async with CalendarConnections.open(calendar, secrets) as lines:
            yield cls(lines, store=store, availability_cache=availability_cache, ids=ids, every_seconds=every_seconds)

    async def sync(self, project_id: str, *, is_dry: bool = False) -> SyncAnswer:
        """Tell what is due, and reconcile, now.

        Raises:
            InvalidArgument: it is not connected, or somebody else is at it.
            CalendarUnavailable, CalendarRejected, NotFound, Unavailable.
        """
        line = await self._line(project_id)
        if is_dry:
            return SyncAnswer(pushed=(), report=await self._reconciler(project_id, line).reconcile(is_dry=True))
        async with self._at_work(project_id) as has_begun:
            if not has_begun:
                raise InvalidArgument("projectId", "somebody else reconciles it at this moment; look again soon.")
            pushed = await self._push(project_id, line)
            report = await self._reconcile(project_id, line)
            return SyncAnswer(pushed=(*pushed, *await self._push(project_id, line)), report=report)

    async def keep_working(self, problem: Problem) -> None:
        """Do what is due, for ever."""
        while True:
            await self.look(problem)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, problem: Problem) -> None:
        """Do what is due, once."""
        try:
            for project_id in await self._store.calendar_projects():
                await self._look(project_id, problem)
        except SlotmcpError as error:
            problem("", error.message)

    async def check(self, project_id: str) -> str:
        """Whose account a project is connected to.

        Raises:
            InvalidArgument: it is not connected.
            CalendarUnavailable, CalendarRejected, NotFound, Unavailable.
        """
        return await (await self._line(project_id)).ask(_whose)

    async def _look(self, project_id: str, problem: Problem) -> None:
        work = await self._store.calendar_work(project_id)
        wants_sync = work.now_ms - work.sync.finished_ms >= self._every_ms and self._may_try(project_id)
        if not (wants_sync or (work.due and self._may_push(project_id))):
            return
        async with self._at_work(project_id) as has_begun:
            if has_begun:
                await self._do(project_id, problem, wants_sync=wants_sync)

    async def _do(self, project_id: str, problem: Problem, *, wants_sync: bool) -> None:
        try:
            line = await self._line(project_id)
            await self._push(project_id, line)
            if wants_sync:
                await self._reconcile(project_id, line)
        except (CalendarUnavailable, CalendarRejected) as error:
            self._put_off(project_id)
            await self._note(project_id, error.message)
            problem(project_id, error.message)
        else:
            if wants_sync:
                self._failures.pop(project_id, None)

    def _may_push(self, project_id: str) -> bool:
        """Not while the calendar wants to be left alone, or it is not known how to ask it."""
        line = self._known.get(project_id)
        return self._may_try(project_id) if line is None else not line.rests_ms()

    async def _push(self, project_id: str, line: CalendarConnection) -> list[PushResult]:
        pusher = BookingPusher(
            project_id, line, store=self._store, availability_cache=self._availability_cache, ids=self._ids
        )
        pushed = []
        for booking_id in (await self._store.calendar_work(project_id)).due:
            pushed.append(await pusher.push(booking_id))
            telemetry.pushed(pushed[-1].outcome)
            if pushed[-1].away and line.rests_ms():
                break
        return pushed

    async def _reconcile(self, project_id: str, line: CalendarConnection) -> SyncReport:
        report = await self._reconciler(project_id, line).reconcile()
        telemetry.conflicts_began(report.conflicts)
        for difference in report.differences:
            telemetry.differences_healed(difference.kind)

        async def unit(transaction: Transaction) -> None:
            state = await transaction.calendar.sync_state()
            await transaction.calendar.save_sync_state(replace(state, finished_ms=transaction.now_ms, problem=""))

        await self._store.write(project_id, unit)
        return report

    def _reconciler(self, project_id: str, line: CalendarConnection) -> Reconciler:
        return Reconciler(
            project_id, line, store=self._store, availability_cache=self._availability_cache, ids=self._ids
        )

    async def _line(self, project_id: str) -> CalendarConnection:
        connection = (await self._store.schedule(project_id)).project.calcom
        if connection is None:
            raise InvalidArgument(
                "projectId", f"{project_id} is not connected to Cal.com; see project.calcom in its file."
            )
        self._known[project_id] = await self._lines.line(connection)
        return self._known[project_id]

    def _may_try(self, project_id: str) -> bool:
        return asyncio.get_running_loop().time() >= self._not_before.get(project_id, 0.0)

    def _put_off(self, project_id: str) -> None:
        self._failures[project_id] = self._failures.get(project_id, 0) + 1
        wait_seconds = sync_wait_ms(self._failures[project_id]) / _MS_PER_SECOND
        self._not_before[project_id] = asyncio.get_running_loop().time() + wait_seconds

    async def _note(self, project_id: str, problem: str) -> None:
        async def unit(transaction: Transaction) -> None:
            state = await transaction.calendar.sync_state()
            await transaction.calendar.save_sync_state(replace(state, problem=problem))

        await self._store.write(project_id, unit)

    @asynccontextmanager
    async def _at_work(self, project_id: str) -> AsyncIterator[bool]:
        """Be the one who works for a project; False: somebody else is."""
        if not await self._store.write(project_id, self._take_over):
            yield False
            return
        staying = asyncio.create_task(self._stay(project_id))
        try:
            yield True
        finally:
            staying.cancel()
            with suppress(asyncio.CancelledError, SlotmcpError):
                await staying
            with suppress(SlotmcpError):
                await self._store.write(project_id, self._leave)

    async def _stay(self, project_id: str) -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 3 / _MS_PER_SECOND)
            await self._store.write(project_id, self._take_over)

    async def _take_over(self, transaction: Transaction) -> bool:
        state = await transaction.calendar.sync_state()
        is_taken = state.worker not in {"", self._name} and transaction.now_ms < state.worker_until_ms
        if not is_taken:
            until_ms = transaction.now_ms + LEASE_MS
            await transaction.calendar.save_sync_state(replace(state, worker=self._name, worker_until_ms=until_ms))
        return not is_taken

    async def _leave(self, transaction: Transaction) -> None:
        state = await transaction.calendar.sync_state()
        if state.worker == self._name:
            await transaction.calendar.save_sync_state(replace(state, worker="", worker_until_ms=0))


async def _whose(account: CalendarAccount) -> str:
    return await account.check()
