"""Background worker that pushes bookings to calendars and reconciles them. A lease limits a project to one worker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final, Self

from slotmcp import telemetry
from slotmcp.domain.calendar import SyncState
from slotmcp.domain.errors import InvalidArgument, SlotmcpError
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.ports import Store, Transaction
from slotmcp.ports.calendar import Calendar, CalendarError, Secrets
from slotmcp.services.calendar.connection import (
    CalendarConnection,
    CalendarConnections,
    ProjectCalendar,
    sync_backoff_ms,
)
from slotmcp.services.calendar.push import BookingPusher, PushResult
from slotmcp.services.calendar.reconcile import SyncReport, reconcile
from slotmcp.services.unit_of_work import ProjectWriter

POLL_SECONDS: Final = 1.0
LEASE_MS: Final = 60_000
"""Time after which the lease of a worker that stopped renewing it expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncAnswer:
    """Pushes and reconciliation of one project."""

    pushed: tuple[PushResult, ...]
    report: SyncReport


ReportProblem = Callable[[str, str], None]
"""Receives a project's id and a sentence about an error that will be retried. Neither contains personal data."""


class CalendarWorker:
    """Worker for every connected project."""

    def __init__(
        self, connections: CalendarConnections, writer: ProjectWriter, *, sync_interval_seconds: float
    ) -> None:
        self._connections = connections
        self._writer = writer
        self._store = writer.store
        self._sync_interval_ms = round(sync_interval_seconds * MS_PER_SECOND)
        self._name = writer.ids.new_id()
        self._connections_by_project: dict[str, CalendarConnection] = {}
        self._failures: dict[str, int] = {}
        self._retry_at_seconds: dict[str, float] = {}
        """Times at which failed projects are tried again, in seconds of the event loop's clock."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls, writer: ProjectWriter, *, calendar: Calendar, secrets: Secrets, sync_interval_seconds: float
    ) -> AsyncIterator[Self]:
        """Open a worker; its connections close when the block ends."""
        async with CalendarConnections.open(calendar, secrets) as connections:
            yield cls(connections, writer, sync_interval_seconds=sync_interval_seconds)

    async def sync(self, project_id: str, *, is_dry_run: bool = False) -> SyncAnswer:
        """Run all due pushes and a reconciliation now.

        Raises:
            InvalidArgument: the project is not connected, or another worker holds the lease.
            CalendarError, NotFound, Unavailable.
        """
        calendar = await self._project_calendar(project_id)
        if is_dry_run:
            return SyncAnswer(pushed=(), report=await reconcile(calendar, is_dry_run=True))
        async with self._lease(project_id) as has_lease:
            if not has_lease:
                raise InvalidArgument("projectId", "another worker is reconciling it right now; try again soon.")
            pushed = await _push_due(calendar)
            report = await _reconcile(calendar)
            return SyncAnswer(pushed=(*pushed, *await _push_due(calendar)), report=report)

    async def run_forever(self, report_problem: ReportProblem) -> None:
        """Run `run_once` every second."""
        while True:
            await self.run_once(report_problem)
            await asyncio.sleep(POLL_SECONDS)

    async def run_once(self, report_problem: ReportProblem) -> None:
        """Push and reconcile every project for which it is due."""
        try:
            now_ms = await self._store.now_ms()
            finished_by_ms = now_ms - self._sync_interval_ms
            for project_id in await self._store.due_calendars(now_ms=now_ms, finished_by_ms=finished_by_ms):
                await self._run_project(project_id, report_problem)
        except SlotmcpError as error:
            report_problem("", error.message)

    async def account_name(self, project_id: str) -> str:
        """Return the name of the account that a project is connected to.

        Raises:
            InvalidArgument: the project is not connected.
            CalendarError, NotFound, Unavailable.
        """
        calendar = await self._project_calendar(project_id)
        return await calendar.connection.call(lambda account: account.name())

    async def _run_project(self, project_id: str, report_problem: ReportProblem) -> None:
        work = await self._store.calendar_work(project_id)
        is_sync_due = work.now_ms - work.sync.finished_ms >= self._sync_interval_ms and self._may_retry(project_id)
        if not (is_sync_due or (work.due and self._may_push(project_id))):
            return
        async with self._lease(project_id) as has_lease:
            if has_lease:
                await self._push_and_reconcile(project_id, report_problem, is_sync_due=is_sync_due)

    async def _push_and_reconcile(self, project_id: str, report_problem: ReportProblem, *, is_sync_due: bool) -> None:
        try:
            calendar = await self._project_calendar(project_id)
            await _push_due(calendar)
            if is_sync_due:
                await _reconcile(calendar)
        except CalendarError as error:
            self._back_off(project_id)
            message = error.message
            await _update_sync_state(self._store, project_id, lambda state, _now_ms: replace(state, problem=message))
            report_problem(project_id, message)
        else:
            if is_sync_due:
                self._failures.pop(project_id, None)

    def _may_push(self, project_id: str) -> bool:
        """Return whether the project's connection accepts requests, or may be opened again."""
        connection = self._connections_by_project.get(project_id)
        return self._may_retry(project_id) if connection is None else not connection.pause_ms()

    async def _project_calendar(self, project_id: str) -> ProjectCalendar:
        settings = (await self._store.schedule(project_id)).project.calcom
        if settings is None:
            raise InvalidArgument(
                "projectId", f"{project_id} is not connected to Cal.com: add project.calcom to its file."
            )
        self._connections_by_project[project_id] = connection = await self._connections.get(settings)
        return ProjectCalendar(project_id=project_id, connection=connection, writer=self._writer)

    def _may_retry(self, project_id: str) -> bool:
        return asyncio.get_running_loop().time() >= self._retry_at_seconds.get(project_id, 0.0)

    def _back_off(self, project_id: str) -> None:
        self._failures[project_id] = self._failures.get(project_id, 0) + 1
        wait_seconds = sync_backoff_ms(self._failures[project_id]) / MS_PER_SECOND
        self._retry_at_seconds[project_id] = asyncio.get_running_loop().time() + wait_seconds

    @asynccontextmanager
    async def _lease(self, project_id: str) -> AsyncIterator[bool]:
        """Hold the lease of a project until the block ends; yield False if another worker holds it."""
        if not await self._store.write(project_id, self._acquire):
            yield False
            return
        renewal = asyncio.create_task(self._keep_renewing(project_id))
        try:
            yield True
        finally:
            renewal.cancel()
            with suppress(asyncio.CancelledError, SlotmcpError):
                await renewal
            with suppress(SlotmcpError):
                await self._store.write(project_id, self._release)

    async def _keep_renewing(self, project_id: str) -> None:
        while True:
            await asyncio.sleep(LEASE_MS / 3 / MS_PER_SECOND)
            await self._store.write(project_id, self._acquire)

    async def _acquire(self, transaction: Transaction) -> bool:
        """Acquire or renew the lease; return False if another worker holds it."""
        state = await transaction.calendar.sync_state()
        is_free = state.worker in {"", self._name} or transaction.now_ms >= state.worker_until_ms
        if is_free:
            until_ms = transaction.now_ms + LEASE_MS
            await transaction.calendar.save_sync_state(replace(state, worker=self._name, worker_until_ms=until_ms))
        return is_free

    async def _release(self, transaction: Transaction) -> None:
        state = await transaction.calendar.sync_state()
        if state.worker == self._name:
            await transaction.calendar.save_sync_state(replace(state, worker="", worker_until_ms=0))


