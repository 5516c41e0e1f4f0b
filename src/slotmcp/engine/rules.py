"""Rules that do not depend on the technician: of a service, bookable spans and bookings per day; of an area, days."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache, reduce
from operator import or_

from slotmcp.domain.booking_rules import BookableSpan, Priority
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.interval import Interval, Minute, merge
from slotmcp.domain.reasons import Reason
from slotmcp.engine.areas import is_day_of
from slotmcp.engine.availability import Availability
from slotmcp.engine.frame import Frame
from slotmcp.engine.need import Need
from slotmcp.engine.opening_hours import DateRange
from slotmcp.engine.zones import local_date, wall_minute_to_utc

_LONGEST_SPAN_DAYS = 2
"""Dates after its own into which a span can reach."""


def allowed_starts(availability: Availability, need: Need) -> int | None:
    """Return the positions of the frame that the rules of the service and of the area allow, as bits; None: all.

    Notice and horizon are left out, because `Availability.earliest_start_of` and `horizon_end_of` bound the starts.
    """
    service = availability.schedule.services.get(need.service_id)
    has_days = need.area is not None and bool(need.area.days)
    if not has_days and (service is None or not _has_rules(service)):
        return None
    known = availability.index.allowed_by_rule
    key = need.service_id, need.priority, need.area
    if key not in known:
        known[key] = _find_allowed(availability, service, need)
    return known[key]


def obstacle_of_rules(availability: Availability, need: Need, start: Minute) -> Reason | None:
    """Return the first rule against a start, of which there are no bits; None if all allow it."""
    if need.area is not None and not is_day_of(need.area, availability.frame.zone_key, start):
        return Reason.AREA_DAY
    service = availability.schedule.services.get(need.service_id)
    if service is None or not _has_rules(service):
        return None
    zone_key = availability.frame.zone_key
    if service.bookable and not is_in_span(zone_key, service.bookable, start, need.priority):
        is_for_emergency = is_in_span(zone_key, service.bookable, start, Priority.EMERGENCY)
        return Reason.EMERGENCY_ONLY if is_for_emergency else Reason.NOT_BOOKABLE_THEN
    if is_service_day_full(availability, need, start):
        return Reason.SERVICE_DAY_FULL
    return None


def bookings_left(availability: Availability, need: Need, day: int) -> int | None:
    """Return the number of further bookings that the service allows on a day of the frame; None: any."""
    service = availability.schedule.services.get(need.service_id)
    if service is None or service.max_bookings_per_day is None:
        return None
    return max(0, service.max_bookings_per_day - availability.index.bookings_of(service.id)[day])


def bookable_hours(
    zone_key: str, spans: tuple[BookableSpan, ...], dates: DateRange, priority: Priority = Priority.NORMAL
) -> list[Interval]:
    """Return the spans that start on some dates and are open to a priority, merged."""
    days = (dates.first + timedelta(days=number) for number in range((dates.last - dates.first).days + 1))
    return merge(span for day in days for span in _spans_on(zone_key, day, spans, priority))


def is_service_day_full(availability: Availability, need: Need, start: Minute) -> bool:
    """Return whether the service has its maximum number of bookings and live holds on the date of a start."""
    return bookings_left(availability, need, availability.frame.day_number(start)) == 0


def depends_on_team(availability: Availability, need: Need) -> bool:
    """Return whether claims of one technician can make another technician unavailable for a need."""
    service = availability.schedule.services.get(need.service_id)
    return service is not None and service.max_bookings_per_day is not None


def _has_rules(service: ServiceType) -> bool:
    return bool(service.bookable) or service.max_bookings_per_day is not None


def _find_allowed(availability: Availability, service: ServiceType | None, need: Need) -> int:
    frame = availability.frame
    allowed = (1 << len(frame.positions)) - 1
    if need.area is not None and need.area.days:
        allowed = _bits_of_weekdays(frame, need.area.days)
    if service is None:
        return allowed
    if service.bookable:
        allowed &= _bits_of_spans(frame, service.bookable, need.priority)
    for day in range(frame.days) if service.max_bookings_per_day is not None else ():
        if bookings_left(availability, need, day) == 0:
            allowed &= ~frame.day_bits(day)
    return allowed


def _bits_of_weekdays(frame: Frame, weekdays: frozenset[int]) -> int:
    """Return the positions of a frame on some weekdays, as bits. Monday is 0."""
    days = (day for day in range(frame.days) if (frame.first_day + timedelta(days=day)).weekday() in weekdays)
    return reduce(or_, map(frame.day_bits, days), 0)


@lru_cache(maxsize=1024)
def _bits_of_spans(frame: Frame, spans: tuple[BookableSpan, ...], priority: Priority) -> int:
    """Return the positions of a frame within the spans that are open to a priority, as bits."""
    bits = 0
    for days in range(-_LONGEST_SPAN_DAYS, frame.days):
        for opens, closes in _spans_on(frame.zone_key, frame.first_day + timedelta(days=days), spans, priority):
            bits |= frame.bits_between(opens, closes - 1)
    return bits


def is_in_span(zone_key: str, spans: tuple[BookableSpan, ...], start: Minute, priority: Priority) -> bool:
    """Return whether a start is in one of the spans that are open to a priority (rule 29)."""
    today = local_date(zone_key, start)
    return any(
        opens <= start < closes
        for days in range(-_LONGEST_SPAN_DAYS, 1)
        for opens, closes in _spans_on(zone_key, today + timedelta(days=days), spans, priority)
    )


def _spans_on(zone_key: str, day: date, spans: tuple[BookableSpan, ...], priority: Priority) -> Iterator[Interval]:
    """Yield the spans that start on a date and are open to a priority. Clock changes can empty a span."""
    for bookable in spans:
        if day.weekday() in bookable.days and (bookable.priority is Priority.NORMAL or priority is Priority.EMERGENCY):
            opens = wall_minute_to_utc(zone_key, day, bookable.span.start_minute)
            closes = wall_minute_to_utc(zone_key, day, bookable.span.end_minute)
            if opens < closes:
                yield opens, closes
