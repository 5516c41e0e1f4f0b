"""What the ids in a claim stand for, also where the catalog no longer has them."""

from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule


def service_of(schedule: Schedule, claim: Claim) -> ServiceType:
    """The claim's service; one that left the catalog since is known by its id alone."""
    gone = ServiceType(id=claim.service_id, name=claim.service_id, duration_minutes=claim.end - claim.start)
    return schedule.services.get(claim.service_id, gone)


def technician_of(schedule: Schedule, technician_id: str) -> Technician:
    """A claim's technician; one who left the catalog since is known by the id alone."""
    technician_schedule = schedule.technician_schedules.get(technician_id)
    return (
        technician_schedule.technician
        if technician_schedule
        else Technician(id=technician_id, name=technician_id, timezone=schedule.project.timezone)
    )
