"""Import of a project file into its project, in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, Protocol

from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CALENDAR_SOURCE_PREFIX
from slotmcp.domain.catalog import Project, ServiceType, Technician, TimeOff
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import ClaimConflict, Transaction
from slotmcp.services.attention import AffectedBooking, affected_bookings
from slotmcp.services.revalidation import revalidate_claims
from slotmcp.services.unit_of_work import UnitOfWork

MAX_LISTED: Final = 50
"""Maximum number of affected bookings that a report lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """Content of a project file as domain values, with absolute dates."""

    project: Project
    services: tuple[ServiceType, ...]
    technicians: tuple[Technician, ...]
    bookings: tuple[Booking, ...] = ()
    busy: tuple[BusyTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEffects:
    """Effects of an import on the bookings and holds that existed before it."""

    marked: int = 0
    """Number of bookings that do not fit any more and are kept."""
    listed: tuple[AffectedBooking, ...] = ()
    """The first of them."""
    cleared: int = 0
    """Number of bookings that need no attention any more."""
    holds_moved: int = 0
    holds_withdrawn: int = 0
    now_ms: int = 0


NO_EFFECTS: Final = ImportEffects()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Changes of an import, each named as in "service ac-repair"."""

    project_id: str
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: int = 0
    removable: tuple[str, ...] = ()
    """In the project but not in the file; removed only with prune."""
    removed: tuple[str, ...] = ()
    kept_bookings: tuple[str, ...] = ()
    """Ids of bookings that differ from those in the file and were not changed."""
    effects: ImportEffects = NO_EFFECTS


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


async def import_plan(
    unit: UnitOfWork, plan: ProjectPlan, *, is_new: bool, prune: bool, bookings: Iterable[Booking] = ()
) -> ImportReport:
    """Import a plan into its project, with further bookings, and revalidate the claims that existed before.

    Raises:
        InvalidArgument: a booking overlaps an existing claim, or a technician to be pruned has future claims.
    """
    transaction = unit.transaction
    await transaction.lapse_holds()
    if is_new:
        await transaction.save_project(plan.project)
    before = await unit.availability()
    importing = _Import(transaction, plan, before.schedule, prune=prune)
    await importing.save_project(is_new=is_new)
    await importing.save_catalog()
    await importing.save_busy()
    for booking in chain(plan.bookings, bookings):
        await importing.add_booking(booking)
    if prune:
        await importing.prune_missing()
    return replace(importing.report(), effects=await _revalidate(unit, before))


async def _revalidate(unit: UnitOfWork, before: Availability) -> ImportEffects:
    changes = await revalidate_claims(unit, before)
    marked = frozenset(changes.marked)
    needing = await unit.transaction.bookings_needing_attention() if marked else ()
    listed = [booking for booking in needing if booking.id in marked][:MAX_LISTED]
    return ImportEffects(
        marked=len(marked),
        listed=affected_bookings(await unit.availability(), listed),
        cleared=len(changes.cleared),
        holds_moved=changes.holds_moved,
        holds_withdrawn=changes.holds_withdrawn,
        now_ms=before.now_ms if marked else 0,
    )


@dataclass(slots=True)
class _Import:
    """One import and its changes so far."""

    transaction: Transaction
    plan: ProjectPlan
    schedule: Schedule
    """The project's schedule before the import."""
    prune: bool = field(kw_only=True)
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)
    """In the project but not in the file."""
    kept_bookings: list[str] = field(default_factory=list)

    def report(self) -> ImportReport:
        return ImportReport(
            project_id=self.plan.project.id,
            created=tuple(self.created),
            updated=tuple(self.updated),
            unchanged=self.unchanged,
            removable=() if self.prune else tuple(self.missing),
            removed=tuple(self.missing) if self.prune else (),
            kept_bookings=tuple(self.kept_bookings),
        )

    async def save_project(self, *, is_new: bool) -> None:
        project = self.plan.project
        if self._differs(f"project {project.id}", old=None if is_new else self.schedule.project, new=project):
            await self.transaction.save_project(project)

    async def save_catalog(self) -> None:
        old = {schedule.technician.id: schedule.technician for schedule in self.schedule.technician_schedules.values()}
        new = [self._with_operator_time_off(technician, old.get(technician.id)) for technician in self.plan.technicians]
        if self._differ("service", old=self.schedule.services, new=self.plan.services):
            await self.transaction.save_services(self.plan.services)
        if self._differ("technician", old=old, new=new):
            await self.transaction.save_technicians(new)

    async def save_busy(self) -> None:
        old, new = set(all_busy(self.schedule)), dict.fromkeys(self.plan.busy)
        added = [busy for busy in new if self._differs(_busy_name(busy), old=busy if busy in old else None, new=busy)]
        if added:
            await self.transaction.add_busy(added)
        self.missing.extend(_busy_name(busy) for busy in all_busy(self.schedule) if busy not in new)

    async def add_booking(self, booking: Booking) -> None:
        existing = await self.transaction.booking(booking.id)
        if existing is not None:
            is_same = existing.claim == booking.claim  # the status may have changed since the export
            self.unchanged += is_same
            self.kept_bookings.extend([] if is_same else [booking.id])
            return
        try:
            await self.transaction.add_booking(booking)
        except ClaimConflict:
            raise InvalidArgument(
                "bookings",
                f"{booking.id} of {booking.claim.technician_id} overlaps a booking or a live hold; "
                "give it another time or technician, or take it out.",
            ) from None
        self.created.append(f"booking {booking.id}")

    async def prune_missing(self) -> None:
        """Remove services, technicians and busy times that are not in the file."""
        services = {service.id for service in self.plan.services}
        technicians = {technician.id for technician in self.plan.technicians}
        missing = [
            technician_id for technician_id in self.schedule.technician_schedules if technician_id not in technicians
        ]
        for technician_id in missing:
            self._check_no_future_claims(technician_id)
        await self.transaction.remove_services(
            [service_id for service_id in self.schedule.services if service_id not in services]
        )
        await self.transaction.remove_technicians(missing)
        await self.transaction.remove_busy(
            [busy for busy in all_busy(self.schedule) if busy not in set(self.plan.busy)]
        )

    def _differs(self, name: str, *, old: object, new: object) -> bool:
        """Record the change from an old value to a new one; return whether they differ."""
        if old == new:
            self.unchanged += 1
            return False
        (self.created if old is None else self.updated).append(name)
        return True

    def _differ(self, kind: str, *, old: Mapping[str, _Identified], new: Sequence[_Identified]) -> bool:
        """Record the changes of a list; return whether an item or the order differs."""
        differences = [self._differs(f"{kind} {item.id}", old=old.get(item.id), new=item) for item in new]
        order = [item.id for item in new]
        missing = [item_id for item_id in old if item_id not in set(order)]
        self.missing.extend(f"{kind} {item_id}" for item_id in missing)
        return any(differences) or list(old) != order + missing

    def _with_operator_time_off(self, new: Technician, old: Technician | None) -> Technician:
        """Return a technician of the file with the time off that operators added, without duplicates."""
        added = {_key(absence): absence for absence in (old.time_off if old else ()) if absence.by_operator}
        in_file = tuple(added.pop(_key(absence), absence) for absence in new.time_off)
        self.missing.extend(f"time off of {new.id} at {_utc(absence.start)}" for absence in added.values())
        return replace(new, time_off=in_file if self.prune else (*in_file, *added.values()))

    def _check_no_future_claims(self, technician_id: str) -> None:
        """Reject the removal of a technician with future bookings or holds."""
        now_ms = self.transaction.now_ms
        claims = self.schedule.technician_schedules[technician_id].claims
        future = [claim for claim in claims if claim.is_live(now_ms) and claim.end > now_ms // MS_PER_MINUTE]
        if future:
            raise InvalidArgument(
                "technicians",
                f"{technician_id} has {len(future)} bookings or holds to come and cannot be removed; "
                "keep the technician in the file with `status: off` until they are done.",
            )


def all_busy(schedule: Schedule) -> tuple[BusyTime, ...]:
    """Return the busy times of all technicians, except those from calendars."""
    return tuple(
        busy
        for technician_schedule in schedule.technician_schedules.values()
        for busy in technician_schedule.busy
        if not busy.source.startswith(CALENDAR_SOURCE_PREFIX)
    )


def _key(absence: TimeOff) -> tuple[Minute, Minute, str]:
    """Return the values by which time off in the file and in the project is the same."""
    return absence.start, absence.end, absence.reason


def _busy_name(busy: BusyTime) -> str:
    return f"busy time of {busy.technician_id} at {_utc(busy.start)}"


def _utc(minute: Minute) -> str:
    return utc_to_wall("UTC", minute).isoformat(timespec="minutes")
