"""Small books, put the way one would say them, and what is offered, in one line.

Times without a date are on Monday, 2 June 2025, in UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from slotmcp.domain.catalog import Project, ServiceType, Technician, WallSpan, WeeklySpan
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.offer import Slot
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.need import Need

MONDAY = "2025-06-02"
EVERY_DAY = frozenset(range(7))
HELD_UNTIL_MS = int(datetime.fromisoformat("2025-06-02T12:00Z").timestamp()) * 1000

Ask = Callable[[Schedule, Need, int, int, int], list[Slot]]
"""Book, need, now in milliseconds, from, to: what the engine and the oracle both answer."""

SHOP = Project(id="p", name="P", timezone="UTC", slot_interval_minutes=30, min_notice_minutes=0, horizon_days=10)


def at(text: str) -> int:
    """The minute of "10:00" on Monday, or of an instant in ISO 8601."""
    whole = text if "T" in text else f"{MONDAY}T{text}Z"
    return int(datetime.fromisoformat(whole).timestamp()) // 60


def span(text: str) -> WallSpan:
    """ "22:00-06:00": the end is on the next date where it is not after the start."""
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return WallSpan(start_minute=start, end_minute=end if end > start else end + 1440)


def weekly(
    text: str, *, days: Sequence[int] = tuple(EVERY_DAY), since: str | None = None, until: str | None = None
) -> WeeklySpan:
    """A shift or a break; Monday is 0."""
    return WeeklySpan(
        days=frozenset(days),
        span=span(text),
        valid_from=date.fromisoformat(since) if since else None,
        valid_until=date.fromisoformat(until) if until else None,
    )


def technician(id_: str, *hours: str, zone: str = "UTC", skills: str = "") -> Technician:
    """Somebody who works these hours every day."""
    shifts = tuple(weekly(text) for text in hours)
    return Technician(id=id_, name=id_, timezone=zone, skills=frozenset(skills.split()), shifts=shifts)


def booking(start: str, minutes: int, *, id_: str = "booking", before: int = 0, after: int = 0) -> Claim:
    """A booking; whose it is, the diary says."""
    return Claim(
        id=id_,
        technician_id="",
        service_id="service",
        start=at(start),
        end=at(start) + minutes,
        buffer_before_minutes=before,
        buffer_after_minutes=after,
    )


def hold(
    start: str, minutes: int, *, id_: str = "hold", service: str = "service", until_ms: int = HELD_UNTIL_MS
) -> Claim:
    """A hold that lives until Monday noon."""
    return replace(booking(start, minutes, id_=id_), service_id=service, expires_at_ms=until_ms)


def technician_schedule(
    technician: Technician, *claims: Claim, busy: Sequence[tuple[str, str]] = ()
) -> TechnicianSchedule:
    """A technician with their claims and outside appointments."""
    return TechnicianSchedule(
        technician=technician,
        claims=tuple(replace(claim, technician_id=technician.id) for claim in claims),
        busy=tuple(BusyTime(technician_id=technician.id, start=at(start), end=at(end)) for start, end in busy),
    )


def service(id_: str, *, minutes: int = 60, skills: str = "") -> ServiceType:
    """A kind of job."""
    return ServiceType(id=id_, name=id_, duration_minutes=minutes, skills=frozenset(skills.split()))


def schedule(
    *technician_schedules: TechnicianSchedule, project: Project = SHOP, services: Sequence[ServiceType] = ()
) -> Schedule:
    """A business; its catalog has at least the service called "service"."""
    catalog = (service("service"), *services)
    by_id = {one.technician.id: one for one in technician_schedules}
    return Schedule(project=project, services={one.id: one for one in catalog}, technician_schedules=by_id, revision=1)


def job(minutes: int, *, before: int = 0, after: int = 0, skills: str = "", technician_id: str | None = None) -> Need:
    """What somebody asks for."""
    return Need(
        duration_minutes=minutes,
        buffer_before_minutes=before,
        buffer_after_minutes=after,
        skills=frozenset(skills.split()),
        technician_id=technician_id,
    )


def slots(ask: Ask, schedule: Schedule, need: Need, *, day: str = MONDAY, now: str | None = None) -> list[Slot]:
    """What is offered on one date of the project's zone; asked at noon of the day before, UTC."""
    zone = ZoneInfo(schedule.project.timezone)
    first = datetime.combine(date.fromisoformat(day), time.min, zone)
    last = datetime.combine(first.date() + timedelta(days=1), time.min, zone)
    noon_before = f"{first.date() - timedelta(days=1)}T12:00Z"
    now_ms = int(datetime.fromisoformat(now or noon_before).timestamp()) * 1000
    return ask(schedule, need, now_ms, int(first.timestamp()) // 60, int(last.timestamp()) // 60)


def offered(ask: Ask, schedule: Schedule, need: Need, *, day: str = MONDAY, now: str | None = None) -> str:
    """The starts of a date as "09:00 09:30x2": wall times, their capacity where it is not 1.

    A wall time shown for the second time is "01:00*".
    """
    return " ".join(_told(one, schedule.project.timezone) for one in slots(ask, schedule, need, day=day, now=now))


def _told(slot: Slot, zone: str) -> str:
    local = datetime.fromtimestamp(slot.start * 60, ZoneInfo(zone))
    again = "*" if local.fold else ""
    several = f"x{slot.capacity}" if slot.capacity != 1 else ""
    return f"{local:%H:%M}{again}{several}"
