"""From the domain to a project file that says the same: reading it gives the same plan again."""

from collections.abc import Mapping
from enum import StrEnum
from io import StringIO
from typing import Any, TypeAlias

from slotmcp.domain.booking import Booking
from slotmcp.domain.calcom import CalcomConnection, CalcomHost
from slotmcp.domain.catalog import (
    DateOverride,
    Location,
    Project,
    ServiceType,
    Technician,
    TimeOff,
    TravelPolicy,
    WallSpan,
    WeeklySpan,
)
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.engine.zones import utc_to_wall, wall_to_utc
from slotmcp.project_file.fields import DAYS
from slotmcp.project_file.times import write_clock, write_instant, write_wall
from slotmcp.services.imports import ProjectPlan

Keys: TypeAlias = dict[str, Any]
"""Keys and values in the order of the file. None: left out."""

_WIDE = 1_000_000
"""Lines are never folded: a name is on the line of its key."""


def dump_project(plan: ProjectPlan) -> str:
    """A project file, YAML. It says nothing of customers; what is as usual is left out."""
    services = {service.id: service for service in plan.services}
    return _as_yaml(
        {
            "project": _project(plan.project),
            "services": [_service(service) for service in plan.services],
            "technicians": [_technician(one, plan.project) for one in plan.technicians],
            "bookings": [_Flow(_booking(one, services)) for one in plan.bookings],
            "busy": [_Flow(_busy_time(one)) for one in plan.busy],
        }
    )


class _Flow(Keys):
    """Keys that are written on one line."""


class _Quoted(str):
    """Text that is quoted, so that no reader takes it for a number."""

    __slots__ = ()


def _project(project: Project) -> Keys:
    usual = Project(id=project.id, name=project.name, timezone=project.timezone)
    return {
        "id": project.id,
        "name": project.name,
        "timezone": project.timezone,
        "locale": _unless(project.locale, usual.locale),
        "slotIntervalMinutes": project.slot_interval_minutes,
        "slotAlignment": _unless(project.slot_alignment, usual.slot_alignment),
        "minNoticeMinutes": project.min_notice_minutes,
        "horizonDays": project.horizon_days,
        "holdTtlSeconds": project.hold_ttl_seconds,
        "maxHoldsPerCustomer": _unless(project.max_holds_per_customer, usual.max_holds_per_customer),
        "travel": _travel(project.travel, usual.travel),
        "ranking": _ranking(project, usual),
        "calcom": _calcom(project.calcom),
        "defaultService": project.default_service_id,
        "holidays": [*project.holiday_regions, *project.closed_dates],
    }


def _calcom(connection: CalcomConnection | None) -> Keys | None:
    if connection is None:
        return None
    return _Flow(
        apiKeyEnv=connection.api_key_env,
        webhookSecretEnv=list(connection.webhook_secret_envs),
        pendingBlocks=_unless(connection.pending_blocks, True),  # noqa: FBT003  the usual value
    )


def _host(host: CalcomHost | None) -> Keys | None:
    if host is None:
        return None
    return {
        "email": host.email or None,
        "userId": host.user_id,
        "eventTypes": [_Flow(serviceType=one, id=number) for one, number in host.event_type_ids.items()],
        "calendars": [_Flow(credentialId=one.credential_id, externalId=one.external_id) for one in host.calendars],
    }


def _travel(travel: TravelPolicy, usual: TravelPolicy) -> Keys:
    return _Flow(
        mode=_unless(travel.mode, usual.mode),
        speedKmh=_unless(travel.speed_kmh, usual.speed_kmh),
        minutesPerStop=_unless(travel.minutes_per_stop, usual.minutes_per_stop),
    )


def _ranking(project: Project, usual: Project) -> Keys:
    candidates = _unless(project.candidate_ranking, usual.candidate_ranking)
    assignment = _unless(project.assignment_ranking, usual.assignment_ranking)
    return _Flow(candidates=list(candidates or ()), assignment=list(assignment or ()))


def _service(service: ServiceType) -> Keys:
    return {
        "id": service.id,
        "name": service.name,
        "durationMinutes": service.duration_minutes,
        "bufferBeforeMinutes": _unless(service.buffer_before_minutes, 0),
        "bufferAfterMinutes": _unless(service.buffer_after_minutes, 0),
        "skills": sorted(service.skills),
        "calcomEventTypeId": service.calcom_event_type_id,
    }


