"""Import of a project file, in short transactions, so that it does not delay the calls of other projects.

The file is compared with a snapshot outside the lock. One transaction writes the catalog and marks the bookings that no
longer fit. Busy times and bookings follow in batches, each in a transaction of its own. If an import is interrupted,
importing the same file again continues it: what exists already is skipped.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from slotmcp.domain.attention import Attention
from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.errors import InvalidArgument, Unavailable
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.engine.availability import Availability
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.services.attention import affected_bookings
from slotmcp.services.batch_pace import BatchPace
from slotmcp.services.import_forecast import Forecast, by_technician, find_overlapping
from slotmcp.services.imports import MAX_LISTED, Comparison, ImportEffects, ImportReport, ProjectPlan
from slotmcp.services.revalidation import (
    Revalidation,
    find_affected_holds,
    forecast_marks,
    mark_bookings,
    resolve_holds,
)
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_sweep import WaitlistSweeper

T = TypeVar("T")
Item = TypeVar("Item")
Progress = Callable[[int], None]
"""Function that is called with the number of bookings so far, every `REPORT_EVERY` bookings."""

REPORT_EVERY: Final = 10_000

_READ_ROWS: Final = 1_000
"""Number of bookings that are compared with one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """Request to import a project file."""

    plan: ProjectPlan
    prune: bool = False
    progress: Progress = lambda _: None


@dataclass(slots=True)
class _Bookings:
    """Comparison of the bookings of a file with those of a project."""

    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    unchanged: int = 0
    added: list[Claim] = field(default_factory=list)
    """Claims of the new bookings."""

    def compare(self, claims: Iterable[Claim], existing: Mapping[str, Claim]) -> None:
        """Record the claims of bookings."""
        for claim in claims:
            known = existing.get(claim.id)
            if known is None:
                self.created.append(f"booking {claim.id}")
                self.added.append(claim)
            elif known == claim:  # the status may have changed since the export
                self.unchanged += 1
            else:
                self.kept.append(claim.id)


