"""Appointments: service, technician, start and length of a request, resolved against the schedule."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location, ServiceType
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import InvalidArgument, NotFound, ProblemKind, both
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.moment import Moment, WallDate, WallTime
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import area_of_job, in_area
from slotmcp.engine.need import Need
from slotmcp.engine.travel import TravelTimes, site_at
from slotmcp.engine.zone_names import find_zone
from slotmcp.engine.zones import instants_around_gap, instants_at, midnight, next_midnight, wall_to_utc
from slotmcp.services.areas import check_place
from slotmcp.services.own_holds import CallerFields
from slotmcp.services.placed_requests import PlacedRequest

_MAX_LISTED: Final = 12
MAX_DURATION_MINUTES: Final = MINUTES_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest(CallerFields, PlacedRequest):
    """Fields of a request that identify an appointment. None: not provided."""

    project_id: str | None = None
    service_id: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    duration_minutes: int | None = None
    technician_id: str | None = None
    priority: Priority | None = None
    """None: not given."""
    timezone: str | None = None
    """IANA time zone of local times. Default: the project's."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """A job at a start, resolved from a request."""

    service: ServiceType
    need: Need
    start: Minute
    location: Location | None = None
    """Location of the job. It is stored with the claim even if the project ignores travel times."""
    postal_code: str = field(default="", kw_only=True)
    """Postal code of the job. It is stored with the claim even if the project has no areas."""
    length_field: str = "durationMinutes"
    """Field of the request that determines the length."""

    def check(self, schedule: Schedule) -> None:
        """Reject a new appointment that is too short, or at a place that the business does not serve.

        A repeated one is not checked, because the service or the areas may have changed since.

        Raises:
            InvalidArgument.
        """
        check_length(self.service, self.need, self.length_field)
        check_place(schedule, self.location, self.postal_code)

    def claim(self, claim_id: str, technician_id: str, *, expires_at_ms: int | None = None) -> Claim:
        """Return the claim on a technician's time: of a hold if it expires, else of a booking."""
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
            postal_code=self.postal_code,
            priority=self.need.priority,
        )


def find_service(schedule: Schedule, requested_id: str | None) -> ServiceType:
    """Return the requested service, the project's default, or the only one.

    Raises:
        NotFound: there is no such service.
        InvalidArgument: none was requested, and the project has no default.
    """
    services = schedule.services
    service_id = requested_id or schedule.project.default_service_id
    if not service_id and len(services) == 1:
        (service_id,) = services
    if not service_id:
        raise InvalidArgument(
            "serviceType",
            f"name one of the services: {', '.join(list(services)[:_MAX_LISTED])}.",
            kind=ProblemKind.SERVICE,
        )
    if service_id not in services:
        raise NotFound.among("serviceType", "service", service_id, {key: value.name for key, value in services.items()})
    return services[service_id]


def find_need(  # noqa: PLR0913  the properties of a job
    schedule: Schedule,
    service: ServiceType,
    *,
    duration_minutes: int | None,
    technician_id: str | None,
    location: Location | None,
    postal_code: str,
    priority: Priority | None,
    travel_times: TravelTimes | None = None,
) -> Need:
    """Return the requirements of a job, of any length. `travel_times` replace the estimated ones.

    Raises:
        NotFound: there is no such technician.
        InvalidArgument: the duration is out of bounds, or the technician lacks a skill.
    """
    if duration_minutes is not None and not 1 <= duration_minutes <= MAX_DURATION_MINUTES:
        raise InvalidArgument("durationMinutes", _lengths(service))
    if technician_id is not None:
        _check_technician(schedule, service, technician_id)
    site = site_at(location, schedule.project.travel, travel_times)
    need = Need.of_service(
        service,
        duration_minutes=duration_minutes,
        technician_id=technician_id,
        site=site,
        priority=priority or Priority.NORMAL,
    )
    return in_area(need, area_of_job(schedule.project, postal_code))


def check_length(service: ServiceType, need: Need, field: str = "durationMinutes") -> None:
    """Reject a length that is too short for the service, with the request's field.

    Raises:
        InvalidArgument.
    """
    if need.duration_minutes < need.shortest_minutes:
        raise InvalidArgument(field, _lengths(service))


