"""Opening hours of the next dates: when technicians work, on the clock of the project."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import ServiceType, Technician, TechnicianStatus
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Interval, Minute, merge, overlaps, subtract
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.opening_hours import DateRange, dates_of, opening_hours
from slotmcp.engine.rules import bookable_hours
from slotmcp.engine.zones import local_date, midnight, next_midnight, utc_to_wall

DAYS_SHOWN: Final = 7
_MARGIN: Final = timedelta(days=2)
"""Dates of other time zones, and of shifts past midnight, on both sides."""
_MINUTES_PER_HOUR: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningDay:
    """Opening hours of one date."""

    date: date
    hours: tuple[Interval, ...]
    """Working time of all active technicians, merged, in minutes of the project's clock; empty: closed."""
    usual_hours: tuple[Interval, ...]
    """The same without holidays, closures, overrides and time off of single dates."""
    emergency_hours: tuple[Interval, ...] = ()
    """Hours for emergencies only, beside `hours`."""

    @property
    def is_unusually_closed(self) -> bool:
        """True if no technician works, although the week has hours then."""
        return not self.hours and bool(self.usual_hours)

    @property
    def is_shortened(self) -> bool:
        """True if no technician works at some of the usual hours."""
        return bool(subtract(self.usual_hours, self.hours))


def opening_days(schedule: Schedule, now_ms: int, service: ServiceType | None = None) -> tuple[OpeningDay, ...]:
    """Return the opening hours of today and of the dates after it.

    Those of a service are the working time of the technicians with the skills, within the spans in which it can start.
    """
    zone_key = schedule.project.timezone
    first = local_date(zone_key, now_ms // MS_PER_MINUTE)
    start, end = first - _MARGIN, first + timedelta(days=DAYS_SHOWN) + _MARGIN
    technicians = _active_technicians(schedule, service)
    dates, usual_dates = dates_of(schedule.project, start, end), DateRange(start, end)
    without_exceptions = [replace(one, overrides=(), time_off=()) for one in technicians]
    actual = _bookable(zone_key, service, dates, _merged(technicians, dates))
    usual = _bookable(zone_key, service, usual_dates, _merged(without_exceptions, usual_dates))
    emergencies = _emergency_hours(zone_key, service, technicians, dates, actual)
    return tuple(
        OpeningDay(
            date=day,
            hours=_on(zone_key, day, actual),
            usual_hours=_on(zone_key, day, usual),
            emergency_hours=_on(zone_key, day, emergencies),
        )
        for day in (first + timedelta(days=number) for number in range(DAYS_SHOWN))
    )


def _active_technicians(schedule: Schedule, service: ServiceType | None) -> list[Technician]:
    technicians = (one.technician for one in schedule.technician_schedules.values())
    return [
        one
        for one in technicians
        if one.status is TechnicianStatus.ACTIVE and (service is None or service.skills <= one.skills)
    ]


def _emergency_hours(
    zone_key: str,
    service: ServiceType | None,
    technicians: Sequence[Technician],
    dates: DateRange,
    hours: Sequence[Interval],
) -> list[Interval]:
    """Return the hours in which only emergencies can be booked."""
    is_special = service is not None and any(each.priority is Priority.EMERGENCY for each in service.bookable)
    if not is_special and not any(one.on_call for one in technicians):
        return []
    working = _merged(technicians, dates, Priority.EMERGENCY)
    return subtract(_bookable(zone_key, service, dates, working, Priority.EMERGENCY), hours)


def _bookable(
    zone_key: str,
    service: ServiceType | None,
    dates: DateRange,
    working: list[Interval],
    priority: Priority = Priority.NORMAL,
) -> list[Interval]:
    """Return the parts of working time in which a service can start."""
    if service is None or not service.bookable:
        return working
    return subtract(working, subtract(working, bookable_hours(zone_key, service.bookable, dates, priority)))


def _merged(
    technicians: Iterable[Technician], dates: DateRange, priority: Priority = Priority.NORMAL
) -> list[Interval]:
    return merge(span for technician in technicians for span in opening_hours(technician, dates, priority))


def _on(zone_key: str, day: date, spans: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the parts of spans that are on a date, in minutes of the clock that day."""
    return tuple(_clipped(zone_key, (midnight(zone_key, day), next_midnight(zone_key, day)), spans))


def _clipped(zone_key: str, day: Interval, spans: Iterable[Interval]) -> Iterator[Interval]:
    for start, end in spans:
        if overlaps((start, end), day):
            until = MINUTES_PER_DAY if end >= day[1] else _minute_of_day(zone_key, end)
            yield _minute_of_day(zone_key, max(start, day[0])), until


def _minute_of_day(zone_key: str, minute: Minute) -> int:
    wall = utc_to_wall(zone_key, minute)
    return wall.hour * _MINUTES_PER_HOUR + wall.minute
