"""Recorded questions as requirements that the engine can search for again."""

from dataclasses import dataclass

from slotmcp.domain.booking_rules import OutsideAreas, ServiceArea
from slotmcp.domain.catalog import Project
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question
from slotmcp.engine.areas import OUTSIDE, in_area
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at


@dataclass(frozen=True, slots=True)
class LostQuestion:
    """Last question of a lost conversation, with its time."""

    at_ms: int
    question: Question


def need_of(schedule: Schedule, question: Question) -> Need:
    """Return the requirements of a question."""
    need = Need.of_service(
        schedule.services[question.service_id],
        duration_minutes=question.duration_minutes,
        technician_id=question.technician_id,
        site=site_at(question.area, schedule.project.travel),
        priority=question.priority,
    )
    return in_area(need, area_of(schedule.project, question))


def area_of(project: Project, question: Question) -> ServiceArea | None:
    """Return the area of a question; None if no area's rules apply to it now."""
    if question.is_outside_areas:
        return OUTSIDE if project.areas and project.outside_areas is OutsideAreas.REFUSE else None
    return next((area for area in project.areas if area.id == question.area_id), None)
