"""Notes on a project file: valid but unusual values."""

from dataclasses import replace
from datetime import timedelta

from slotmcp.domain.catalog import Project, Technician, TechnicianStatus, TravelMode
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import recurrences
from slotmcp.engine.recurrence_rules import dates_of_rule
from slotmcp.engine.zone_names import PLACE_BY_FIXED_ZONE
from slotmcp.engine.zones import local_date
from slotmcp.project_file.checks import Problems
from slotmcp.project_file.rule_notes import add_rule_notes
from slotmcp.project_file.suggestions import nearest
from slotmcp.services.countries import DEFAULT_LOCALE, country_of, region_of
from slotmcp.services.imports import ProjectPlan

_MIN_DAYS = 31
"""Number of dates at least that are searched for a span of work that is long enough for a service."""


def add_notes(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note all valid but unusual values."""
    _note_country(plan.project, problems.at("project"))
    _note_zones(plan, problems)
    _note_services(plan, problems)
    _note_long_services(plan, now_ms, problems)
    _note_recurrences(plan, now_ms, problems)
    _note_skills(plan, problems)
    _note_technicians(plan, problems)
    _note_bookings(plan, problems)
    add_rule_notes(plan, now_ms, problems)


def _note_country(project: Project, problems: Problems) -> None:
    country = country_of(project)
    if project.country is not None or (country is not None and country == region_of(project.locale)):
        return
    at_cause = problems.at("locale" if project.locale != DEFAULT_LOCALE else "timezone")
    if country is None:
        at_cause.add_note("phone numbers need a country code; add country, such as country: US")
    else:
        at_cause.add_note(
            f"phone numbers without a country code are read as numbers of {country}; add country: {country}"
        )


def _note_zones(plan: ProjectPlan, problems: Problems) -> None:
    _note_zone(plan.project.timezone, problems.at("project", "timezone"))
    for index, technician in enumerate(plan.technicians):
        if technician.timezone != plan.project.timezone:
            _note_zone(technician.timezone, problems.at("technicians", index, "timezone"))


def _note_zone(zone: str, problems: Problems) -> None:
    if (place := PLACE_BY_FIXED_ZONE.get(zone)) is not None:
        problems.add_note(f"{zone} is not a place, so its clock never changes; write a place such as {place}")


def _note_services(plan: ProjectPlan, problems: Problems) -> None:
    for index, service in enumerate(plan.services):
        skilled = [technician for technician in plan.technicians if service.skills <= technician.skills]
        if any(technician.status is TechnicianStatus.ACTIVE for technician in skilled):
            continue
        skills = " and ".join(sorted(service.skills)) or "the skills"
        cause = f"every technician who has {skills} is off" if skilled else f"no technician has {skills}"
        problems.at("services", index).add_note(f"{service.id}: {cause}, so it is never offered")


def _note_long_services(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note services that are longer than each unbroken span of work of every technician who has the skills."""
    index = _availability(plan, now_ms).index
    for number, service in enumerate(plan.services):
        need = Need.of_service(service)
        timelines = index.eligible(need)
        active = [one for one in timelines if one.is_active]
        longest, technician_id = max(
            [(one.longest_span_minutes(need), one.technician_schedule.technician.id) for one in active],
            default=(0, ""),
        )
        if 0 < longest < service.duration_minutes:
            problems.at("services", number, "durationMinutes").add_note(
                f"{service.id}: no technician with the skills works {service.duration_minutes} minutes without a "
                f"break; the longest span is {longest} minutes ({technician_id}), so it is never offered"
            )


def _availability(plan: ProjectPlan, now_ms: int) -> Availability:
    """Return the availability of an empty schedule."""
    project = replace(plan.project, horizon_days=max(plan.project.horizon_days, _MIN_DAYS))
    services = {service.id: service for service in plan.services}
    technicians = {technician.id: TechnicianSchedule(technician=technician) for technician in plan.technicians}
    schedule = Schedule(project=project, services=services, technician_schedules=technicians, revision=0)
    return Availability.of(schedule, now_ms)


def _note_recurrences(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note recurrences by a rule, or in some weeks only, that yield no date within the horizon."""
    for index, technician in enumerate(plan.technicians):
        first = local_date(technician.timezone, now_ms // MS_PER_MINUTE)
        last = first + timedelta(days=plan.project.horizon_days)
        floating = [each.window for each in technician.floating_breaks]
        spans = {"shifts": technician.shifts, "breaks": (*technician.breaks, *floating), "onCall": technician.on_call}
        empty = [
            (key, f"every {each.every_weeks} weeks" if each.every_weeks > 1 else each.rrule)
            for key, listed in spans.items()
            for each in listed
            if (each.every_weeks > 1 or each.rrule) and not any(recurrences(each, first, last))
        ]
        absences = technician.recurring_time_off
        empty += [
            ("timeOff", each.rrule) for each in absences if not dates_of_rule(each.rrule, each.first, first, last)
        ]
        for key, rule in empty:
            note = f"{technician.id}: {rule} yields no date from {first} to {last}, the dates that can be booked"
            problems.at("technicians", index, key).add_note(note)


def _note_skills(plan: ProjectPlan, problems: Problems) -> None:
    required = frozenset[str]().union(*(service.skills for service in plan.services))
    for index, technician in enumerate(plan.technicians):
        for skill in sorted(technician.skills - required):
            if (match := nearest(skill, required)) is not None:
                note = f'no service requires "{skill}"; did you mean "{match}"?'
                problems.at("technicians", index, "skills").add_note(note)


def _note_technicians(plan: ProjectPlan, problems: Problems) -> None:
    has_travel = plan.project.travel.mode is not TravelMode.NONE
    for index, technician in enumerate(plan.technicians):
        at_technician = problems.at("technicians", index)
        if not _has_hours(technician):
            at_technician.add_note(f"{technician.id} has no shifts and is never offered")
        elif technician.home is None and not technician.home_postal_code and has_travel:
            at_technician.add_note(f"{technician.id} has no home, so travel to the first job of a day is ignored")


def _has_hours(technician: Technician) -> bool:
    return bool(technician.shifts or technician.on_call) or any(override.windows for override in technician.overrides)


def _note_bookings(plan: ProjectPlan, problems: Problems) -> None:
    services = {service.id: service for service in plan.services}
    technicians = {technician.id: technician for technician in plan.technicians}
    for index, booking in enumerate(plan.bookings):
        claim = booking.claim
        if missing := services[claim.service_id].skills - technicians[claim.technician_id].skills:
            note = f"{claim.technician_id} lacks {' and '.join(sorted(missing))}; the booking is kept"
            problems.at("bookings", index, "technicianId").add_note(note)
