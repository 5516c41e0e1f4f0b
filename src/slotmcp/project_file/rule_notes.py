"""Notes on the rules of services and areas: valid values that offer nothing, or not what they seem to."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from slotmcp.domain.booking_rules import BookableSpan, OutsideAreas, Priority, ServiceArea
from slotmcp.domain.catalog import Project, ServiceType, Technician, TechnicianStatus
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.postal_codes import PREFIX_MARK, RANGE_MARK
from slotmcp.domain.recurrence import WallSpan
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.areas import is_served_by
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import DateRange, regular_hours
from slotmcp.engine.slots import list_starts
from slotmcp.engine.zones import local_date, utc_to_wall
from slotmcp.project_file.checks import Problems
from slotmcp.project_file.field_types import DAYS
from slotmcp.project_file.schema import SpokenEntry
from slotmcp.project_file.times import write_clock
from slotmcp.services.countries import country_of
from slotmcp.services.imports import ProjectPlan

_SEARCHED_DAYS = 31
_WEEK = 7 * MINUTES_PER_DAY
_BRITISH_DISTRICT_PREFIX = re.compile(r"[A-Z]{1,2}[0-9]\*")


def add_rule_notes(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note all rules that are valid but unusual."""
    _note_locale(plan, problems.at("project", "locale"))
    _note_notices(plan, problems)
    _note_bookable(plan, now_ms, problems)
    _note_floating_breaks(plan, now_ms, problems)
    _note_reserves(plan, problems)
    _note_on_call(plan, problems)
    _note_areas(plan, problems.at("project"))
    _note_area_days(plan, now_ms, problems.at("project", "areas"))


def _note_locale(plan: ProjectPlan, problems: Problems) -> None:
    spoken = SpokenEntry.keys()
    language = plan.project.locale.partition("-")[0]
    if language not in {locale.partition("-")[0] for locale in spoken}:
        problems.add_note(
            f"{plan.project.locale} is not spoken, so answers are in English; the languages are {', '.join(spoken)}"
        )


def _note_notices(plan: ProjectPlan, problems: Problems) -> None:
    """Note notices that are longer than the horizon, of the project or of a service with values of its own."""
    project = plan.project
    if project.min_notice_minutes > project.horizon_days * MINUTES_PER_DAY:
        sentence = _too_long(project.min_notice_minutes, project.horizon_days)
        problems.at("project", "minNoticeMinutes").add_note(sentence)
    for index, service in enumerate(plan.services):
        notice = project.min_notice_minutes if service.min_notice_minutes is None else service.min_notice_minutes
        days = project.horizon_days if service.horizon_days is None else service.horizon_days
        has_own = service.min_notice_minutes is not None or service.horizon_days is not None
        if has_own and notice > days * MINUTES_PER_DAY:
            key = "horizonDays" if service.min_notice_minutes is None else "minNoticeMinutes"
            problems.at("services", index, key).add_note(f"{service.id}: {_too_long(notice, days)}")


def _too_long(notice_minutes: int, horizon_days: int) -> str:
    return (
        f"a notice of {notice_minutes} minutes is longer than a horizon of {_days(horizon_days)}, so nothing is "
        f"offered; write at most {horizon_days * MINUTES_PER_DAY} minutes, or a longer horizon"
    )


