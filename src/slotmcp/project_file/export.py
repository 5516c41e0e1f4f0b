"""Export of a plan to a project file. Reading the file again returns an equal plan.

`Entry.export` writes fields of the same name. This module lists only fields that are converted.
"""

from collections.abc import Iterable, Mapping

from slotmcp.domain.booking import Booking
from slotmcp.domain.booking_rules import BookableSpan, Closure, Price, ServiceArea
from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.catalog import DateOverride, Location, Project, ServiceType, Technician, TimeOff
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.domain.recurrence import WHOLE_DAY, FloatingBreak, PartsOfDay, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.engine.zones import utc_to_wall, wall_to_utc
from slotmcp.project_file.field_types import DAYS
from slotmcp.project_file.rule_schema import (
    AreaEntry,
    BookableEntry,
    ClosureEntry,
    PriceEntry,
    QuestionEntry,
    ReserveEntry,
)
from slotmcp.project_file.schema import (
    BookingEntry,
    BusyEntry,
    CalcomEntry,
    CalcomHostEntry,
    ConnectedCalendarEntry,
    LocationEntry,
    ProjectEntry,
    RankingEntry,
    ServiceEntry,
    TechnicianEntry,
    TravelEntry,
)
from slotmcp.project_file.times import write_clock, write_day_span, write_instant, write_wall
from slotmcp.project_file.yaml_writer import Flow, Keys, Quoted, to_yaml, to_yaml_lines
from slotmcp.services.imports import ProjectPlan


def dump_project(plan: ProjectPlan) -> str:
    """Return a plan as YAML, without default values and without any customer data."""
    services = {service.id: service for service in plan.services}
    catalog = {
        "project": _project(plan.project),
        "services": [_service(service) for service in plan.services],
        "technicians": [_technician(technician, plan.project) for technician in plan.technicians],
    }
    bookings = to_yaml_lines("bookings", (export_booking(booking, services) for booking in plan.bookings))
    busy = to_yaml_lines("busy", map(_busy_time, plan.busy))
    return "".join((to_yaml(catalog), *bookings, *busy))


def _project(project: Project) -> Keys:
    ranking = {
        "candidates": list(project.candidate_ranking),
        "assignment": list(project.assignment_ranking),
    }
    connection = project.calcom
    return ProjectEntry.export(
        project,
        travel=Flow(TravelEntry.export(project.travel)),
        ranking=Flow(RankingEntry.export(project, **ranking)),
        calcom=connection
        and Flow(CalcomEntry.export(connection, webhook_secret_envs=list(connection.webhook_secret_envs))),
        holidays=[*project.holiday_regions, *project.closed_dates],
        parts_of_day=_parts_of_day(project.parts_of_day),
        closures=[_closure(closure) for closure in project.closures],
        areas=[_area(area) for area in project.areas],
    )


def _closure(closure: Closure) -> Keys:
    window = {"start": None, "end": None} if closure.span is None else _window(closure.span)
    return Flow(ClosureEntry.export(closure, **window))


def _area(area: ServiceArea) -> Keys:
    return AreaEntry.export(
        area,
        postal_codes=[Quoted(code) for code in area.postal_codes],
        technician_ids=list(area.technician_ids),
        days=_days(area.days),
    )


def _parts_of_day(parts: PartsOfDay) -> Keys:
    defaults = PartsOfDay()
    spans = {"morning": parts.morning, "afternoon": parts.afternoon, "evening": parts.evening}
    return Flow({name: Quoted(write_day_span(span)) for name, span in spans.items() if span != getattr(defaults, name)})


def _service(service: ServiceType) -> Keys:
    return ServiceEntry.export(
        service,
        skills=sorted(service.skills),
        spoken=Flow(service.spoken),
        price=service.price and _price(service.price),
        questions=[Flow(QuestionEntry.export(question)) for question in service.questions],
        bookable=[_bookable(span) for span in service.bookable],
        reserves=[Flow(ReserveEntry.export(reserve)) for reserve in service.reserves],
    )


def _price(price: Price) -> Keys:
    amount = price.amount
    number = None if amount is None else int(amount) if amount == int(amount) else float(amount)
    return Flow(PriceEntry.export(price, amount=number))


def _bookable(bookable: BookableSpan) -> Keys:
    days = _days(bookable.days)
    return Flow({"days": days, **BookableEntry.export(bookable, days=days, **_window(bookable.span))})


