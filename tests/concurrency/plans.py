"""Conversion of a business to the plan that is imported."""

from typing import Final

from concurrency.business import Business, Job
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.services.imports import ProjectPlan

EVERY_DAY: Final = frozenset(range(7))


def plan_of(business: Business) -> ProjectPlan:
    """Return the plan of a business."""
    project = Project(
        id=business.id,
        name=business.id,
        timezone="UTC",
        slot_interval_minutes=business.grid,
        min_notice_minutes=0,
        horizon_days=business.horizon_days,
        hold_ttl_seconds=business.hold_seconds,
    )
    services = tuple(_service(name, job) for name, job in business.jobs.items())
    span = WallSpan(start_minute=business.opens, end_minute=business.closes)
    shift = WeeklySpan(days=EVERY_DAY, span=span)
    technicians = tuple(
        Technician(id=name, name=name.title(), timezone="UTC", skills=skills, shifts=(shift,))
        for name, skills in business.technicians.items()
    )
    return ProjectPlan(project=project, services=services, technicians=technicians)


def _service(name: str, job: Job) -> ServiceType:
    return ServiceType(
        id=name,
        name=name.title(),
        duration_minutes=job.minutes,
        buffer_before_minutes=job.before,
        buffer_after_minutes=job.after,
        skills=job.skills,
    )
