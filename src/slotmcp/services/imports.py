"""Comparison of a project file with its project, and the report of an import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol, Self

from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CALENDAR_SOURCE_PREFIX
from slotmcp.domain.catalog import Project, ServiceType, Technician, TimeOff
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import Transaction
from slotmcp.services.attention import AffectedBooking
from slotmcp.services.countries import country_of

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


@dataclass(slots=True)
class Comparison:
    """Comparison of a project file with a project: what an import changes, except bookings."""

    plan: ProjectPlan
    schedule: Schedule | None
    """The project's schedule before the import; None: the project is new."""
    prune: bool
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: int = 0
    missing: list[str] = field(default_factory=list)
    """In the project but not in the file."""
    is_project_changed: bool = False
    are_services_changed: bool = False
    are_technicians_changed: bool = False
    technicians: Sequence[Technician] = ()
    """Technicians of the file, with the time off that operators added, and with known locations of homes."""
    removed_services: Sequence[str] = ()
    removed_technicians: Sequence[str] = ()
    added_busy: Sequence[BusyTime] = ()
    removed_busy: Sequence[BusyTime] = ()

    @classmethod
    def of(cls, plan: ProjectPlan, schedule: Schedule | None, *, now_ms: int, prune: bool) -> Self:
        """Compare a file with a schedule.

        Raises:
            InvalidArgument: a technician to be pruned has future claims.
        """
        comparison = cls(plan, schedule, prune)
        comparison._compare_catalog()
        comparison._compare_busy()
        if prune:
            comparison._find_removed(now_ms)
        return comparison

    def report(self) -> ImportReport:
        """Return the changes without those of bookings."""
        return ImportReport(
            project_id=self.plan.project.id,
            created=tuple(self.created),
            updated=tuple(self.updated),
            unchanged=self.unchanged,
            removable=() if self.prune else tuple(self.missing),
            removed=tuple(self.missing) if self.prune else (),
        )

    async def save_catalog(self, transaction: Transaction) -> None:
        """Write the project, its services and its technicians where they differ."""
        if self.is_project_changed:
            await transaction.save_project(self.plan.project)
        if self.are_services_changed:
            await transaction.save_services(self.plan.services)
        if self.are_technicians_changed:
            await transaction.save_technicians(self.technicians)
        await transaction.remove_services(self.removed_services)
        await transaction.remove_technicians(self.removed_technicians)

    def _compare_catalog(self) -> None:
        schedule, project = self.schedule, self.plan.project
        stored = schedule.technician_schedules.values() if schedule else ()
        old = {each.technician.id: each.technician for each in stored}
        name = f"project {project.id}"
        self.is_project_changed = self._differs(name, old=schedule.project if schedule else None, new=project)
        technicians = [self._with_stored_home(new, old.get(new.id)) for new in self.plan.technicians]
        self.technicians = [self._with_operator_time_off(new, old.get(new.id)) for new in technicians]
        services = schedule.services if schedule else {}
        self.are_services_changed = self._differ("service", old=services, new=self.plan.services)
        self.are_technicians_changed = self._differ("technician", old=old, new=self.technicians)

    def _compare_busy(self) -> None:
        stored, new = all_busy(self.schedule) if self.schedule else (), dict.fromkeys(self.plan.busy)
        old = set(stored)
        self.added_busy = [
            busy for busy in new if self._differs(_busy_name(busy), old=busy if busy in old else None, new=busy)
        ]
        missing = [busy for busy in stored if busy not in new]
        self.missing.extend(map(_busy_name, missing))
        self.removed_busy = missing if self.prune else ()

    def _find_removed(self, now_ms: int) -> None:
        """Find the services and technicians that are not in the file."""
        services = {service.id for service in self.plan.services}
        technicians = {technician.id for technician in self.plan.technicians}
        schedule = self.schedule
        self.removed_services = [name for name in (schedule.services if schedule else ()) if name not in services]
        stored = schedule.technician_schedules if schedule else {}
        self.removed_technicians = [name for name in stored if name not in technicians]
        for technician_id in self.removed_technicians:
            _check_no_future_claims(stored[technician_id], now_ms)

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

    def _with_stored_home(self, new: Technician, old: Technician | None) -> Technician:
        """Return a technician whose postal code was not found with the location that is known of it, if any."""
        if new.home is not None or old is None or not new.home_postal_code or self.schedule is None:
            return new
        is_same_code = old.home_postal_code == new.home_postal_code
        is_same_country = country_of(self.schedule.project) == country_of(self.plan.project)
        return replace(new, home=old.home) if is_same_code and is_same_country else new

    def _with_operator_time_off(self, new: Technician, old: Technician | None) -> Technician:
        """Return a technician of the file with the time off that operators added, without duplicates."""
        added = {_key(absence): absence for absence in (old.time_off if old else ()) if absence.by_operator}
        in_file = tuple(added.pop(_key(absence), absence) for absence in new.time_off)
        self.missing.extend(f"time off of {new.id} at {_utc(absence.start)}" for absence in added.values())
        return replace(new, time_off=in_file if self.prune else (*in_file, *added.values()))


def _check_no_future_claims(technician_schedule: TechnicianSchedule, now_ms: int) -> None:
    """Reject the removal of a technician with future bookings or holds."""
    claims, technician_id = technician_schedule.claims, technician_schedule.technician.id
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
