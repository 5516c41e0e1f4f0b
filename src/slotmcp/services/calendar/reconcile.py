"""Reconciliation of a project with its calendar, which repairs differences after lost webhooks and outages."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CONNECTED_CALENDAR_SOURCE, CalendarEntry, CalendarEvent, Push
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, Minute, overlaps
from slotmcp.domain.schedule import TechnicianSchedule
from slotmcp.ports import Transaction
from slotmcp.ports.calendar import CalendarAccount, CalendarRejected
from slotmcp.services.calendar.apply import ApplyResult, Effect, apply_event, refresh_entry
from slotmcp.services.calendar.connection import ProjectCalendar
from slotmcp.services.calendar.matching import connected_hosts
from slotmcp.services.calendar.push_steps import next_step
from slotmcp.services.calendar.seats import replace_customers, uids_without_customer
from slotmcp.services.revalidation import revalidate_claims
from slotmcp.services.unit_of_work import UnitOfWork

T = TypeVar("T")

OVERLAP_MS: Final = 600_000
"""Time span of the feed that is read again each time, because updates may become visible late."""
BATCH_SIZE: Final = 20
"""Number of events applied in one transaction. It is small, because calls wait for the transaction."""
MAX_AGE_MINUTES: Final = 2 * MINUTES_PER_DAY
"""Age of events, by their end, after which unknown ones are ignored."""
EXTRA_DAYS: Final = 2
"""Days read beyond the booking horizon, because of time zones."""


class DifferenceKind(StrEnum):
    """Kind of difference between the calendar and the schedule."""

    MISSED = "missed"
    """Unknown event."""
    STALE = "stale"
    """Event known in an older state."""
    UNKNOWN_HOST = "foreign"
    """Event that was deferred because no host is a technician."""
    CONNECTED_CALENDAR = "outside"
    """Busy time that was added to, or removed from, a connected calendar."""
    NOT_PUSHED = "untold"
    """Booking that the calendar did not have; its push is due now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, which reconciliation repairs."""

    kind: DifferenceKind
    subject: str
    """Uid of an event, or id of a booking or technician."""
    start: Minute
    end: Minute
    is_gone: bool = False
    """True if the time is free now."""


@dataclass(slots=True)
class SyncReport:
    """Results of a reconciliation, or of a part of one. A dry run repairs nothing."""

    read: int = 0
    """Number of events read."""
    differences: list[Difference] = field(default_factory=list)
    conflicts: int = 0
    """Number of new conflicts."""

    def add(self, part: "SyncReport") -> None:
        """Add the results of a part."""
        self.read += part.read
        self.differences += part.differences
        self.conflicts += part.conflicts


@dataclass(frozen=True, slots=True, kw_only=True)
class _ConnectedBusyTimes:
    """Busy intervals in the calendars that technicians have connected to the calendar service."""

    within: Interval
    by_technician: Mapping[str, frozenset[Interval]]


class _DryRunRollback(Exception):  # noqa: N818  control flow
    """Rolls back the transaction of a dry run."""


async def reconcile(calendar: ProjectCalendar, *, is_dry_run: bool = False) -> SyncReport:
    """Read the events updated since the last reconciliation, and repair the differences.

    Progress is saved after each batch, so that the next run continues an interrupted one.

    Raises:
        CalendarError, Unavailable.
    """
    report = SyncReport()
    watermark_ms = (await calendar.store.calendar(calendar.project_id)).sync.watermark_ms
    async for page in calendar.connection.pages_updated_after(max(0, watermark_ms - OVERLAP_MS)):
        for first in range(0, len(page), BATCH_SIZE):
            report.add(
                await _write(calendar, partial(_apply_batch, page[first : first + BATCH_SIZE]), is_dry_run=is_dry_run)
            )
    if left := await _read_events_without_customer(calendar):
        await _write(calendar, lambda unit: replace_customers(unit, left), is_dry_run=is_dry_run)
    connected = await _read_connected_calendars(calendar)
    report.add(await _write(calendar, partial(_reconcile_schedule, connected), is_dry_run=is_dry_run))
    return report


async def _read_events_without_customer(calendar: ProjectCalendar) -> list[CalendarEvent]:
    """Return the current states of the events whose customer gave up their seat."""
    events: list[CalendarEvent] = []
    for uid in await uids_without_customer(calendar.store, calendar.project_id, await _upcoming(calendar)):
        event = await calendar.connection.read(partial(_read_event, uid))
        events += [event] if event else []
    return events


async def _read_event(uid: str, account: CalendarAccount) -> CalendarEvent | None:
    """Return an event; None if the account cannot see it, so that the booking stays marked for the operator."""
    try:
        return await account.event(uid)
    except CalendarRejected:
        return None


async def _upcoming(calendar: ProjectCalendar) -> Interval:
    """Return the interval from now to the booking horizon."""
    start = (await calendar.store.head(calendar.project_id)).now_ms // MS_PER_MINUTE
    schedule = await calendar.store.schedule(calendar.project_id)
    return start, start + (schedule.project.horizon_days + EXTRA_DAYS) * MINUTES_PER_DAY


async def _read_connected_calendars(calendar: ProjectCalendar) -> _ConnectedBusyTimes:
    """Return the busy times in connected calendars, from now to the booking horizon."""
    within = await _upcoming(calendar)
    schedule = await calendar.store.schedule(calendar.project_id)

    async def busy_times(host: CalcomHost) -> Iterable[Interval]:
        return await calendar.connection.read(lambda account: account.busy_times(host, within))

    by_technician = {
        technician_id: frozenset(await busy_times(host))
        for technician_id, host in connected_hosts(schedule)
        if host.calendars
    }
    return _ConnectedBusyTimes(within=within, by_technician=by_technician)


async def _write(calendar: ProjectCalendar, work: Callable[[UnitOfWork], Awaitable[T]], *, is_dry_run: bool) -> T:
    """Run a unit of work in one transaction, which a dry run rolls back."""
    if not is_dry_run:
        return await calendar.write(work)
    results: list[T] = []

    async def rolled_back(unit: UnitOfWork) -> None:
        results[:] = [await work(unit)]
        raise _DryRunRollback

    with suppress(_DryRunRollback):
        await calendar.write(rolled_back)
    return results[0]


async def _apply_batch(events: Sequence[CalendarEvent], unit: UnitOfWork) -> SyncReport:
    """Apply events, and save how far the calendar was read."""
    transaction, report = unit.transaction, SyncReport(read=len(events))
    oldest_end = transaction.now_ms // MS_PER_MINUTE - MAX_AGE_MINUTES
    for event in events:
        known = await transaction.calendar.entry(event.uid)
        if known is None and event.end < oldest_end:
            continue
        result = await apply_event(unit, event)
        report.conflicts += result.conflicts
        if (kind := _kind(result, event, known)) is not None:
            report.differences.append(_difference(kind, event.uid, event, is_gone=event.status.is_over))
    state = await transaction.calendar.sync_state()
    watermark_ms = max(state.watermark_ms, events[-1].at_ms)
    await transaction.calendar.save_sync_state(replace(state, watermark_ms=watermark_ms))
    return report


def _kind(result: ApplyResult, event: CalendarEvent, known: CalendarEntry | None) -> DifferenceKind | None:
    """Return the kind of a difference; None if the event neither takes nor frees time."""
    if result.effect is Effect.DEFERRED:
        return DifferenceKind.UNKNOWN_HOST
    took_no_time = known is None or known.event.status.is_over
    if result.effect is not Effect.APPLIED or (took_no_time and event.status.is_over):
        return None
    return DifferenceKind.MISSED if known is None else DifferenceKind.STALE


async def _reconcile_schedule(connected: _ConnectedBusyTimes, unit: UnitOfWork) -> SyncReport:
    """Update connected calendars' busy times, refresh events without a booking, and push bookings without an event."""
    transaction, report = unit.transaction, SyncReport()
    report.differences += await _update_connected_busy(unit, connected)
    for entry in await transaction.calendar.open_entries(transaction.now_ms // MS_PER_MINUTE):
        if not entry.booking_id:
            report.conflicts += (await refresh_entry(unit, entry)).conflicts
    for claim in await _claims_to_push(transaction):
        await transaction.calendar.request_push(claim.id)
        report.differences.append(_difference(DifferenceKind.NOT_PUSHED, claim.id, claim))
    return report


async def _update_connected_busy(unit: UnitOfWork, connected: _ConnectedBusyTimes) -> list[Difference]:
    """Replace the technicians' busy times of connected calendars; return the differences.

    The calendar service also writes its own events into connected calendars. Those are ignored here.
    """
    transaction, before = unit.transaction, await unit.availability()
    entries = await transaction.calendar.open_entries(connected.within[0])
    added, removed = [], []
    for technician_id, technician_schedule in before.schedule.technician_schedules.items():
        stored = {
            busy
            for busy in technician_schedule.busy
            if busy.source == CONNECTED_CALENDAR_SOURCE and overlaps(_interval(busy), connected.within)
        }
        intervals = connected.by_technician.get(technician_id, frozenset()) - _known_intervals(
            technician_schedule, entries
        )
        current = {
            BusyTime(technician_id=technician_id, start=start, end=end, source=CONNECTED_CALENDAR_SOURCE)
            for start, end in intervals
        }
        added += sorted(current - stored, key=_interval)
        removed += sorted(stored - current, key=_interval)
    await transaction.remove_busy(removed)
    await transaction.add_busy(added)
    changed = (*added, *removed)
    await revalidate_claims(unit, before)
    kind = DifferenceKind.CONNECTED_CALENDAR
    return [_difference(kind, busy.technician_id, busy, is_gone=busy in removed) for busy in changed]


def _difference(
    kind: DifferenceKind, subject: str, span: CalendarEvent | BusyTime | Claim, *, is_gone: bool = False
) -> Difference:
    return Difference(kind=kind, subject=subject, start=span.start, end=span.end, is_gone=is_gone)


def _known_intervals(technician_schedule: TechnicianSchedule, entries: Iterable[CalendarEntry]) -> set[Interval]:
    return {claim.interval for claim in technician_schedule.claims} | {entry.event.interval for entry in entries}


def _interval(busy: BusyTime) -> Interval:
    return busy.start, busy.end


async def _claims_to_push(transaction: Transaction) -> list[Claim]:
    """Return the claims of upcoming bookings that belong in the calendar and have neither an event nor a push."""
    schedule, now = await transaction.schedule(), transaction.now_ms // MS_PER_MINUTE
    return [
        claim
        for technician_schedule in schedule.technician_schedules.values()
        for claim in technician_schedule.claims
        if not claim.is_hold and claim.start > now and await _needs_push(transaction, claim.id)
    ]


async def _needs_push(transaction: Transaction, booking_id: str) -> bool:
    records = transaction.calendar
    if await records.push(booking_id) is not None or await records.entries_of_booking(booking_id):
        return False
    return await next_step(transaction, Push(booking_id=booking_id, version=0, since_ms=0, due_ms=0)) is not None