class ProjectImporter:
    """Importer of project files."""

    def __init__(self, writer: ProjectWriter, sweeper: WaitlistSweeper) -> None:
        self._writer = writer
        self._store = writer.store
        self._sweeper = sweeper

    async def run(self, request: ImportRequest, *, dry_run: bool) -> ImportReport:
        """Import a file; with `dry_run`, only report the changes, without taking the lock.

        Raises:
            InvalidArgument: a booking of the file overlaps an existing claim, or pruning would remove a technician
                with future claims.
            Unavailable.
        """
        project_id = request.plan.project.id
        if project_id not in await self._store.project_ids():
            return await self._create(request, dry_run=dry_run)
        before = await self._writer.availability_cache.availability(project_id)
        compare = partial(Comparison.of, request.plan, prune=request.prune)
        comparison = compare(before.schedule, now_ms=before.now_ms)
        compared = await self._compare_bookings(request, is_new=False)
        await asyncio.to_thread(_check_overlaps, before, compared)
        added = by_technician(compared.added)
        forecast = await asyncio.to_thread(Forecast.of, before.detached(), comparison, added)
        if dry_run:
            return _report(comparison, compared, await self._forecast_effects(forecast))

        async def save_catalog(unit: UnitOfWork) -> tuple[Comparison, Revalidation, Availability]:
            transaction, changes = unit.transaction, Revalidation()
            await transaction.lapse_holds()
            current = await unit.availability()
            current_comparison = compare(current.schedule, now_ms=transaction.now_ms)
            newest = forecast
            if current.schedule is not before.schedule:
                newest = forecast.updated(current, current_comparison, added)
            await current_comparison.save_catalog(transaction)
            await mark_bookings(transaction, newest.differences, changes)
            return current_comparison, changes, newest.before

        comparison, changes, last = await self._writer.write(project_id, save_catalog)
        await self._save_busy(comparison)
        compared = await self._add_bookings(request, is_new=False)
        await self._resolve_holds(request.plan, last, changes)  # a hold may have been made since `before`
        await self._sweeper.sweep(project_id)
        return _report(comparison, compared, await self._effects(project_id, before.now_ms, changes))

    async def _create(self, request: ImportRequest, *, dry_run: bool) -> ImportReport:
        comparison = Comparison.of(request.plan, None, now_ms=0, prune=request.prune)
        compared = await self._compare_bookings(request, is_new=True)
        _check_overlaps(None, compared)
        if dry_run:
            return _report(comparison, compared)
        await self._writer.write(
            request.plan.project.id, lambda unit: comparison.save_catalog(unit.transaction), create=True
        )
        await self._save_busy(comparison)
        return _report(comparison, await self._add_bookings(request, is_new=True))

    async def _compare_bookings(self, request: ImportRequest, *, is_new: bool) -> _Bookings:
        """Compare the bookings of a file with those of a project, without the lock."""
        compared = _Bookings()
        claims = [booking.claim for booking in request.plan.bookings]
        for batch in _batches(claims, _READ_ROWS):
            compared.compare(batch, {} if is_new else await self._existing(request, batch))
        return compared

    async def _existing(self, request: ImportRequest, batch: Sequence[Claim]) -> Mapping[str, Claim]:
        return await self._store.booking_claims(request.plan.project.id, [claim.id for claim in batch])

    async def _save_busy(self, comparison: Comparison) -> None:
        pace = self._pace(comparison.plan)

        async def save(unit: UnitOfWork, *, added: Sequence[BusyTime] = (), removed: Sequence[BusyTime] = ()) -> None:
            await unit.transaction.add_busy(added)
            await unit.transaction.remove_busy(removed)

        for batch in _paced(comparison.added_busy, pace):
            await pace.write(partial(save, added=batch), rows=len(batch))
        for batch in _paced(comparison.removed_busy, pace):
            await pace.write(partial(save, removed=batch), rows=len(batch))

    async def _add_bookings(self, request: ImportRequest, *, is_new: bool) -> _Bookings:
        compared, count, pace = _Bookings(), 0, self._pace(request.plan, is_new=is_new)
        for batch in _paced(request.plan.bookings, pace):
            claims = [booking.claim for booking in batch]
            known = {} if is_new else await self._existing(request, claims)
            if any(claim.id not in known for claim in claims):  # an interrupted import may have added all
                try:
                    known = await self._add_batch(pace, batch)
                except Unavailable as error:
                    raise _interrupted(error, count, request.plan) from error
            compared.compare(claims, known)
            count += len(batch)
            if count % REPORT_EVERY < len(batch):
                request.progress(count - count % REPORT_EVERY)
        return compared

    async def _add_batch(self, pace: BatchPace, batch: Sequence[Booking]) -> Mapping[str, Claim]:
        """Add the bookings that do not exist; return the claims of those that existed."""
        try:
            return await pace.write(partial(_add_together, batch=batch), rows=len(batch))
        except ClaimConflict:
            return await pace.write(partial(_add_singly, batch=batch), rows=len(batch))

    async def _resolve_holds(self, plan: ProjectPlan, before: Availability, changes: Revalidation) -> None:
        """Move or withdraw the holds that do not fit any more."""
        after, pace = await self._writer.availability_cache.availability(plan.project.id), self._pace(plan)
        affected = await asyncio.to_thread(find_affected_holds, before.detached(), after.detached())
        for batch in _paced(affected, pace):
            resolved = await pace.write(partial(resolve_holds, before=before, holds=batch), rows=len(batch))
            changes.holds_moved += resolved.holds_moved
            changes.holds_withdrawn += resolved.holds_withdrawn

    def _pace(self, plan: ProjectPlan, *, is_new: bool = False) -> BatchPace:
        return BatchPace(self._writer, plan.project.id, is_new=is_new)

    async def _effects(self, project_id: str, now_ms: int, changes: Revalidation) -> ImportEffects:
        """Return the effects of an import that was made."""
        if not changes.marked:
            return _effects_of(changes)
        after = await self._writer.availability_cache.availability(project_id)
        needing = await self._store.bookings_needing_attention(project_id, after.now_ms // MS_PER_MINUTE)
        marked = frozenset(changes.marked)
        listed = [booking for booking in needing if booking.id in marked][:MAX_LISTED]
        return replace(_effects_of(changes), listed=affected_bookings(after, listed), now_ms=now_ms)

    async def _forecast_effects(self, forecast: Forecast) -> ImportEffects:
        """Return the effects that an import would have."""
        before, changes = forecast.before, Revalidation()
        project_id = before.schedule.project.id
        needing = await self._store.bookings_needing_attention(project_id, before.now_ms // MS_PER_MINUTE)
        stored = {booking.id: booking.attention for booking in needing}
        attention = forecast_marks(forecast.differences, stored, before.now_ms, changes)
        forecast.count_holds(changes)
        if not changes.marked:
            return _effects_of(changes)
        listed = await self._marked(project_id, changes.marked, attention, forecast)
        return replace(_effects_of(changes), listed=affected_bookings(forecast.after, listed), now_ms=before.now_ms)

    async def _marked(
        self, project_id: str, ids: Collection[str], attention: Mapping[str, Attention], forecast: Forecast
    ) -> list[Booking]:
        """Return the first of some bookings by start, with the attention that they would need."""
        claims = [difference.claim for difference in forecast.differences if difference.claim.id in set(ids)]
        first = sorted(claims, key=lambda claim: (claim.start, claim.id))[:MAX_LISTED]
        bookings = [await self._store.booking(project_id, claim.id) for claim in first]
        return [replace(booking, attention=attention[booking.id]) for booking in bookings if booking is not None]


async def _add_together(unit: UnitOfWork, *, batch: Sequence[Booking]) -> Mapping[str, Claim]:
    existing = await _existing_claims(unit.transaction, batch)
    await unit.transaction.add_bookings([booking for booking in batch if booking.id not in existing])
    return existing


async def _add_singly(unit: UnitOfWork, *, batch: Sequence[Booking]) -> Mapping[str, Claim]:
    """Add bookings one by one, which finds the one whose time is taken."""
    existing = await _existing_claims(unit.transaction, batch)
    for booking in batch:
        if booking.id not in existing:
            try:
                await unit.transaction.add_booking(booking)
            except ClaimConflict:
                raise _overlap(booking.claim, "Bookings before it in the file may be imported already. ") from None
    return existing


async def _existing_claims(transaction: Transaction, batch: Sequence[Booking]) -> Mapping[str, Claim]:
    """Free the time of expired holds, and return the claims of the bookings that exist."""
    await transaction.lapse_holds()
    return await transaction.booking_claims([booking.id for booking in batch])


def _check_overlaps(before: Availability | None, compared: _Bookings) -> None:
    claim = find_overlapping(before, compared.added)
    if claim is not None:
        raise _overlap(claim)


def _interrupted(error: Unavailable, count: int, plan: ProjectPlan) -> Unavailable:
    """Return the error of an import whose catalog and first bookings were written."""
    return Unavailable(
        f"The import stopped after {count:,} of {len(plan.bookings):,} bookings; the same import continues it. "
        f"The next bookings failed: {error}",
        retry_after_ms=error.retry_after_ms,
    )


def _overlap(claim: Claim, state: str = "") -> InvalidArgument:
    return InvalidArgument(
        "bookings",
        f"{claim.id} of {claim.technician_id} overlaps a booking or a live hold; "
        f"{state}give it another time or technician, or take it out.",
    )


def _report(comparison: Comparison, compared: _Bookings, effects: ImportEffects | None = None) -> ImportReport:
    report = comparison.report()
    return replace(
        report,
        created=(*report.created, *compared.created),
        unchanged=report.unchanged + compared.unchanged,
        kept_bookings=tuple(compared.kept),
        effects=effects or report.effects,
    )


def _effects_of(changes: Revalidation) -> ImportEffects:
    return ImportEffects(
        marked=len(changes.marked),
        cleared=len(changes.cleared),
        holds_moved=changes.holds_moved,
        holds_withdrawn=changes.holds_withdrawn,
    )


def _batches(items: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    rest = iter(items)
    while batch := tuple(islice(rest, size)):
        yield batch


def _paced(items: Iterable[Item], pace: BatchPace) -> Iterator[Sequence[Item]]:
    """Yield the items in batches, each as large as the pace allows at that moment."""
    rest = iter(items)
    while batch := tuple(islice(rest, pace.rows)):
        yield batch
