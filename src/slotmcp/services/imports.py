"""An import: what a project file says, brought into the book in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CALENDAR_SOURCE_PREFIX
from slotmcp.domain.catalog import Project, ServiceType, Technician, TimeOff
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import ClaimConflict, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """All that a project file says, as domain values; dates are absolute."""

    project: Project
    services: tuple[ServiceType, ...]
    technicians: tuple[Technician, ...]
    bookings: tuple[Booking, ...] = ()
    busy: tuple[BusyTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import changed, each thing named as in "service ac-repair"."""

    project_id: str
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: int = 0
    removable: tuple[str, ...] = ()
    """In the book but not in the file; kept without prune."""
    removed: tuple[str, ...] = ()
    kept_bookings: tuple[str, ...] = ()
    """Bookings of the file whose id is in the book with other facts; left as they are."""


@dataclass(slots=True)
class _Tally:
    """What an import has come to so far."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: int = 0
    removable: list[str] = field(default_factory=list)
    kept_bookings: list[str] = field(default_factory=list)

    def note(self, name: str, *, known: object, given: object) -> bool:
        """Whether what is given is news."""
        if known == given:
            self.unchanged += 1
            return False
        (self.created if known is None else self.updated).append(name)
        return True


async def import_plan(transaction: Transaction, plan: ProjectPlan, *, is_new: bool, prune: bool) -> ImportReport:
    """Make the book say what the plan says.

    Raises:
        InvalidArgument: a booking overlaps what is in the book, or somebody with claims to come would be pruned.
    """
    tally = _Tally()
    await transaction.lapse_holds()
    if is_new:
        await transaction.save_project(plan.project)
    schedule = await transaction.schedule()
    if tally.note(f"project {plan.project.id}", known=None if is_new else schedule.project, given=plan.project):
        await transaction.save_project(plan.project)
    await _import_catalog(transaction, schedule, plan, tally, prune=prune)
    await _import_busy(transaction, schedule, plan, tally)
    for booking in plan.bookings:
        await _import_booking(transaction, booking, tally)
    if prune:
        await _prune(transaction, schedule, plan)
    return ImportReport(
        project_id=plan.project.id,
        created=tuple(tally.created),
        updated=tuple(tally.updated),
        unchanged=tally.unchanged,
        removable=() if prune else tuple(tally.removable),
        removed=tuple(tally.removable) if prune else (),
        kept_bookings=tuple(tally.kept_bookings),
    )


async def _import_catalog(
    transaction: Transaction, schedule: Schedule, plan: ProjectPlan, tally: _Tally, *, prune: bool
) -> None:
    technicians = {
        technician_id: technician_schedule.technician
        for technician_id, technician_schedule in schedule.technician_schedules.items()
    }
    wanted = [_with_known_absences(one, technicians.get(one.id), tally, prune=prune) for one in plan.technicians]
    if _has_news("service", schedule.services, plan.services, tally):
        await transaction.save_services(plan.services)
    if _has_news("technician", technicians, wanted, tally):
        await transaction.save_technicians(wanted)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def _has_news(kind: str, known: Mapping[str, _Named], given: Sequence[_Named], tally: _Tally) -> bool:
    """Whether anything is new, changed or in another order; tells the tally of each, and of what is left over."""
    news = [tally.note(f"{kind} {one.id}", known=known.get(one.id), given=one) for one in given]
    wanted = [one.id for one in given]
    left_over = [name for name in known if name not in set(wanted)]
    tally.removable.extend(f"{kind} {name}" for name in left_over)
    return any(news) or list(known) != wanted + left_over


def _with_known_absences(given: Technician, known: Technician | None, tally: _Tally, *, prune: bool) -> Technician:
    """A technician of the file with the time off that an operator added; where the file has it too, it is that."""
    added = {_span(one): one for one in (known.time_off if known else ()) if one.by_operator}
    in_file = tuple(added.pop(_span(one), one) for one in given.time_off)
    tally.removable.extend(_absence_name(given, one) for one in added.values())
    return replace(given, time_off=in_file if prune else (*in_file, *added.values()))


def _span(absence: TimeOff) -> tuple[int, int, str]:
    return absence.start, absence.end, absence.reason


async def _import_busy(transaction: Transaction, schedule: Schedule, plan: ProjectPlan, tally: _Tally) -> None:
    known, given = set(all_busy(schedule)), dict.fromkeys(plan.busy)
    news = [busy for busy in given if tally.note(_name(busy), known=busy if busy in known else None, given=busy)]
    if news:
        await transaction.add_busy(news)
    tally.removable.extend(_name(busy) for busy in all_busy(schedule) if busy not in given)


async def _import_booking(transaction: Transaction, booking: Booking, tally: _Tally) -> None:
    known = await transaction.booking(booking.id)
    if known is not None:
        same = known.claim == booking.claim
        tally.unchanged += same
        tally.kept_bookings.extend([] if same else [booking.id])
        return
    try:
        await transaction.add_booking(booking)
    except ClaimConflict:
        raise InvalidArgument(
            "bookings",
            f"{booking.id} of {booking.claim.technician_id} overlaps a booking or a live hold in the book; "
            "give it another time or technician, or take it out.",
        ) from None
    tally.created.append(f"booking {booking.id}")


async def _prune(transaction: Transaction, schedule: Schedule, plan: ProjectPlan) -> None:
    services = {service.id for service in plan.services}
    technicians = {technician.id for technician in plan.technicians}
    leaving = [technician_id for technician_id in schedule.technician_schedules if technician_id not in technicians]
    for technician_id in leaving:
        _check_free_to_go(schedule, technician_id, transaction.now_ms)
    await transaction.remove_services([service_id for service_id in schedule.services if service_id not in services])
    await transaction.remove_technicians(leaving)
    await transaction.remove_busy([busy for busy in all_busy(schedule) if busy not in set(plan.busy)])


def _check_free_to_go(schedule: Schedule, technician_id: str, now_ms: int) -> None:
    """A technician with customers waiting is not removed: nobody would come."""
    to_come = [
        claim
        for claim in schedule.technician_schedules[technician_id].claims
        if claim.is_live(now_ms) and claim.end > now_ms // MS_PER_MINUTE
    ]
    if to_come:
        raise InvalidArgument(
            "technicians",
            f"{technician_id} has {len(to_come)} bookings or holds to come and cannot be removed; "
            "keep the technician in the file with `status: off` until they are done.",
        )


def all_busy(schedule: Schedule) -> tuple[BusyTime, ...]:
    """The outside busy times of all technicians that are a project file's to say, not a calendar's."""
    found = (
        busy for technician_schedule in schedule.technician_schedules.values() for busy in technician_schedule.busy
    )
    return tuple(busy for busy in found if not busy.source.startswith(CALENDAR_SOURCE_PREFIX))


def _name(busy: BusyTime) -> str:
    return f"busy time of {busy.technician_id} at {_utc(busy.start)}"


def _absence_name(technician: Technician, absence: TimeOff) -> str:
    return f"time off of {technician.id} at {_utc(absence.start)}"


def _utc(minute: int) -> str:
    return utc_to_wall("UTC", minute).isoformat(timespec="minutes")
