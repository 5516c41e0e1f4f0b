"""Reconciling: what the calendar has and what the book has are brought together, whatever was lost on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CalendarEntry, CalendarEvent, Push
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.ports import Ids, Store, Transaction, Unit
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.calendar.apply import ApplyResult, Effect, apply_event, refresh_entry
from slotmcp.services.calendar.line import CalendarConnection
from slotmcp.services.calendar.outside import ConnectedBusyTimes, read_connected_calendars, update_connected_busy
from slotmcp.services.calendar.push import read_pages
from slotmcp.services.calendar.steps import next_step
from slotmcp.services.unit_of_work import UnitOfWork

T = TypeVar("T")

OVERLAP_MS: Final = 600_000
"""So much of what was read the last time is read again: updates may become visible a little late."""
BATCH: Final = 20
"""Events that are applied in one transaction: a caller waits for so many at most."""
OLD_MINUTES: Final = 2 * MINUTES_PER_DAY
"""Events that ended longer ago are passed over: nothing depends on them any more."""


class DifferenceKind(StrEnum):
    """How the calendar and the book differed."""

    MISSED = "missed"
    """An event that the book had never heard of."""
    STALE = "stale"
    """An event of which the book had an older state."""
    FOREIGN = "foreign"
    """An event that cannot be applied as things stand; it is put aside."""
    OUTSIDE = "outside"
    """A time at which a connected calendar is busy, or is no longer."""
    UNTOLD = "untold"
    """A booking of which the calendar knew nothing; it is told now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference, which is healed."""

    kind: DifferenceKind
    subject: str
    """An event's uid, a booking's id, or a technician's."""
    start: Minute
    end: Minute
    is_gone: bool = False
    """It takes no time any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a reconciliation found, and healed but for a dry run."""

    project_id: str
    read: int
    """Events that were looked at."""
    differences: tuple[Difference, ...]
    conflicts: int
    """That began with it."""
    is_dry: bool


@dataclass(slots=True)
class _SyncCounts:
    read: int = 0
    differences: list[Difference] = field(default_factory=list)
    conflicts: int = 0


class _NothingOfItError(Exception):
    """Ends a transaction of which nothing is to be kept."""


