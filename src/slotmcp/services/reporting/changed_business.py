"""A business with one change, as its owner would make it in the project file."""

from dataclasses import replace
from typing import Final, assert_never

from slotmcp.domain.booking_rules import OutsideAreas, ServiceArea
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.domain.report import ExtraHour, ExtraSkills, ExtraTechnician, GapChange, RelaxedRule, WithoutRule
from slotmcp.domain.schedule import Schedule, TechnicianSchedule

EXTRA_TECHNICIAN: Final = "extra-technician"
_RULES_OF_TECHNICIAN: Final = frozenset({RelaxedRule.BREAKS, RelaxedRule.TECHNICIAN_DAY_MAXIMUM})
_RULES_OF_AREAS: Final = frozenset({RelaxedRule.AREA_TECHNICIANS, RelaxedRule.AREA_DAYS, RelaxedRule.OUTSIDE_AREAS})


def changed_technician(change: GapChange) -> str | None:
    """Return the only technician whom a change affects; None: it affects all."""
    match change:
        case ExtraTechnician():
            return EXTRA_TECHNICIAN
        case WithoutRule():
            return change.subject_id if change.rule in _RULES_OF_TECHNICIAN else None
        case _:
            return change.technician_id


def changed_business(schedule: Schedule, change: GapChange) -> Schedule:
    """Return the business with a change."""
    match change:
        case ExtraTechnician():
            return _with_extra_technician(schedule, change)
        case WithoutRule() if change.rule in _RULES_OF_AREAS:
            return replace(schedule, project=_without_rule_of_areas(schedule.project, change))
        case WithoutRule() if change.rule not in _RULES_OF_TECHNICIAN:
            service = _without_rule_of_service(schedule.services[change.subject_id], change.rule)
            return replace(schedule, services={**schedule.services, service.id: service})
        case _:
            return _with_changed_technician(schedule, change)


def _with_extra_technician(schedule: Schedule, change: ExtraTechnician) -> Schedule:
    """Add a technician with the pattern of a colleague, but without the colleague's exceptions and on-call time."""
    like = change.like_technician_id
    extra = replace(
        schedule.technician_schedules[like].technician,
        id=EXTRA_TECHNICIAN,
        name=EXTRA_TECHNICIAN,
        skills=schedule.services[change.service_id].skills,
        on_call=(),
        overrides=(),
        time_off=(),
        recurring_time_off=(),
        calcom=None,
    )
    areas = tuple(
        replace(area, technician_ids=(*area.technician_ids, extra.id)) if like in area.technician_ids else area
        for area in schedule.project.areas
    )
    technician_schedules = {**schedule.technician_schedules, extra.id: TechnicianSchedule(technician=extra)}
    return replace(schedule, project=replace(schedule.project, areas=areas), technician_schedules=technician_schedules)


def _with_changed_technician(schedule: Schedule, change: ExtraHour | ExtraSkills | WithoutRule) -> Schedule:
    technician_id = change.subject_id if isinstance(change, WithoutRule) else change.technician_id
    before = schedule.technician_schedules[technician_id]
    after = replace(before, technician=_changed(before.technician, change))
    return replace(schedule, technician_schedules={**schedule.technician_schedules, technician_id: after})


def _changed(technician: Technician, change: ExtraHour | ExtraSkills | WithoutRule) -> Technician:
    match change:
        case ExtraHour():
            span = WallSpan(start_minute=change.hour * 60, end_minute=change.hour * 60 + 60)
            shift = WeeklySpan(days=frozenset({change.weekday}), span=span)
            return replace(technician, shifts=(*technician.shifts, shift))
        case ExtraSkills():
            return replace(technician, skills=technician.skills | set(change.skills))
        case WithoutRule(rule=RelaxedRule.BREAKS):
            return replace(technician, breaks=(), floating_breaks=())
        case WithoutRule():
            return replace(technician, max_bookings_per_day=None)
        case _:
            assert_never(change)


def _without_rule_of_service(service: ServiceType, rule: RelaxedRule) -> ServiceType:
    match rule:
        case RelaxedRule.RESERVE:
            return replace(service, reserves=())
        case RelaxedRule.BOOKABLE_HOURS:
            return replace(service, bookable=())
        case RelaxedRule.NOTICE:
            return replace(service, min_notice_minutes=0)
        case _:
            return replace(service, max_bookings_per_day=None)


def _without_rule_of_areas(project: Project, change: WithoutRule) -> Project:
    if change.rule is RelaxedRule.OUTSIDE_AREAS:
        return replace(project, outside_areas=OutsideAreas.ACCEPT)
    areas = tuple(
        _without_rule_of_area(area, change.rule) if area.id == change.subject_id else area for area in project.areas
    )
    return replace(project, areas=areas)


def _without_rule_of_area(area: ServiceArea, rule: RelaxedRule) -> ServiceArea:
    if rule is RelaxedRule.AREA_DAYS:
        return replace(area, days=frozenset())
    return replace(area, technician_ids=())
