"""Measured businesses: N technicians over D days with six bookings a day, a 15-minute grid, and a lunch break."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.domain.schedule import Schedule, TechnicianSchedule

ZONE = "America/Denver"
NOW: Minute = int(datetime(2026, 11, 16, 7, tzinfo=UTC).timestamp()) // 60
"""Midnight in Denver on a Monday, without a clock change in the next 31 days."""
NOW_MS = NOW * MS_PER_MINUTE
REPAIR = ServiceType(id="repair", name="Repair", duration_minutes=60, buffer_after_minutes=15)

_HOUR = 60
_EVERY_DAY = frozenset(range(7))
_OPENINGS = (7 * _HOUR, 8 * _HOUR, 9 * _HOUR)
_SHIFT_MINUTES = 10 * _HOUR
_LUNCH = WeeklySpan(days=_EVERY_DAY, span=WallSpan(start_minute=12 * _HOUR, end_minute=13 * _HOUR))
_BUFFER_MINUTES = 15


def schedule_of(technicians: int, days: int, *, bookings_a_day: int = 6) -> Schedule:
    """Return a business with a horizon of some days from today; the same arguments give the same business."""
    random = Random(20261116)  # noqa: S311  not a secret
    project = Project(id="p", name="P", timezone=ZONE, min_notice_minutes=0, horizon_days=days - 1)
    technician_schedules = (_technician_schedule(random, number, days, bookings_a_day) for number in range(technicians))
    return Schedule(
        project=project,
        services={REPAIR.id: REPAIR},
        technician_schedules={
            technician_schedule.technician.id: technician_schedule for technician_schedule in technician_schedules
        },
        revision=1,
    )


def end_of(days: int) -> Minute:
    """Return the first minute after a number of days."""
    return NOW + days * MINUTES_PER_DAY


def _technician_schedule(random: Random, number: int, days: int, bookings_a_day: int) -> TechnicianSchedule:
    opens = _OPENINGS[number % len(_OPENINGS)]
    technician = Technician(
        id=f"t{number:03}",
        name=f"T {number}",
        timezone=ZONE,
        priority=random.randint(1, 3),
        shifts=(WeeklySpan(days=_EVERY_DAY, span=WallSpan(start_minute=opens, end_minute=opens + _SHIFT_MINUTES)),),
        breaks=(_LUNCH,),
    )
    claims = tuple(
        claim
        for day in range(days)
        for claim in _claims_of_day(random, technician.id, NOW + day * MINUTES_PER_DAY, opens, bookings_a_day)
    )
    return TechnicianSchedule(technician=technician, claims=claims)


def _claims_of_day(random: Random, technician_id: str, midnight: Minute, opens: int, count: int) -> Iterator[Claim]:
    """Yield a number of bookings in random hours except lunch, or in half hours if there are many."""
    width = _HOUR if count <= _SHIFT_MINUTES // _HOUR * 2 // 3 else _HOUR // 2
    places = [at for at in range(opens, opens + _SHIFT_MINUTES, width) if not 12 * _HOUR <= at < 13 * _HOUR]
    for place in sorted(random.sample(places, count)):
        start = midnight + place
        yield Claim(
            id=f"{technician_id}-{start}",
            technician_id=technician_id,
            service_id=REPAIR.id,
            start=start,
            end=start + width - _BUFFER_MINUTES,
            buffer_after_minutes=_BUFFER_MINUTES,
        )
