"""From entries to the domain: a plan of one project."""

from datetime import date

from slotmcp.domain.catalog import Project, ServiceType, Technician, TravelPolicy
from slotmcp.project_file.appointments import bookings_of, busy_times_of, location_of
from slotmcp.project_file.calcom import check_calcom, connection_of, host_of
from slotmcp.project_file.collector import Problems
from slotmcp.project_file.hours import absences, date_overrides, weekly_spans
from slotmcp.project_file.references import KnownIds, check_repeated
from slotmcp.project_file.schema import FileEntry, ProjectEntry, ServiceEntry, TechnicianEntry
from slotmcp.project_file.times import TimeResolver
from slotmcp.services.imports import ProjectPlan


def plan_of(file: FileEntry, known: KnownIds, now_ms: int, problems: Problems) -> ProjectPlan:
    """The plan, in the file's order. It can be used only where the report has no problems.

    Where the project's own zone is wrong, times that depend on it are not checked.
    """
    _check_ids(file, known, problems)
    check_calcom(file, known, problems)
    project = _project(file.project, problems)
    zone_is_known = not problems.has_problem_at(("project", "timezone"))
    resolver = TimeResolver(project.timezone, now_ms)
    services = tuple(_service(entry, index, problems) for index, entry in enumerate(file.services))
    by_id = {service.id: service for service in services}
    return ProjectPlan(
        project=project,
        services=services,
        technicians=tuple(
            _technician(entry, index, resolver, problems) for index, entry in enumerate(file.technicians)
        ),
        bookings=bookings_of(file.bookings if zone_is_known else [], by_id, resolver, problems),
        busy=busy_times_of(file.busy if zone_is_known else [], resolver, problems),
    )


def _check_ids(file: FileEntry, known: KnownIds, problems: Problems) -> None:
    if file.project.default_service is not None:
        known.check("services", file.project.default_service, ("project", "defaultService"), problems)
    for index, booking in enumerate(file.bookings):
        known.check("technicians", booking.technician_id, ("bookings", index, "technicianId"), problems)
        known.check("services", booking.service_type, ("bookings", index, "serviceType"), problems)
    for index, busy in enumerate(file.busy):
        known.check("technicians", busy.technician_id, ("busy", index, "technicianId"), problems)


def _project(entry: ProjectEntry, problems: Problems) -> Project:
    check_repeated(entry.ranking.candidates, ("project", "ranking", "candidates"), problems)
    check_repeated(entry.ranking.assignment, ("project", "ranking", "assignment"), problems)
    check_repeated(entry.holidays, ("project", "holidays"), problems)
    return Project(
        id=entry.id,
        name=entry.name,
        timezone=entry.timezone,
        locale=entry.locale,
        slot_interval_minutes=entry.slot_interval_minutes,
        slot_alignment=entry.slot_alignment,
        min_notice_minutes=entry.min_notice_minutes,
        horizon_days=entry.horizon_days,
        hold_ttl_seconds=entry.hold_ttl_seconds,
        max_holds_per_customer=entry.max_holds_per_customer,
        candidate_ranking=tuple(entry.ranking.candidates),
        assignment_ranking=tuple(entry.ranking.assignment),
        travel=TravelPolicy(
            mode=entry.travel.mode,
            speed_kmh=entry.travel.speed_kmh,
            minutes_per_stop=entry.travel.minutes_per_stop,
        ),
        default_service_id=entry.default_service,
        holiday_regions=tuple(one for one in entry.holidays if not isinstance(one, date)),
        closed_dates=tuple(one for one in entry.holidays if isinstance(one, date)),
        calcom=connection_of(entry.calcom, problems),
    )


def _service(entry: ServiceEntry, index: int, problems: Problems) -> ServiceType:
    check_repeated(entry.skills, ("services", index, "skills"), problems)
    return ServiceType(
        id=entry.id,
        name=entry.name,
        duration_minutes=entry.duration_minutes,
        buffer_before_minutes=entry.buffer_before_minutes,
        buffer_after_minutes=entry.buffer_after_minutes,
        skills=frozenset(entry.skills),
        calcom_event_type_id=entry.calcom_event_type_id,
    )


def _technician(entry: TechnicianEntry, index: int, of_project: TimeResolver, problems: Problems) -> Technician:
    place = ("technicians", index)
    zone_key = entry.timezone or of_project.zone_key
    resolver = TimeResolver(zone_key, of_project.now_ms)
    check_repeated(entry.skills, (*place, "skills"), problems)
    return Technician(
        id=entry.id,
        name=entry.name,
        timezone=zone_key,
        priority=entry.priority,
        status=entry.status,
        skills=frozenset(entry.skills),
        home=location_of(entry.home),
        max_bookings_per_day=entry.max_bookings_per_day,
        shifts=weekly_spans(entry.shifts, (*place, "shifts"), problems),
        breaks=weekly_spans(entry.breaks, (*place, "breaks"), problems),
        overrides=date_overrides(entry.overrides, (*place, "overrides"), resolver, problems),
        time_off=absences(entry.time_off, (*place, "timeOff"), resolver, problems),
        calcom=host_of(entry.calcom),
    )
