"""Rules of the business that can be relaxed to win lost questions."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from slotmcp.domain.booking_rules import OutsideAreas, Priority, ServiceArea
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.report import RelaxedRule, WithoutRule
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.trace import Question

MAX_RULES: Final = 20
"""Number of rules of services and areas to try, those that concern the most questions first."""
MAX_TECHNICIANS: Final = 5
"""Number of technicians to try for each change of one: of an hour, of skills, of breaks, of a daily maximum."""


def rules_to_relax(
    schedule: Schedule, technicians: Sequence[Technician], unmet: Sequence[Question]
) -> Iterator[WithoutRule]:
    """Yield the rules that unmet questions may have met, one by one.

    Args:
        schedule: the business.
        technicians: technicians who could take an unmet question, the most suitable first.
        unmet: the questions.
    """
    concerned = Counter(dict(_rules_of_services(schedule, unmet)))
    concerned.update(dict(_rules_of_areas(schedule.project, unmet)))
    ranked = sorted(concerned, key=lambda change: (-concerned[change], change.rule, change.subject_id))
    yield from ranked[:MAX_RULES]
    with_breaks = [technician for technician in technicians if technician.breaks or technician.floating_breaks]
    for technician in with_breaks[:MAX_TECHNICIANS]:
        yield WithoutRule(rule=RelaxedRule.BREAKS, subject_id=technician.id)
    limited = [technician for technician in technicians if technician.max_bookings_per_day is not None]
    for technician in limited[:MAX_TECHNICIANS]:
        yield WithoutRule(rule=RelaxedRule.TECHNICIAN_DAY_MAXIMUM, subject_id=technician.id)


def _rules_of_services(schedule: Schedule, unmet: Sequence[Question]) -> Iterator[tuple[WithoutRule, int]]:
    """Yield the rules of services with the number of questions that they concern. A reserve concerns every service."""
    normal = sum(question.priority is Priority.NORMAL for question in unmet)
    counts = Counter(question.service_id for question in unmet)
    for service in schedule.services.values():
        if service.reserves:
            yield WithoutRule(rule=RelaxedRule.RESERVE, subject_id=service.id), normal
        for rule in _own_rules(schedule.project, service) if counts[service.id] else ():
            yield WithoutRule(rule=rule, subject_id=service.id), counts[service.id]


def _own_rules(project: Project, service: ServiceType) -> Iterator[RelaxedRule]:
    """Yield the rules that concern only one service's questions."""
    if service.bookable:
        yield RelaxedRule.BOOKABLE_HOURS
    if project.min_notice_minutes if service.min_notice_minutes is None else service.min_notice_minutes:
        yield RelaxedRule.NOTICE
    if service.max_bookings_per_day is not None:
        yield RelaxedRule.SERVICE_DAY_MAXIMUM


def _rules_of_areas(project: Project, unmet: Sequence[Question]) -> Iterator[tuple[WithoutRule, int]]:
    outside = sum(question.is_outside_areas for question in unmet)
    if outside and project.areas and project.outside_areas is OutsideAreas.REFUSE:
        yield WithoutRule(rule=RelaxedRule.OUTSIDE_AREAS), outside
    counts = Counter(question.area_id for question in unmet)
    for area in project.areas:
        for rule in _rules_of_area(area) if counts[area.id] else ():
            yield WithoutRule(rule=rule, subject_id=area.id), counts[area.id]


def _rules_of_area(area: ServiceArea) -> Iterator[RelaxedRule]:
    if area.technician_ids:
        yield RelaxedRule.AREA_TECHNICIANS
    if area.days:
        yield RelaxedRule.AREA_DAYS