async def _push_due(calendar: ProjectCalendar) -> list[PushResult]:
    """Push the bookings that are due, until the connection pauses."""
    pusher, results = BookingPusher(calendar), list[PushResult]()
    for booking_id in (await calendar.store.calendar_work(calendar.project_id)).due:
        result = await pusher.push(booking_id)
        results.append(result)
        telemetry.record_calendar_push(result.outcome)
        if result.retry_reason and calendar.connection.pause_ms():
            break
    return results


async def _reconcile(calendar: ProjectCalendar) -> SyncReport:
    report = await reconcile(calendar)
    telemetry.record_calendar_conflicts(report.conflicts)
    for difference in report.differences:
        telemetry.record_calendar_difference(difference.kind)
    await _update_sync_state(
        calendar.store, calendar.project_id, lambda state, now_ms: replace(state, finished_ms=now_ms, problem="")
    )
    return report


async def _update_sync_state(store: Store, project_id: str, change: Callable[[SyncState, int], SyncState]) -> None:
    """Save a changed state; `change` receives the state and the store's time in milliseconds."""

    async def work(transaction: Transaction) -> None:
        state = await transaction.calendar.sync_state()
        await transaction.calendar.save_sync_state(change(state, transaction.now_ms))

    await store.write(project_id, work)