def _technician(technician: Technician, project: Project) -> Keys:
    usual = Technician(id=technician.id, name=technician.name, timezone=project.timezone)
    return {
        "id": technician.id,
        "name": technician.name,
        "priority": technician.priority,
        "status": _unless(technician.status, usual.status),
        "timezone": _unless(technician.timezone, usual.timezone),
        "skills": sorted(technician.skills),
        "home": _location(technician.home),
        "maxBookingsPerDay": technician.max_bookings_per_day,
        "shifts": [_weekly_span(one) for one in technician.shifts],
        "breaks": [_weekly_span(one) for one in technician.breaks],
        "overrides": [_override(one) for one in technician.overrides],
        "timeOff": [_time_off(one, technician.timezone) for one in technician.time_off],
        "calcom": _host(technician.calcom),
    }


def _weekly_span(weekly: WeeklySpan) -> Keys:
    days = [DAYS[day] for day in sorted(weekly.days)]
    return _Flow(days=days, **_window(weekly.span), **{"from": weekly.valid_from, "until": weekly.valid_until})


def _window(span: WallSpan) -> Keys:
    past_midnight = span.end_minute > MINUTES_PER_DAY
    end = span.end_minute - MINUTES_PER_DAY * past_midnight
    return _Flow(start=_Quoted(write_clock(span.start_minute)), end=_Quoted(write_clock(end)))


def _override(override: DateOverride) -> Keys:
    windows = [_window(one) for one in override.windows]
    return _Flow(date=override.date, closed=None if windows else True, windows=windows)


def _time_off(absence: TimeOff, zone_key: str) -> Keys:
    return _Flow(
        start=_local(absence.start, zone_key), end=_local(absence.end, zone_key), reason=absence.reason or None
    )


def _local(minute: Minute, zone_key: str) -> str:
    """By the wall clock, where it reads so only once; else in UTC."""
    wall = utc_to_wall(zone_key, minute).replace(tzinfo=None)
    return write_wall(wall) if wall_to_utc(zone_key, wall) == minute else write_instant(minute)


def _booking(booking: Booking, services: Mapping[str, ServiceType]) -> Keys:
    claim, service = booking.claim, services.get(booking.claim.service_id)
    before = service.buffer_before_minutes if service is not None else None
    after = service.buffer_after_minutes if service is not None else None
    return {
        "id": claim.id,
        "technicianId": claim.technician_id,
        "serviceType": claim.service_id,
        "start": write_instant(claim.start),
        "end": write_instant(claim.end),
        "bufferBeforeMinutes": _unless(claim.buffer_before_minutes, before),
        "bufferAfterMinutes": _unless(claim.buffer_after_minutes, after),
        "location": _location(claim.location),
    }


def _busy_time(busy: BusyTime) -> Keys:
    return {
        "technicianId": busy.technician_id,
        "start": write_instant(busy.start),
        "end": write_instant(busy.end),
        "source": busy.source or None,
    }


def _location(location: Location | None) -> Keys | None:
    return None if location is None else _Flow(latitude=location.latitude, longitude=location.longitude)


def _unless(value: object, usual: object) -> Any:  # noqa: ANN401  as it came, or None
    return None if value == usual else value


def _as_yaml(keys: Keys) -> str:
    from ruamel.yaml import YAML  # noqa: PLC0415  takes 0.1 s, and a server that is started never writes YAML

    yaml = YAML()
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_styled(keys), out)
    return out.getvalue()


def _styled(value: object) -> object:
    """The same for ruamel, without what is empty: groups and lists of plain values on one line each."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq  # noqa: PLC0415
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString  # noqa: PLC0415

    match value:
        case _Quoted():
            return DoubleQuotedScalarString(value)
        case str() if value.startswith(("?", ":")):  # ruamel writes them bare in a group, and cannot read them there
            return DoubleQuotedScalarString(value)
        case StrEnum():
            return value.value
        case dict():
            mapping = CommentedMap({key: _styled(one) for key, one in value.items() if not _is_empty(one)})
            if isinstance(value, _Flow):
                mapping.fa.set_flow_style()
            return mapping
        case list():
            sequence = CommentedSeq(_styled(one) for one in value)
            if not any(isinstance(one, dict) for one in value):
                sequence.fa.set_flow_style()
            return sequence
        case _:
            return value


def _is_empty(value: object) -> bool:
    return value is None or value == [] or (isinstance(value, dict) and all(map(_is_empty, value.values())))
