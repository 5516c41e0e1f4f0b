"""Small schedules in short notation, and their offered starts in one line.

Times without a date are on Monday, 2 June 2025, in UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.offer import Slot
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.need import Need

MONDAY = "2025-06-02"
EVERY_DAY = frozenset(range(7))
HELD_UNTIL_MS = int(datetime.fromisoformat("2025-06-02T12:00Z").timestamp()) * 1000

Ask = Callable[[Schedule, Need, int, int, int], list[Slot]]
"""Schedule, need, current time in milliseconds, from, to: the question that engine and oracle answer."""

SHOP = Project(id="p", name="P", timezone="UTC", slot_interval_minutes=30, min_notice_minutes=0, horizon_days=10)


def at(text: str) -> int:
    """Return the minute of "10:00" on Monday, or of an instant in ISO 8601."""
    whole = text if "T" in text else f"{MONDAY}T{text}Z"
    return int(datetime.fromisoformat(whole).timestamp()) // 60


def span(text: str) -> WallSpan:
    """Return the wall span of "22:00-06:00"; an end that is not after the start is on the next date."""
    start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return WallSpan(start_minute=start, end_minute=end if end > start else end + 1440)


def weekly(
    text: str, *, days: Sequence[int] = tuple(EVERY_DAY), since: str | None = None, until: str | None = None
) -> WeeklySpan:
    """Return a shift or a break; Monday is 0."""
    return WeeklySpan(
        days=frozenset(days),
        span=span(text),
        valid_from=date.fromisoformat(since) if since else None,
        valid_until=date.fromisoformat(until) if until else None,
    )


def technician(id_: str, *hours: str, zone: str = "UTC", skills: str = "") -> Technician:
    """Return a technician who works these hours every day."""
    shifts = tuple(weekly(text) for text in hours)
    return Technician(id=id_, name=id_, timezone=zone, skills=frozenset(skills.split()), shifts=shifts)


def booking(start: str, minutes: int, *, id_: str = "booking", before: int = 0, after: int = 0) -> Claim:
    """Return a booking; its technician follows from the technician schedule."""
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
    """Return a hold that expires on Monday noon."""
    return replace(booking(start, minutes, id_=id_), service_id=service, expires_at_ms=until_ms)


def technician_schedule(
    technician: Technician, *claims: Claim, busy: Sequence[tuple[str, str]] = ()
) -> TechnicianSchedule:
    """Return a technician with claims and outside appointments."""
    return TechnicianSchedule(
        technician=technician,
        claims=tuple(replace(claim, technician_id=technician.id) for claim in claims),
        busy=tuple(BusyTime(technician_id=technician.id, start=at(start), end=at(end)) for start, end in busy),
    )


def service(id_: str, *, minutes: int = 60, skills: str = "") -> ServiceType:
    """Create a service."""
    return ServiceType(id=id_, name=id_, duration_minutes=minutes, skills=frozenset(skills.split()))


def schedule(
    *technician_schedules: TechnicianSchedule, project: Project = SHOP, services: Sequence[ServiceType] = ()
) -> Schedule:
    """Return a project schedule; its catalog has at least the service "service"."""
    catalog = (service("service"), *services)
    by_id = {one.technician.id: one for one in technician_schedules}
    return Schedule(project=project, services={one.id: one for one in catalog}, technician_schedules=by_id, revision=1)


def job(minutes: int, *, before: int = 0, after: int = 0, skills: str = "", technician_id: str | None = None) -> Need:
    """Return the requirements of a job."""
    return Need(
        duration_minutes=minutes,
        buffer_before_minutes=before,
        buffer_after_minutes=after,
        skills=frozenset(skills.split()),
        technician_id=technician_id,
    )


def slots(ask: Ask, schedule: Schedule, need: Need, *, day: str = MONDAY, now: str | None = None) -> list[Slot]:
    """Return the slots of one local date, by default at noon UTC of the day before."""
    zone = ZoneInfo(schedule.project.timezone)
    first = datetime.combine(date.fromisoformat(day), time.min, zone)
    last = datetime.combine(first.date() + timedelta(days=1), time.min, zone)
    noon_before = f"{first.date() - timedelta(days=1)}T12:00Z"
    now_ms = int(datetime.fromisoformat(now or noon_before).timestamp()) * 1000
    return ask(schedule, need, now_ms, int(first.timestamp()) // 60, int(last.timestamp()) // 60)


def offered(ask: Ask, schedule: Schedule, need: Need, *, day: str = MONDAY, now: str | None = None) -> str:
    """Return the starts of a date as "09:00 09:30x2": local times, with a capacity other than 1.

    A repeated local time is "01:00*".
    """
    return " ".join(_shown(one, schedule.project.timezone) for one in slots(ask, schedule, need, day=day, now=now))


def _shown(slot: Slot, zone: str) -> str:
    local = datetime.fromtimestamp(slot.start * 60, ZoneInfo(zone))
    again = "*" if local.fold else ""
    several = f"x{slot.capacity}" if slot.capacity != 1 else ""
    return f"{local:%H:%M}{again}{several}"
