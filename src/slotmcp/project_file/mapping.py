"""Mapping from a file's entries to the domain, with the checks that involve several values.

`Entry.to` copies fields of the same name. This module lists only fields that are converted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CALENDAR_SOURCE_PREFIX
from slotmcp.domain.catalog import DateOverride, Location, Project, ServiceType, Technician, TravelPolicy
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.project_file.calcom import check_calcom, connection_of, host_of
from slotmcp.project_file.checks import KnownIds, Problems, check_repeated
from slotmcp.project_file.recurrence_mapping import absences_of, breaks_of, shifts_of
from slotmcp.project_file.rule_mapping import (
    areas_of,
    bookable_of,
    closures_of,
    home_of,
    price_of,
    questions_of,
    reserves_of,
    wall_span_of,
)
from slotmcp.project_file.schema import (
    BookingEntry,
    BusyEntry,
    FileEntry,
    OverrideEntry,
    PartsOfDayEntry,
    ProjectEntry,
    ServiceEntry,
    TechnicianEntry,
)
from slotmcp.project_file.times import TimeExpression, TimeResolver, write_clock, write_day_span
from slotmcp.services.imports import ProjectPlan

MAX_BOOKING_DAYS = 7


def plan_of(file: FileEntry, known: KnownIds, now_ms: int, problems: Problems) -> ProjectPlan:
    """Return the plan of a file, in the file's order. It is valid only if no problem was reported.

    If the project's time zone is wrong, times that depend on it are not checked.
    """
    _check_ids(file, known, problems)
    check_calcom(file, known, problems)
    project = _project(file.project, known, problems.at("project"))
    is_zone_known = not problems.at("project", "timezone").exist
    resolver = TimeResolver(project.timezone, now_ms)
    services = tuple(_service(entry, problems.at("services", index)) for index, entry in enumerate(file.services))
    return ProjectPlan(
        project=project,
        services=services,
        technicians=tuple(
            _technician(entry, resolver, problems.at("technicians", index))
            for index, entry in enumerate(file.technicians)
        ),
        bookings=_bookings(file.bookings, services, resolver, problems.at("bookings")) if is_zone_known else (),
        busy=tuple(
            _busy_time(entry, resolver, problems.at("busy", index))
            for index, entry in enumerate(file.busy if is_zone_known else [])
        ),
    )


def _check_ids(file: FileEntry, known: KnownIds, problems: Problems) -> None:
    if file.project.default_service_id is not None:
        known.check("services", file.project.default_service_id, problems.at("project", "defaultService"))
    for index, booking in enumerate(file.bookings):
        known.check("technicians", booking.technician_id, problems.at("bookings", index, "technicianId"))
        known.check("services", booking.service_id, problems.at("bookings", index, "serviceType"))
    for index, busy in enumerate(file.busy):
        known.check("technicians", busy.technician_id, problems.at("busy", index, "technicianId"))


def _project(entry: ProjectEntry, known: KnownIds, problems: Problems) -> Project:
    check_repeated(entry.ranking.candidates, problems.at("ranking", "candidates"))
    check_repeated(entry.ranking.assignment, problems.at("ranking", "assignment"))
    check_repeated(entry.holidays, problems.at("holidays"))
    return entry.to(
        Project,
        candidate_ranking=tuple(entry.ranking.candidates),
        assignment_ranking=tuple(entry.ranking.assignment),
        travel=entry.travel.to(TravelPolicy),
        holiday_regions=tuple(holiday for holiday in entry.holidays if not isinstance(holiday, date)),
        closed_dates=tuple(holiday for holiday in entry.holidays if isinstance(holiday, date)),
        calcom=connection_of(entry.calcom, problems.at("calcom")),
        parts_of_day=_parts_of_day(entry.parts_of_day, problems.at("partsOfDay")),
        closures=closures_of(entry.closures, problems.at("closures")),
        areas=areas_of(entry.areas, known, problems.at("areas")),
    )


def _parts_of_day(entry: PartsOfDayEntry, problems: Problems) -> PartsOfDay:
    parts = {"morning": entry.morning, "afternoon": entry.afternoon, "evening": entry.evening}
    for (earlier, first), (later, second) in pairwise(parts.items()):
        if second.start_minute < first.end_minute:
            spans = f"{earlier} is {write_day_span(first)} and {later} is {write_day_span(second)}"
            at_later = problems.at(later if later in entry.model_fields_set else earlier)
            at_later.add(f"{spans}; let {later} begin at {write_clock(first.end_minute)} or later")
    return entry.to(PartsOfDay)


def _service(entry: ServiceEntry, problems: Problems) -> ServiceType:
    check_repeated(entry.skills, problems.at("skills"))
    if entry.min_duration_minutes is not None and entry.min_duration_minutes > entry.duration_minutes:
        problems.at("minDurationMinutes").add(f"the service lasts {entry.duration_minutes} minutes; write at most that")
    spoken = entry.spoken.model_dump(by_alias=True, exclude_none=True)
    return entry.to(
        ServiceType,
        skills=frozenset(entry.skills),
        spoken=spoken,
        price=price_of(entry.price, problems.at("price")),
        questions=questions_of(entry.questions, problems.at("questions")),
        bookable=bookable_of(entry.bookable, problems.at("bookable")),
        reserves=reserves_of(entry.reserves, problems.at("reserve")),
    )


def _technician(entry: TechnicianEntry, of_project: TimeResolver, problems: Problems) -> Technician:
    check_repeated(entry.skills, problems.at("skills"))
    resolver = TimeResolver(entry.timezone or of_project.zone_key, of_project.now_ms)
    breaks, floating_breaks = breaks_of(entry.breaks, problems.at("breaks"))
    time_off, recurring_time_off = absences_of(entry.time_off, resolver, problems.at("timeOff"))
    return entry.to(
        Technician,
        timezone=resolver.zone_key,
        skills=frozenset(entry.skills),
        home=home_of(entry.home, problems.at("home")),
        home_postal_code=entry.home.postal_code if entry.home else "",
        shifts=shifts_of(entry.shifts, problems.at("shifts")),
        breaks=breaks,
        floating_breaks=floating_breaks,
        on_call=shifts_of(entry.on_call, problems.at("onCall")),
        overrides=_overrides(entry.overrides, resolver, problems.at("overrides")),
        time_off=time_off,
        recurring_time_off=recurring_time_off,
        calcom=host_of(entry.calcom),
    )


def _overrides(
    entries: Sequence[OverrideEntry], resolver: TimeResolver, problems: Problems
) -> tuple[DateOverride, ...]:
    overrides = tuple(_override(entry, resolver, problems.at(index)) for index, entry in enumerate(entries))
    dates = [override.date for override in overrides]
    for index, day in enumerate(dates):
        if (first := dates.index(day)) != index:
            line = problems.at(first, "date").line
            sentence = f"{day} already has an override on line {line}; put all windows into one"
            problems.at(index, "date").add(sentence)
    return overrides


def _override(entry: OverrideEntry, resolver: TimeResolver, problems: Problems) -> DateOverride:
    if entry.closed and entry.windows:
        problems.at("closed").add("a closed date has no windows; remove closed or windows")
    if not entry.closed and not entry.windows and not problems.exist:
        problems.add('write closed: true, or windows such as [{start: "09:00", end: "13:00"}]')
    windows = [wall_span_of(window, problems.at("windows", index)) for index, window in enumerate(entry.windows)]
    return DateOverride(date=resolver.date_of(entry.date), windows=tuple(windows))


def _busy_time(entry: BusyEntry, resolver: TimeResolver, problems: Problems) -> BusyTime:
    start, end = resolver.minute_of(entry.start), resolver.minute_of(entry.end, is_end=True)
    _check_order(start, end, resolver, problems.at("end"))
    source = entry.source or ""
    if source.startswith(CALENDAR_SOURCE_PREFIX):
        problems.at("source").add("sources that start with calcom are reserved for Cal.com; write another word")
    return entry.to(BusyTime, start=start, end=end, source=source)


def _check_order(start: Minute, end: Minute, resolver: TimeResolver, problems: Problems) -> None:
    if end <= start:
        problems.add(f"this is not after the start; write a time after {resolver.local(start)}")


def _bookings(
    entries: Sequence[BookingEntry], services: Sequence[ServiceType], resolver: TimeResolver, problems: Problems
) -> tuple[Booking, ...]:
    """Return the bookings whose service is known, and report overlaps."""
    by_id = {service.id: service for service in services}
    bookings = {
        index: booking_of(entry, by_id[entry.service_id], resolver, problems.at(index))
        for index, entry in enumerate(entries)
        if entry.service_id in by_id
    }
    claims = {index: booking.claim for index, booking in bookings.items() if not problems.at(index).exist}
    _check_overlaps(claims, resolver, problems)
    return tuple(bookings.values())


def booking_of(entry: BookingEntry, service: ServiceType, resolver: TimeResolver, problems: Problems) -> Booking:
    """Return a booking, and report wrong times."""
    start = _instant(entry.start, resolver, problems.at("start"))
    if entry.end is None:
        end = start + service.duration_minutes
    else:
        end = _instant(entry.end, resolver, problems.at("end"))
        _check_order(start, end, resolver, problems.at("end"))
        if end - start > MAX_BOOKING_DAYS * MINUTES_PER_DAY:
            days = (end - start) // MINUTES_PER_DAY
            problems.at("end").add(f"this is {days} days after the start; a booking lasts at most {MAX_BOOKING_DAYS}")
    before, after = entry.buffer_before_minutes, entry.buffer_after_minutes
    claim = entry.to(
        Claim,
        start=start,
        end=end,
        buffer_before_minutes=service.buffer_before_minutes if before is None else before,
        buffer_after_minutes=service.buffer_after_minutes if after is None else after,
        location=entry.location and entry.location.to(Location),
    )
    return Booking(claim=claim, status=entry.status)


def _instant(time: TimeExpression, resolver: TimeResolver, problems: Problems) -> Minute:
    if time.clock is None:
        example = f"{resolver.date_of(time.day)}T09:00"
        problems.add(f"a booking needs a time of day; write one after the date, such as {example}")
    return resolver.minute_of(time)


def _check_overlaps(claims: Mapping[int, Claim], resolver: TimeResolver, problems: Problems) -> None:
    by_technician: dict[str, list[int]] = defaultdict(list)
    for index in sorted(claims, key=lambda index: claims[index].interval):
        by_technician[claims[index].technician_id].append(index)
    for indexes in by_technician.values():
        latest = indexes[0]
        for index in indexes[1:]:
            if claims[index].start < claims[latest].end:
                first, second = sorted((latest, index))
                _report_overlap(claims[first], problems.at(first).line, resolver, problems.at(second))
            latest = max(latest, index, key=lambda candidate: claims[candidate].end)


def _report_overlap(earlier: Claim, line: int, resolver: TimeResolver, problems: Problems) -> None:
    problems.add(
        f"overlaps booking {earlier.id} on line {line}, which takes {earlier.technician_id} from "
        f"{resolver.local(earlier.start)} to {resolver.local(earlier.end)}; move one, or assign another technician"
    )