class Reconciler:
    """Reconciles one project with its calendar account."""

    def __init__(
        self,
        project_id: str,
        line: CalendarConnection,
        *,
        store: Store,
        availability_cache: AvailabilityCache,
        ids: Ids,
    ) -> None:
        self._project_id = project_id
        self._line = line
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids

    async def reconcile(self, *, is_dry: bool = False) -> SyncReport:
        """Read what was updated since the last time, page by page, and heal what differs.

        What was read is kept page by page, so that the next one goes on where this one was stopped.

        Raises:
            CalendarUnavailable, CalendarRejected, Unavailable.
        """
        tally = _SyncCounts()
        state = (await self._store.calendar(self._project_id)).sync
        async for page in read_pages(self._line, max(0, state.watermark_ms - OVERLAP_MS)):
            await self._take_page(tally, page, is_dry=is_dry)
        head = await self._store.head(self._project_id)
        outside = await read_connected_calendars(self._line, await self._store.schedule(self._project_id), head.now_ms)
        await self._run(lambda transaction: self._take_rest(transaction, tally, outside), is_dry=is_dry)
        return SyncReport(
            project_id=self._project_id,
            read=tally.read,
            differences=tuple(tally.differences),
            conflicts=tally.conflicts,
            is_dry=is_dry,
        )

    async def _take_page(self, tally: _SyncCounts, page: Sequence[CalendarEvent], *, is_dry: bool) -> None:
        for batch in _batches(page):
            counted = await self._run(partial(self._take, batch), is_dry=is_dry)
            tally.read += counted.read
            tally.differences += counted.differences
            tally.conflicts += counted.conflicts

    async def _take(self, events: Sequence[CalendarEvent], transaction: Transaction) -> _SyncCounts:
        """Apply events, and note how far that is."""
        tally = _SyncCounts(read=len(events))
        since = transaction.now_ms // MS_PER_MINUTE - OLD_MINUTES
        for event in events:
            known = await transaction.calendar.entry(event.uid)
            if known is None and event.end < since:
                continue
            applied = await apply_event(UnitOfWork(transaction, self._availability_cache, self._ids), event)
            tally.conflicts += applied.conflicts
            kind = _kind(applied, event, known)
            if kind is not None:
                tally.differences.append(_difference(kind, event))
        state = await transaction.calendar.sync_state()
        watermark_ms = max(state.watermark_ms, events[-1].at_ms)
        await transaction.calendar.save_sync_state(replace(state, watermark_ms=watermark_ms))
        return tally

    async def _take_rest(self, transaction: Transaction, tally: _SyncCounts, outside: ConnectedBusyTimes) -> None:
        added, removed = await update_connected_busy(
            UnitOfWork(transaction, self._availability_cache, self._ids), outside
        )
        for busy in (*added, *removed):
            tally.differences.append(
                Difference(
                    kind=DifferenceKind.OUTSIDE,
                    subject=busy.technician_id,
                    start=busy.start,
                    end=busy.end,
                    is_gone=busy in removed,
                )
            )
        for entry in await transaction.calendar.open_entries(transaction.now_ms // MS_PER_MINUTE):
            if not entry.booking_id:
                settled = await refresh_entry(UnitOfWork(transaction, self._availability_cache, self._ids), entry)
                tally.conflicts += settled.conflicts
        for booking in await self._untold(transaction):
            await transaction.calendar.request_push(booking.id)
            claim = booking.claim
            tally.differences.append(
                Difference(kind=DifferenceKind.UNTOLD, subject=booking.id, start=claim.start, end=claim.end)
            )

    async def _run(self, unit: Unit[T], *, is_dry: bool) -> T:
        """Run a unit of work; of a dry one nothing is kept."""
        if not is_dry:
            return await self._store.write(self._project_id, unit)
        kept: list[T] = []

        async def undone(transaction: Transaction) -> None:
            kept[:] = [await unit(transaction)]
            raise _NothingOfItError

        try:
            await self._store.write(self._project_id, undone)
        except _NothingOfItError:
            return kept[0]
        raise AssertionError  # pragma: no cover

    async def _untold(self, transaction: Transaction) -> list[Booking]:
        """The bookings to come of which the calendar should know, does not, and is not about to be told."""
        schedule, now = await transaction.schedule(), transaction.now_ms // MS_PER_MINUTE
        claims = [
            claim
            for technician_schedule in schedule.technician_schedules.values()
            for claim in technician_schedule.claims
            if not claim.is_hold and claim.start > now
        ]
        return [booking for claim in claims if (booking := await _if_untold(transaction, claim.id)) is not None]


async def _if_untold(transaction: Transaction, booking_id: str) -> Booking | None:
    pages = transaction.calendar
    if await pages.push(booking_id) is not None or await pages.entries_of_booking(booking_id):
        return None
    step = await next_step(transaction, Push(booking_id=booking_id, version=0, since_ms=0, due_ms=0))
    return await transaction.booking(booking_id) if step else None


def _kind(applied: ApplyResult, event: CalendarEvent, known: CalendarEntry | None) -> DifferenceKind | None:
    """How they differed; None: in nothing that takes anybody's time."""
    if applied.effect is Effect.PARKED:
        return DifferenceKind.FOREIGN
    took_no_time = known is None or known.event.status.is_over
    if applied.effect is not Effect.APPLIED or (took_no_time and event.status.is_over):
        return None
    return DifferenceKind.MISSED if known is None else DifferenceKind.STALE


def _batches(events: Sequence[CalendarEvent]) -> Iterator[Sequence[CalendarEvent]]:
    for first in range(0, len(events), BATCH):
        yield events[first : first + BATCH]


def _difference(kind: DifferenceKind, event: CalendarEvent) -> Difference:
    return Difference(kind=kind, subject=event.uid, start=event.start, end=event.end, is_gone=event.status.is_over)