def find_appointment(schedule: Schedule, request: StartRequest, travel_times: TravelTimes | None = None) -> Appointment:
    """Resolve a requested appointment, of any length. `travel_times` replace the estimated ones.

    Raises:
        InvalidArgument, NotFound.
    """
    moment = request.start
    if moment is None:
        raise InvalidArgument(
            "start", "give the start of the appointment, or the holdToken of one that is held.", kind=ProblemKind.TIME
        )
    zone_key = request.timezone or schedule.project.timezone
    start, service = both(
        lambda: resolve_moment(moment, zone_key, "start"), lambda: find_service(schedule, request.service_id)
    )
    need = find_need(
        schedule,
        service,
        duration_minutes=find_duration(request, start, zone_key),
        technician_id=request.technician_id,
        location=request.place,
        postal_code=request.postal_code,
        priority=request.priority,
        travel_times=travel_times,
    )
    return Appointment(
        service,
        need,
        start,
        request.place,
        postal_code=request.postal_code,
        length_field="durationMinutes" if request.end is None else "end",
    )


def find_duration(request: StartRequest, start: Minute, zone_key: str) -> int | None:
    """Return the requested length in minutes; None if the request has neither an end nor a length.

    Raises:
        InvalidArgument: the length is out of bounds, or differs from the requested one.
    """
    if request.end is None:
        return request.duration_minutes
    length = resolve_moment(request.end, zone_key, "end") - start
    if not 1 <= length <= MAX_DURATION_MINUTES:
        raise InvalidArgument("end", f"it must be 1 to {MAX_DURATION_MINUTES} minutes after start.")
    if request.duration_minutes not in {None, length}:
        raise InvalidArgument("durationMinutes", f"start and end are {length} minutes apart; give one or the other.")
    return length


def resolve_moment(moment: Moment, zone_key: str, field: str, *, end_of_day: bool = False) -> Minute:
    """Return the instant of a moment; local times are in the zone.

    A date means its first minute, or with `end_of_day` the first minute of the next date.

    Raises:
        InvalidArgument: the local time does not exist, or occurs twice; the message names the two possible instants.
    """
    if isinstance(moment, WallDate):
        return next_midnight(zone_key, moment.day) if end_of_day else midnight(zone_key, moment.day)
    if isinstance(moment, WallTime):
        _check_unambiguous(moment.at, zone_key, field)
        return wall_to_utc(zone_key, moment.at) + moment.plus_minutes
    return moment


def check_zone(zone_key: str, field: str) -> str:
    """Return the name of a time zone.

    Raises:
        InvalidArgument: there is no such time zone, or it is no place.
    """
    try:
        return find_zone(zone_key)
    except ValueError as error:
        raise InvalidArgument(field, f"{error}.") from None


def _lengths(service: ServiceType) -> str:
    lengths = f"{service.shortest_minutes} to {MAX_DURATION_MINUTES} minutes, usually {service.duration_minutes}"
    return f"{service.id} takes {lengths}; give such a length, or leave it out for the usual one."


def _check_technician(schedule: Schedule, service: ServiceType, technician_id: str) -> None:
    schedules = schedule.technician_schedules
    if technician_id not in schedules:
        names = {key: value.technician.name for key, value in schedules.items()}
        raise NotFound.among("technicianId", "technician", technician_id, names)
    if missing := service.skills - schedules[technician_id].technician.skills:
        qualified = [other_id for other_id, other in schedules.items() if service.skills <= other.technician.skills]
        who_has_it = f"these have it: {', '.join(qualified)}" if qualified else "nobody has it"
        raise InvalidArgument(
            "technicianId",
            f"{technician_id} lacks the skill {', '.join(sorted(missing))} for {service.id}; {who_has_it}.",
            kind=ProblemKind.TECHNICIAN,
        )


def _check_unambiguous(at: datetime, zone_key: str, field: str) -> None:
    instants = instants_at(zone_key, at)
    if len(instants) == 1:
        return
    first, second = (_text(instant) for instant in instants or instants_around_gap(zone_key, at))
    problem, change = ("exists twice", "goes back") if instants else ("does not exist", "goes forward")
    raise InvalidArgument(
        field,
        f"{_text(at)} {problem} in {zone_key}, where the clock {change} then; specify {first} or {second}.",
        kind=ProblemKind.TIME,
    )


def _text(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