def _technician(technician: Technician, project: Project) -> Keys:
    zone_key = technician.timezone
    return TechnicianEntry.export(
        technician,
        timezone=None if zone_key == project.timezone else zone_key,
        skills=sorted(technician.skills),
        home=_home(technician),
        shifts=[_weekly_span(shift) for shift in technician.shifts],
        breaks=[*map(_weekly_span, technician.breaks), *map(_floating_break, technician.floating_breaks)],
        on_call=[_weekly_span(span) for span in technician.on_call],
        overrides=[_override(override) for override in technician.overrides],
        time_off=[
            *(_absence(absence, zone_key) for absence in technician.time_off),
            *map(_recurring_absence, technician.recurring_time_off),
        ],
        calcom=technician.calcom and _host(technician.calcom),
    )


def _home(technician: Technician) -> Keys:
    postal_code = technician.home_postal_code
    return Flow(postalCode=Quoted(postal_code) if postal_code else None, **(_location(technician.home) or {}))


def _host(host: CalcomHost) -> Keys:
    return CalcomHostEntry.export(
        host,
        email=host.email or None,
        event_types=[Flow(serviceType=service, id=number) for service, number in host.event_type_ids.items()],
        calendars=[Flow(ConnectedCalendarEntry.export(calendar)) for calendar in host.calendars],
    )


def _weekly_span(weekly: WeeklySpan) -> Keys:
    return Flow({"days": _days(weekly.days), **_window(weekly.span), **_recurrence(weekly)})


def _recurrence(weekly: WeeklySpan) -> Keys:
    """Return the keys of a recurrence except its days."""
    every = weekly.every_weeks if weekly.every_weeks > 1 else None
    dates = {"from": weekly.valid_from, "until": weekly.valid_until}
    return {**dates, "every": every, "rrule": Quoted(weekly.rrule) if weekly.rrule else None}


def _floating_break(floating: FloatingBreak) -> Keys:
    window = floating.window
    earliest, latest = (Quoted(write_clock(at)) for at in (window.span.start_minute, window.span.end_minute))
    placed = {"earliest": earliest, "latest": latest, "minutes": floating.minutes}
    return Flow({"days": _days(window.days), **placed, **_recurrence(window)})


def _days(days: Iterable[int]) -> list[str]:
    return [DAYS[day] for day in sorted(days)]


def _window(span: WallSpan) -> Keys:
    past_midnight = span.end_minute > MINUTES_PER_DAY
    end = span.end_minute - MINUTES_PER_DAY * past_midnight
    return Flow(start=Quoted(write_clock(span.start_minute)), end=Quoted(write_clock(end)))


def _override(override: DateOverride) -> Keys:
    windows = [_window(window) for window in override.windows]
    return Flow(date=override.date, closed=None if windows else True, windows=windows)


def _absence(absence: TimeOff, zone_key: str) -> Keys:
    start, end = _local(absence.start, zone_key), _local(absence.end, zone_key)
    return Flow(start=start, end=end, reason=absence.reason or None)


def _recurring_absence(absence: RecurringTimeOff) -> Keys:
    window = {} if absence.span == WHOLE_DAY else _window(absence.span)
    return Flow({"rrule": Quoted(absence.rrule), "from": absence.first, **window, "reason": absence.reason or None})


def _local(minute: Minute, zone_key: str) -> str:
    """Format an instant in local time if that is unambiguous, else in UTC."""
    wall = utc_to_wall(zone_key, minute).replace(tzinfo=None)
    return write_wall(wall) if wall_to_utc(zone_key, wall) == minute else write_instant(minute)


def export_booking(booking: Booking, services: Mapping[str, ServiceType]) -> Keys:
    """Return the keys of a booking, without any customer data. None: left out."""
    claim, service = booking.claim, services.get(booking.claim.service_id)
    before, after = claim.buffer_before_minutes, claim.buffer_after_minutes
    return BookingEntry.export(
        claim,
        start=write_instant(claim.start),
        end=write_instant(claim.end),
        buffer_before_minutes=None if service and before == service.buffer_before_minutes else before,
        buffer_after_minutes=None if service and after == service.buffer_after_minutes else after,
        location=_location(claim.location),
        postal_code=Quoted(claim.postal_code),
        status=booking.status,
    )


def _busy_time(busy: BusyTime) -> Keys:
    return BusyEntry.export(
        busy, start=write_instant(busy.start), end=write_instant(busy.end), source=busy.source or None
    )


def _location(location: Location | None) -> Keys | None:
    return None if location is None else Flow(LocationEntry.export(location))
