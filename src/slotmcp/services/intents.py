"""What a request means: ids, times and lengths as the caller gave them, held against the book."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from slotmcp.domain.catalog import Location, ServiceType
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.moment import Moment, WallDate, WallTime
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.engine.zones import instants_around_gap, instants_at, midnight, next_midnight, wall_to_utc, zone

MAX_DURATION_MINUTES = MINUTES_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """The fields by which a request names an appointment. None: not given."""

    project_id: str | None = None
    service_id: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    duration_minutes: int | None = None
    technician_id: str | None = None
    location: Location | None = None
    """Where the job is."""
    timezone: str | None = None
    """IANA zone in which local times are meant. Default: the project's."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A job at a time: what is asked for, once understood."""

    service: ServiceType
    need: Need
    start: Minute
    location: Location | None = None
    """Kept with the claim, whether or not the way counts today."""

    def claim(self, claim_id: str, technician_id: str, *, expires_at_ms: int | None = None) -> Claim:
        """A technician's time for it: a booking, or a hold if it expires."""
        return Claim(
            id=claim_id,
            technician_id=technician_id,
            service_id=self.service.id,
            start=self.start,
            end=self.start + self.need.duration_minutes,
            buffer_before_minutes=self.need.buffer_before_minutes,
            buffer_after_minutes=self.need.buffer_after_minutes,
            expires_at_ms=expires_at_ms,
            technician_chosen=self.need.technician_id is not None,
            location=self.location,
        )


def find_service(schedule: Schedule, asked: str | None) -> ServiceType:
    """The service that is meant: the one asked for, the project's default, or the only one.

    Raises:
        NotFound: there is no such service.
        InvalidArgument: none was named, and the project has no default.
    """
    wanted = (
        asked
        or schedule.project.default_service_id
        or (next(iter(schedule.services)) if len(schedule.services) == 1 else None)
    )
    if wanted is None:
        raise InvalidArgument("serviceType", f"name one of the services: {', '.join(schedule.services)}.")
    if wanted not in schedule.services:
        raise NotFound.among("serviceType", "service", wanted, list(schedule.services))
    return schedule.services[wanted]


def find_need(  # noqa: PLR0913  what a job is
    schedule: Schedule,
    service: ServiceType,
    *,
    duration_minutes: int | None,
    technician_id: str | None,
    location: Location | None,
    routed: TravelTimes | None = None,
) -> Need:
    """What the job needs. `routed` knows the ways to and from its place better than the estimate.

    Raises:
        NotFound: there is no such technician.
        InvalidArgument: the duration is out of bounds, or the technician lacks a skill.
    """
    if duration_minutes is not None and not 1 <= duration_minutes <= MAX_DURATION_MINUTES:
        raise InvalidArgument("durationMinutes", f"give a length from 1 to {MAX_DURATION_MINUTES} minutes.")
    if technician_id is not None:
        _check_technician(schedule, service, technician_id)
    site = site_at(location, schedule.project.travel, routed)
    return Need.of_service(service, duration_minutes=duration_minutes, technician_id=technician_id, site=site)


def find_appointment(schedule: Schedule, asked: StartRequest, routed: TravelTimes | None = None) -> Appointment:
    """The appointment that is meant. `routed` knows the ways to and from its place better than the estimate.

    Raises:
        InvalidArgument, NotFound.
    """
    if asked.start is None:
        raise InvalidArgument("start", "give the start of the appointment, or the holdToken of one that is held.")
    zone_key = asked.timezone or schedule.project.timezone
    start = resolve(asked.start, zone_key, "start")
    service = find_service(schedule, asked.service_id)
    need = find_need(
        schedule,
        service,
        duration_minutes=find_duration(asked, start, zone_key),
        technician_id=asked.technician_id,
        location=asked.location,
        routed=routed,
    )
    return Appointment(service, need, start, asked.location)


def find_duration(asked: StartRequest, start: Minute, zone_key: str) -> int | None:
    """The length that is asked for, by an end or in minutes; None where neither is given.

    Raises:
        InvalidArgument: the end is too near or too far, or the two disagree.
    """
    if asked.end is None:
        return asked.duration_minutes
    length = resolve(asked.end, zone_key, "end") - start
    if not 1 <= length <= MAX_DURATION_MINUTES:
        raise InvalidArgument("end", f"it must be 1 to {MAX_DURATION_MINUTES} minutes after start.")
    if asked.duration_minutes not in {None, length}:
        raise InvalidArgument("durationMinutes", f"start and end are {length} minutes apart; give one or the other.")
    return length


def resolve(moment: Moment, zone_key: str, field: str, *, end_of_day: bool = False) -> Minute:
    """The instant that is meant, a time without an offset being one of this zone's clocks.

    A date means its first minute, or with `end_of_day` the first minute of the next.

    Raises:
        InvalidArgument: the clocks skip that time or show it twice; both readings are named.
    """
    if isinstance(moment, WallDate):
        return next_midnight(zone_key, moment.day) if end_of_day else midnight(zone_key, moment.day)
    if isinstance(moment, WallTime):
        _check_once(moment.at, zone_key, field)
        return wall_to_utc(zone_key, moment.at)
    return moment


def check_zone(zone_key: str, field: str) -> str:
    """The same, if there is such a zone.

    Raises:
        InvalidArgument: there is none.
    """
    try:
        return zone(zone_key).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidArgument(field, "give an IANA zone name such as America/Denver or Europe/Paris.") from None


def _check_technician(schedule: Schedule, service: ServiceType, technician_id: str) -> None:
    technician_schedule = schedule.technician_schedules.get(technician_id)
    if technician_schedule is None:
        raise NotFound.among("technicianId", "technician", technician_id, list(schedule.technician_schedules))
    if missing := service.skills - technician_schedule.technician.skills:
        able = [
            other for other, its in schedule.technician_schedules.items() if service.skills <= its.technician.skills
        ]
        raise InvalidArgument(
            "technicianId",
            f"{technician_id} lacks the skill {', '.join(sorted(missing))} for {service.id}; "
            f"these have it: {', '.join(able)}.",
        )


def _check_once(at: datetime, zone_key: str, field: str) -> None:
    real = instants_at(zone_key, at)
    if len(real) == 1:
        return
    first, second = real or instants_around_gap(zone_key, at)
    what = "exists twice" if real else "does not exist"
    change = "goes back" if real else "goes forward"
    raise InvalidArgument(
        field,
        f"{_text(at)} {what} in {zone_key}, where the clock {change} then; "
        f"say which is meant, {_text(first)} or {_text(second)}.",
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
