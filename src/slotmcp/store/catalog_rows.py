"""The catalog's rows to domain values and back."""

from datetime import date
from typing import Any

import orjson

from slotmcp.domain.calcom import CalcomConnection, CalcomHost, ConnectedCalendar
from slotmcp.domain.catalog import (
    DateOverride,
    Project,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    TravelMode,
    TravelPolicy,
    WallSpan,
    WeeklySpan,
)
from slotmcp.store.rows import Row, coordinates, json_text, location_of, ranking_of


def project_values(project: Project) -> dict[str, object]:
    """A project as its statement's values."""
    return {
        "id": project.id,
        "name": project.name,
        "timezone": project.timezone,
        "locale": project.locale,
        "slot_interval_minutes": project.slot_interval_minutes,
        "slot_alignment": project.slot_alignment.value,
        "min_notice_minutes": project.min_notice_minutes,
        "horizon_days": project.horizon_days,
        "hold_ttl_seconds": project.hold_ttl_seconds,
        "max_holds_per_customer": project.max_holds_per_customer,
        "candidate_ranking": json_text(project.candidate_ranking),
        "assignment_ranking": json_text(project.assignment_ranking),
        "travel_mode": project.travel.mode.value,
        "travel_speed_kmh": project.travel.speed_kmh,
        "travel_minutes_per_stop": project.travel.minutes_per_stop,
        "travel_road_factor": project.travel.road_factor,
        "default_service_id": project.default_service_id,
        "holiday_regions": json_text(project.holiday_regions),
        "closed_dates": json_text(project.closed_dates),
        "calcom": json_text(project.calcom) if project.calcom else None,
    }


def project_of(row: Row) -> Project:
    """A project from its row."""
    return Project(
        id=row[0],
        name=row[1],
        timezone=row[2],
        locale=row[3],
        slot_interval_minutes=row[4],
        slot_alignment=SlotAlignment(row[5]),
        min_notice_minutes=row[6],
        horizon_days=row[7],
        hold_ttl_seconds=row[8],
        max_holds_per_customer=row[9],
        candidate_ranking=ranking_of(orjson.loads(row[10])),
        assignment_ranking=ranking_of(orjson.loads(row[11])),
        travel=TravelPolicy(mode=TravelMode(row[12]), speed_kmh=row[13], minutes_per_stop=row[14], road_factor=row[15]),
        default_service_id=row[16],
        holiday_regions=tuple(orjson.loads(row[17])),
        closed_dates=tuple(map(date.fromisoformat, orjson.loads(row[18]))),
        calcom=_connection(orjson.loads(row[19])) if row[19] else None,
    )


def service_values(service: ServiceType) -> dict[str, object]:
    """A service as its statement's values."""
    return {
        "id": service.id,
        "name": service.name,
        "duration_minutes": service.duration_minutes,
        "buffer_before_minutes": service.buffer_before_minutes,
        "buffer_after_minutes": service.buffer_after_minutes,
        "skills": json_text(sorted(service.skills)),
        "calcom_event_type_id": service.calcom_event_type_id,
    }


def service_of(row: Row) -> ServiceType:
    """A service from its row."""
    return ServiceType(
        id=row[0],
        name=row[1],
        duration_minutes=row[2],
        buffer_before_minutes=row[3],
        buffer_after_minutes=row[4],
        skills=frozenset(orjson.loads(row[5])),
        calcom_event_type_id=row[6],
    )


def technician_values(technician: Technician) -> dict[str, object]:
    """A technician as their statement's values."""
    latitude, longitude = coordinates(technician.home)
    return {
        "id": technician.id,
        "name": technician.name,
        "timezone": technician.timezone,
        "priority": technician.priority,
        "status": technician.status.value,
        "skills": json_text(sorted(technician.skills)),
        "home_latitude": latitude,
        "home_longitude": longitude,
        "max_bookings_per_day": technician.max_bookings_per_day,
        "hours": json_text(
            {
                "shifts": [_weekly_json(one) for one in technician.shifts],
                "breaks": [_weekly_json(one) for one in technician.breaks],
                "overrides": [
                    [one.date, [[span.start_minute, span.end_minute] for span in one.windows]]
                    for one in technician.overrides
                ],
                "time_off": [[one.start, one.end, one.reason, one.by_operator] for one in technician.time_off],
            }
        ),
        "calcom": json_text(technician.calcom) if technician.calcom else None,
    }


def technician_of(row: Row) -> Technician:
    """A technician from their row."""
    hours = orjson.loads(row[9])
    return Technician(
        id=row[0],
        name=row[1],
        timezone=row[2],
        priority=row[3],
        status=TechnicianStatus(row[4]),
        skills=frozenset(orjson.loads(row[5])),
        home=location_of(row[6], row[7]),
        max_bookings_per_day=row[8],
        shifts=tuple(map(_weekly, hours["shifts"])),
        breaks=tuple(map(_weekly, hours["breaks"])),
        overrides=tuple(
            DateOverride(date=date.fromisoformat(day), windows=tuple(_wall(*window) for window in windows))
            for day, windows in hours["overrides"]
        ),
        time_off=tuple(
            TimeOff(start=start, end=end, reason=reason, by_operator=by_operator)
            for start, end, reason, by_operator in hours["time_off"]
        ),
        calcom=_host(orjson.loads(row[10])) if row[10] else None,
    )


def _connection(stored: dict[str, Any]) -> CalcomConnection:
    return CalcomConnection(**{**stored, "webhook_secret_envs": tuple(stored["webhook_secret_envs"])})


def _host(stored: dict[str, Any]) -> CalcomHost:
    calendars = tuple(ConnectedCalendar(**one) for one in stored["calendars"])
    return CalcomHost(**{**stored, "calendars": calendars})


def _weekly_json(one: WeeklySpan) -> list[object]:
    return [sorted(one.days), one.span.start_minute, one.span.end_minute, one.valid_from, one.valid_until]


def _weekly(stored: list[Any]) -> WeeklySpan:
    days, start, end, valid_from, valid_until = stored
    return WeeklySpan(
        days=frozenset(days),
        span=_wall(start, end),
        valid_from=date.fromisoformat(valid_from) if valid_from else None,
        valid_until=date.fromisoformat(valid_until) if valid_until else None,
    )


def _wall(start_minute: int, end_minute: int) -> WallSpan:
    return WallSpan(start_minute=start_minute, end_minute=end_minute)