def _note_bookable(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note bookable spans in which no technician with the skills can start."""
    if not any(service.bookable for service in plan.services):
        return
    availability = _availability(plan, now_ms)
    for index, service in enumerate(plan.services):
        at_bookable = problems.at("services", index, "bookable")
        unused = list(_unused_spans(availability, service))
        if service.bookable and len(unused) == len(service.bookable):
            at_bookable.add_note(
                f"{service.id}: no technician with the skills can start in these hours, so it is never offered"
            )
        else:
            for number in unused:
                at_bookable.at(number).add_note(
                    f"{service.id}: no technician with the skills can start on {_span_text(service.bookable[number])}, "
                    "so nothing is offered then"
                )


def _note_floating_breaks(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note services whose jobs never leave room for the floating breaks of the technicians with the skills."""
    long = [index for index, service in enumerate(plan.services) if _may_cover_break(service, plan.technicians)]
    if not long:
        return
    with_breaks = _availability(plan, now_ms)
    technicians = tuple(replace(technician, floating_breaks=()) for technician in plan.technicians)
    without_breaks = _availability(replace(plan, technicians=technicians), now_ms)
    for index in long:
        service = plan.services[index]
        need = Need.of_service(replace(service, bookable=()), priority=_usual_priority(service))
        if not _week_minutes(with_breaks, need) and _week_minutes(without_breaks, need):
            problems.at("services", index, "durationMinutes").add_note(
                f"{service.id}: {service.duration_minutes} minutes leave no room for the floating breaks of the "
                "technicians with the skills, so it is never offered; write a shorter duration, or a longer time "
                "from earliest to latest"
            )


def _usual_priority(service: ServiceType) -> Priority:
    only_emergencies = service.bookable and all(one.priority is Priority.EMERGENCY for one in service.bookable)
    return Priority.EMERGENCY if only_emergencies else Priority.NORMAL


def _may_cover_break(service: ServiceType, technicians: Sequence[Technician]) -> bool:
    """Return whether a job can take so much of a floating break's window that the break does not fit."""
    return any(
        one.window.span.end_minute - one.window.span.start_minute - one.minutes < service.duration_minutes
        for technician in _able(service, technicians)
        for one in technician.floating_breaks
    )


def _unused_spans(availability: Availability, service: ServiceType) -> Iterator[int]:
    """Yield the indexes of the spans without a start. None if no technician could do the service at any time."""
    emergency = Need.of_service(service, priority=Priority.EMERGENCY)
    timelines = [one for one in availability.index.eligible(emergency) if one.is_active]
    if not any(one.longest_span_minutes(emergency) >= service.duration_minutes for one in timelines):
        return
    starts = {
        priority: _week_minutes(availability, Need.of_service(service, priority=priority))
        for priority in {bookable.priority for bookable in service.bookable}
    }
    for number, bookable in enumerate(service.bookable):
        minutes = starts[bookable.priority]
        if not any(start % _WEEK in minutes for span in _week_spans(bookable.days, bookable.span) for start in span):
            yield number


def _week_minutes(availability: Availability, need: Need) -> frozenset[int]:
    """Return the minutes of the week, from Monday in the project's time zone, at which a need can start."""
    frame = availability.frame
    starts = list_starts(availability, need, frame.midnights[0], frame.midnights[-1])
    return frozenset(_week_minute(frame.zone_key, start) for start in starts)


def _week_minute(zone_key: str, minute: Minute) -> int:
    wall = utc_to_wall(zone_key, minute)
    return wall.weekday() * MINUTES_PER_DAY + wall.hour * 60 + wall.minute


def _week_spans(days: frozenset[int], span: WallSpan) -> list[range]:
    return [
        range(day * MINUTES_PER_DAY + span.start_minute, day * MINUTES_PER_DAY + span.end_minute)
        for day in sorted(days)
    ]


def _availability(plan: ProjectPlan, now_ms: int) -> Availability:
    """Return the availability of an empty schedule in usual weeks: without closures, absences, notices and limits."""
    project = replace(
        plan.project,
        horizon_days=_SEARCHED_DAYS,
        min_notice_minutes=0,
        holiday_regions=(),
        closed_dates=(),
        closures=(),
    )
    services = {
        service.id: replace(service, min_notice_minutes=None, horizon_days=None, max_bookings_per_day=None, reserves=())
        for service in plan.services
    }
    technicians = {
        technician.id: TechnicianSchedule(technician=replace(technician, time_off=(), recurring_time_off=()))
        for technician in plan.technicians
    }
    schedule = Schedule(project=project, services=services, technician_schedules=technicians, revision=0)
    return Availability.of(schedule, now_ms)


def _note_reserves(plan: ProjectPlan, problems: Problems) -> None:
    """Note reserves of all active technicians with the skills, or of more."""
    for index, service in enumerate(plan.services):
        technicians = len(_able(service, plan.technicians))
        for number, reserve in enumerate(service.reserves):
            if technicians and reserve.places >= technicians:
                kept = "1 place is" if reserve.places == 1 else f"{reserve.places} places are"
                have = "technician has" if technicians == 1 else "technicians have"
                problems.at("services", index, "reserve", number, "places").add_note(
                    f"{service.id}: {kept} kept, but only {technicians} active {have} the skills, "
                    f"so until {reserve.until_minutes} minutes before a start only emergencies are offered"
                )


def _note_on_call(plan: ProjectPlan, problems: Problems) -> None:
    """Note on-call time outside the bookable spans of every service that the technician can do."""
    for index, technician in enumerate(plan.technicians):
        services = [service for service in plan.services if service.skills <= technician.skills]
        if not technician.on_call or not services or any(not service.bookable for service in services):
            continue
        bookable = [span for service in services for span in service.bookable]
        if not any(_share_time(weekly.days, weekly.span, bookable) for weekly in technician.on_call):
            problems.at("technicians", index, "onCall").add_note(
                f"{technician.id} is on call when no service of {technician.id} is bookable; "
                "add bookable hours with for: emergency"
            )


def _share_time(days: frozenset[int], span: WallSpan, bookable: Sequence[BookableSpan]) -> bool:
    """Return whether a recurring span shares a minute of the week with a bookable one. By a rule, it may."""
    if not days:
        return True
    minutes = {minute % _WEEK for one in _week_spans(days, span) for minute in one}
    of_services = [one for each in bookable for one in _week_spans(each.days, each.span)]
    return any(minute % _WEEK in minutes for one in of_services for minute in one)


def _note_areas(plan: ProjectPlan, problems: Problems) -> None:
    project = plan.project
    if not project.areas and project.outside_areas is not OutsideAreas.REFUSE:
        problems.at("outsideAreas").add_note("there are no areas, so outsideAreas has no effect; add areas")
    for index, area in enumerate(project.areas):
        _note_area(area, plan, problems.at("areas", index))
    _note_ranges(project.areas, problems.at("areas"))
    if country_of(project) == "GB":
        _note_british_districts(project.areas, problems.at("areas"))


def _note_area(area: ServiceArea, plan: ProjectPlan, problems: Problems) -> None:
    """Note an area that no technician serves, or in which a service is never offered."""
    technicians = [one for one in plan.technicians if one.id in area.technician_ids]
    if not technicians:
        return
    if all(one.status is TechnicianStatus.OFF for one in technicians):
        sentence = f"{area.id}: every technician of the area is off, so nothing is offered there"
        problems.at("technicians").add_note(sentence)
        return
    elsewhere = [service for service in plan.services if _able(service, plan.technicians)]
    missing = [service.id for service in elsewhere if not _able(service, technicians)]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        problems.at("technicians").add_note(
            f"{area.id}: no active technician of the area has the skills of {', '.join(missing)}, which {are} never "
            "offered there"
        )


def _note_area_days(plan: ProjectPlan, now_ms: int, problems: Problems) -> None:
    """Note days of areas on which no active technician of the area works in usual weeks."""
    if not any(area.days for area in plan.project.areas):
        return
    active = [one for one in plan.technicians if one.status is TechnicianStatus.ACTIVE]
    days_by_id = {one.id: _working_days(one, plan.project, now_ms) for one in active}
    for index, area in enumerate(plan.project.areas):
        working = [days for id_, days in days_by_id.items() if is_served_by(area, id_)]
        unserved = area.days - frozenset[int]().union(*working)
        if unserved and any(working):
            named = ", ".join(DAYS[day] for day in sorted(unserved))
            then = "there at all" if unserved == area.days else "there then"
            problems.at(index, "days").add_note(
                f"{area.id}: no active technician of the area works on {named}, so nothing is offered {then}"
            )


def _working_days(technician: Technician, project: Project, now_ms: int) -> frozenset[int]:
    """Return the weekdays in the project's time zone on which a technician works or is on call."""
    first = local_date(project.timezone, now_ms // MS_PER_MINUTE)
    dates = DateRange(first, first + timedelta(days=_SEARCHED_DAYS))
    hours = regular_hours(technician, dates, Priority.EMERGENCY)
    return frozenset(
        local_date(project.timezone, minute).weekday()
        for start, end in hours
        for minute in (*range(start, end, MINUTES_PER_DAY), end - 1)
    )


def _note_british_districts(areas: Sequence[ServiceArea], problems: Problems) -> None:
    """Note prefixes such as "E1*", which look like one postcode district and also contain E10 to E19."""
    for index, area in enumerate(areas):
        for number, entry in enumerate(area.postal_codes):
            if _BRITISH_DISTRICT_PREFIX.fullmatch(entry):
                district = entry.removesuffix(PREFIX_MARK)
                problems.at(index, "postalCodes", number).add_note(
                    f"{entry} also contains {district}0 to {district}9; for one district write a range of its codes, "
                    f'such as "E1 0AA{RANGE_MARK}E1 9ZZ"'
                )


class _Range(NamedTuple):
    """A range of postal codes with its place in the file."""

    first: str
    last: str
    area: int
    number: int

    def __str__(self) -> str:
        return f"{self.first}{RANGE_MARK}{self.last}"


def _note_ranges(areas: Sequence[ServiceArea], problems: Problems) -> None:
    """Note ranges of postal codes that overlap a range of another area."""
    by_length: dict[int, list[_Range]] = defaultdict(list)
    for index, area in enumerate(areas):
        for number, entry in enumerate(area.postal_codes):
            first, mark, last = entry.partition(RANGE_MARK)
            if mark:
                by_length[len(first)].append(_Range(first, last, index, number))
    for ranges in by_length.values():
        latest: _Range | None = None
        for one in sorted(ranges):
            if latest is not None and one.first <= latest.last and one.area != latest.area:
                earlier, later = sorted((one, latest), key=lambda each: each.area)
                owner = areas[earlier.area].id
                problems.at(later.area, "postalCodes", later.number).add_note(
                    f"{later} overlaps {earlier} of the area {owner}; postal codes in both are in {owner}"
                )
            latest = one if latest is None else max(latest, one, key=lambda each: each.last)


def _able(service: ServiceType, technicians: Sequence[Technician]) -> list[Technician]:
    """Return the active technicians with the skills of a service."""
    return [
        technician
        for technician in technicians
        if technician.status is TechnicianStatus.ACTIVE and service.skills <= technician.skills
    ]


def _span_text(bookable: BookableSpan) -> str:
    days = ", ".join(DAYS[day] for day in sorted(bookable.days))
    end = bookable.span.end_minute
    clock = write_clock(end - MINUTES_PER_DAY * (end > MINUTES_PER_DAY))
    return f"{days} {write_clock(bookable.span.start_minute)}-{clock}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
