"""Project of a small business in Denver, on a Sunday at noon."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.services.imports import ProjectPlan

DENVER: Final = ZoneInfo("America/Denver")
SUNDAY_NOON_MS: Final = int(datetime(2026, 11, 22, 19, tzinfo=UTC).timestamp()) * 1000
WEEKDAYS: Final = frozenset(range(5))


def weekly(start_hour: int, end_hour: int) -> tuple[WeeklySpan, ...]:
    """Return the same span on every weekday."""
    return (WeeklySpan(days=WEEKDAYS, span=WallSpan(start_minute=start_hour * 60, end_minute=end_hour * 60)),)


def only_start(start: str) -> dict[str, str]:
    """Return the waitlist window of one start for a furnace check, which only Ana does."""
    end = datetime.fromisoformat(start) + timedelta(minutes=1)
    return {"serviceType": "furnace-check", "from": start, "to": end.isoformat()}


def technician(technician_id: str, name: str, *, priority: int, skills: set[str]) -> Technician:
    """Return a technician who works from 8 to 17, with lunch at noon."""
    return Technician(
        id=technician_id,
        name=name,
        timezone="America/Denver",
        priority=priority,
        skills=frozenset(skills),
        shifts=weekly(8, 17),
        breaks=weekly(12, 13),
    )


ANA: Final = technician("t-ana", "Ana", priority=1, skills={"hvac", "gas"})
BEN: Final = technician("t-ben", "Ben", priority=2, skills={"hvac"})
AC_REPAIR: Final = ServiceType(
    id="ac-repair", name="AC repair", duration_minutes=60, buffer_after_minutes=15, skills=frozenset({"hvac"})
)
FURNACE: Final = ServiceType(
    id="furnace-check", name="Furnace check", duration_minutes=120, skills=frozenset({"hvac", "gas"})
)
PROJECT: Final = Project(
    id="denver-hvac", name="Front Range Heating & Air", timezone="America/Denver", default_service_id="ac-repair"
)
PLAN: Final = ProjectPlan(project=PROJECT, services=(AC_REPAIR, FURNACE), technicians=(ANA, BEN))
