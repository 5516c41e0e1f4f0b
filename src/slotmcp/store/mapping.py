"""Rows to domain values and back. A row is a tuple in its statement's order; hours and lists are JSON text."""

from collections.abc import Iterable
from datetime import date
from typing import Any, TypeAlias

import orjson

from slotmcp.domain.booking import AssignmentReason, Booking, Customer, Visit
from slotmcp.domain.catalog import (
    DateOverride,
    Location,
    Project,
    RankingKey,
    ServiceType,
    SlotAlignment,
    Technician,
    TechnicianStatus,
    TimeOff,
    WallSpan,
    WeeklySpan,
)
from slotmcp.domain.claim import BusyTime, Claim, ClaimState, Hold

Row: TypeAlias = tuple[Any, ...]

CLAIM_COLUMNS = 9
"""Statements that read a claim begin with these."""


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
        "candidate_ranking": _json(project.candidate_ranking),
        "assignment_ranking": _json(project.assignment_ranking),
        "default_service_id": project.default_service_id,
        "holiday_regions": _json(project.holiday_regions),
        "closed_dates": _json(project.closed_dates),
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
        candidate_ranking=_ranking(orjson.loads(row[10])),
        assignment_ranking=_ranking(orjson.loads(row[11])),
        default_service_id=row[12],
        holiday_regions=tuple(orjson.loads(row[13])),
        closed_dates=tuple(map(date.fromisoformat, orjson.loads(row[14]))),
    )


def service_values(service: ServiceType) -> dict[str, object]:
    """A service as its statement's values."""
    return {
        "id": service.id,
        "name": service.name,
        "duration_minutes": service.duration_minutes,
        "buffer_before_minutes": service.buffer_before_minutes,
        "buffer_after_minutes": service.buffer_after_minutes,
        "skills": _json(sorted(service.skills)),
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
    )


def technician_values(technician: Technician) -> dict[str, object]:
    """A technician as their statement's values."""
    latitude, longitude = _coordinates(technician.home)
    return {
        "id": technician.id,
        "name": technician.name,
        "timezone": technician.timezone,
        "priority": technician.priority,
        "status": technician.status.value,
        "skills": _json(sorted(technician.skills)),
        "home_latitude": latitude,
        "home_longitude": longitude,
        "max_bookings_per_day": technician.max_bookings_per_day,
        "hours": _json(
            {
                "shifts": [_weekly_json(one) for one in technician.shifts],
                "breaks": [_weekly_json(one) for one in technician.breaks],
                "overrides": [
                    [one.date, [[span.start_minute, span.end_minute] for span in one.windows]]
                    for one in technician.overrides
                ],
                "time_off": [[one.start, one.end, one.reason] for one in technician.time_off],
            }
        ),
    }


def technician_of(row: Row) -> Technician:
    """A technician from their row, whose first column is the number."""
    hours = orjson.loads(row[10])
    return Technician(
        id=row[1],
        name=row[2],
        timezone=row[3],
        priority=row[4],
        status=TechnicianStatus(row[5]),
        skills=frozenset(orjson.loads(row[6])),
        home=_location(row[7], row[8]),
        max_bookings_per_day=row[9],
        shifts=tuple(map(_weekly, hours["shifts"])),
        breaks=tuple(map(_weekly, hours["breaks"])),
        overrides=tuple(
            DateOverride(date=date.fromisoformat(day), windows=tuple(_wall(*window) for window in windows))
            for day, windows in hours["overrides"]
        ),
        time_off=tuple(TimeOff(start=start, end=end, reason=reason) for start, end, reason in hours["time_off"]),
    )


def claim_values(claim: Claim) -> dict[str, object]:
    """A claim as its statements' values."""
    return {
        "id": claim.id,
        "technician": claim.technician_id,
        "service": claim.service_id,
        "start": claim.start,
        "end": claim.end,
        "buffer_before": claim.buffer_before_minutes,
        "buffer_after": claim.buffer_after_minutes,
        "technician_chosen": claim.technician_chosen,
    }


def claim_of(row: Row) -> Claim:
    """A claim from the first columns of its row."""
    return Claim(
        technician_id=row[0],
        id=row[1],
        service_id=row[2],
        start=row[3],
        end=row[4],
        buffer_before_minutes=row[5],
        buffer_after_minutes=row[6],
        expires_at_ms=row[7],
        technician_chosen=bool(row[8]),
    )


def hold_of(row: Row) -> Hold:
    """A hold from its row."""
    token, state, customer = row[CLAIM_COLUMNS:]
    return Hold(claim=claim_of(row), token=token, state=ClaimState(state), customer_pseudonym=customer)


def busy_of(row: Row) -> BusyTime:
    """A busy time from its row."""
    return BusyTime(technician_id=row[0], start=row[1], end=row[2], source=row[3])


def busy_values(busy: BusyTime) -> dict[str, object]:
    """A busy time as its statements' values."""
    return {"technician": busy.technician_id, "start": busy.start, "end": busy.end, "source": busy.source}


def booking_values(booking: Booking) -> dict[str, object]:
    """What a booking knows beside its claim, as its statement's values."""
    customer, visit = booking.customer, booking.visit
    latitude, longitude = _coordinates(visit.location)
    return {
        "id": booking.id,
        "customer_name": customer.name if customer else None,
        "customer_phone": customer.phone if customer else "",
        "customer_email": customer.email if customer else "",
        "address": visit.address,
        "notes": visit.notes,
        "latitude": latitude,
        "longitude": longitude,
        "reason": _reason_json(booking.reason) if booking.reason else None,
    }


def booking_of(row: Row) -> Booking:
    """A booking from its row."""
    name, phone, email, address, notes, latitude, longitude, reason = row[CLAIM_COLUMNS:]
    return Booking(
        claim=claim_of(row),
        customer=None if name is None else Customer(name=name, phone=phone, email=email),
        visit=Visit(address=address, notes=notes, location=_location(latitude, longitude)),
        reason=None if reason is None else _reason(orjson.loads(reason)),
    )


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


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


def _coordinates(location: Location | None) -> tuple[float, float] | tuple[None, None]:
    return (location.latitude, location.longitude) if location else (None, None)


def _location(latitude: float | None, longitude: float | None) -> Location | None:
    return None if latitude is None or longitude is None else Location(latitude, longitude)


def _reason_json(reason: AssignmentReason) -> str:
    return _json(
        {
            "policy": reason.policy,
            "values": {key.value: value for key, value in reason.values.items()},
            "considered": reason.considered,
            "wished": reason.wished,
        }
    )


def _reason(stored: dict[str, Any]) -> AssignmentReason:
    return AssignmentReason(
        policy=_ranking(stored["policy"]),
        values={RankingKey(key): value for key, value in stored["values"].items()},
        considered=stored["considered"],
        wished=stored["wished"],
    )


def _ranking(stored: Iterable[str]) -> tuple[RankingKey, ...]:
    return tuple(map(RankingKey, stored))
