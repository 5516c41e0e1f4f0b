"""Technicians: who is there, what they have to do, and that they cannot come."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from slotmcp.domain.catalog import Project, Technician, TechnicianStatus, TimeOff
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, Minute
from slotmcp.domain.moment import Moment
from slotmcp.engine.availability import Availability
from slotmcp.engine.zones import utc_to_wall
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.clearing import Cleared, clear
from slotmcp.services.finding import FoundBooking, tell_of
from slotmcp.services.intents import resolve
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import offer_freed_time

MOST_DAYS_OFF = 366
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianOverview:
    """How a technician's days look."""

    technician: Technician
    bookings_today: int
    bookings_this_week: int
    """Today and the six days after it, by the project's dates."""
    next_booking: FoundBooking | None
    time_off: tuple[TimeOff, ...]
    """What is not over, by start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TechniciansAnswer:
    """All of a project's technicians, in the order of the project file."""

    project: Project
    technicians: tuple[TechnicianOverview, ...]
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceAnswer:
    """What a technician's absence, or return, meant for what was to come."""

    project: Project
    technician: Technician
    changed: bool
    """False where it was so already."""
    attention: tuple[FoundBooking, ...]
    """The bookings that are kept and have to be looked at, by start."""
    time_off: tuple[TimeOff, ...]
    """What is not over, by start."""
    holds_moved: int
    holds_withdrawn: int
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOffRequest:
    """When a technician cannot come."""

    technician_id: str
    start: Moment
    """A date means its first minute."""
    end: Moment
    """A date means its end."""
    reason: str = ""
    project_id: str | None = None


class TechnicianService:
    """Keeps the business's people up to date."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache, ids: Ids) -> None:
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids

    async def list_technicians(self, project_id: str | None) -> TechniciansAnswer:
        """Who is there, and what they have to do.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        project_id = await self._availability_cache.project_id(project_id)
        availability = await self._availability_cache.availability(project_id)
        return TechniciansAnswer(
            project=availability.schedule.project,
            technicians=tuple(
                [await self._overview(availability, one) for one in availability.schedule.technician_schedules]
            ),
            now_ms=availability.now_ms,
        )

    async def set_technician_status(
        self, project_id: str | None, technician_id: str, status: TechnicianStatus
    ) -> AbsenceAnswer:
        """Take a technician out of work, or bring them back.

        Raises:
            NotFound, InvalidArgument, Unavailable.
        """

        def change(technician: Technician, _: Availability) -> tuple[Technician, None]:
            return replace(technician, status=status), None

        return await self._change(project_id, technician_id, change)

    async def add_time_off(self, request: TimeOffRequest) -> AbsenceAnswer:
        """Let a technician be away. What is there already is not added again.

        Raises:
            NotFound, InvalidArgument, Unavailable.
        """

        def change(technician: Technician, availability: Availability) -> tuple[Technician, Interval]:
            off = _time_off(request, availability)
            is_known = any(
                (one.start, one.end, one.reason) == (off.start, off.end, off.reason) for one in technician.time_off
            )
            time_off = technician.time_off if is_known else (*technician.time_off, off)
            return replace(technician, time_off=time_off), (off.start, off.end)

        return await self._change(request.project_id, request.technician_id, change)

    async def _change(self, project_id: str | None, technician_id: str, change: "_Change") -> AbsenceAnswer:
        async def unit(transaction: Transaction) -> AbsenceAnswer:
            await transaction.lapse_holds()
            before = await self._availability_cache.locked(transaction)
            technician = _technician(before, technician_id)
            changed, span = change(technician, before)
            if changed != technician:
                everybody = [
                    technician_schedule.technician
                    for technician_schedule in before.schedule.technician_schedules.values()
                ]
                await transaction.save_technicians([changed if one is technician else one for one in everybody])
            cleared = await clear(UnitOfWork(transaction, self._availability_cache, self._ids), technician_id, span)
            if changed != technician:
                await offer_freed_time(UnitOfWork(transaction, self._availability_cache, self._ids))
            return _answer(before, changed, cleared, changed=changed != technician)

        return await self._store.write(await self._availability_cache.project_id(project_id), unit)

    async def _overview(self, availability: Availability, technician_id: str) -> TechnicianOverview:
        schedule, line = availability.schedule, availability.index.timelines[technician_id]
        now = availability.now_ms // MS_PER_MINUTE
        coming = min(
            (claim for claim in line.claims if not claim.is_hold and claim.end > now),
            default=None,
            key=lambda one: one.start,
        )
        booking = await self._store.booking(schedule.project.id, coming.id) if coming else None
        technician = schedule.technician_schedules[technician_id].technician
        return TechnicianOverview(
            technician=technician,
            bookings_today=line.loads[0],
            bookings_this_week=sum(line.loads[day] for day in range(_WEEK)),
            next_booking=tell_of(schedule, booking, availability.now_ms) if booking else None,
            time_off=_ahead(technician, now),
        )


_Change = Callable[[Technician, Availability], tuple[Technician, Interval | None]]
"""A technician as they are to be, and when that matters; None: always."""


def _ahead(technician: Technician, now: Minute) -> tuple[TimeOff, ...]:
    return tuple(sorted((one for one in technician.time_off if one.end > now), key=lambda one: one.start))


def _technician(availability: Availability, technician_id: str) -> Technician:
    technician_schedules = availability.schedule.technician_schedules
    if technician_id not in technician_schedules:
        raise NotFound.among("technicianId", "technician", technician_id, list(technician_schedules))
    return technician_schedules[technician_id].technician


def _time_off(request: TimeOffRequest, availability: Availability) -> TimeOff:
    zone_key, now = availability.schedule.project.timezone, availability.now_ms // MS_PER_MINUTE
    start = resolve(request.start, zone_key, "start")
    end = resolve(request.end, zone_key, "end", end_of_day=True)
    if end <= start:
        raise InvalidArgument("end", "it must be after start.")
    if end <= now:
        local = utc_to_wall(zone_key, now).isoformat(timespec="minutes")
        raise InvalidArgument("end", f"it lies in the past; it is {local} now.")
    if end - start > MOST_DAYS_OFF * MINUTES_PER_DAY:
        raise InvalidArgument("end", f"give at most {MOST_DAYS_OFF} days; for longer, set the status to off.")
    return TimeOff(start=start, end=end, reason=request.reason, by_operator=True)


def _answer(before: Availability, technician: Technician, cleared: Cleared, *, changed: bool) -> AbsenceAnswer:
    schedule = before.schedule
    return AbsenceAnswer(
        project=schedule.project,
        technician=technician,
        changed=changed,
        attention=tuple(tell_of(schedule, one, before.now_ms) for one in cleared.bookings),
        time_off=_ahead(technician, before.now_ms // MS_PER_MINUTE),
        holds_moved=cleared.moved,
        holds_withdrawn=cleared.withdrawn,
        now_ms=before.now_ms,
    )
