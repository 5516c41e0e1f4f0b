"""A schedule at a revision."""

from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from support.schedules import ANA, PROJECT, REPAIR, claim

SHOP = PROJECT.id


def schedule_at(revision: int) -> Schedule:
    """Return a schedule with one booking per revision."""
    claims = tuple(claim(f"b-{number}", at=60 * number) for number in range(revision))
    return Schedule(
        project=PROJECT,
        services={"repair": REPAIR},
        technician_schedules={"ana": TechnicianSchedule(technician=ANA, claims=claims)},
        revision=revision,
    )
