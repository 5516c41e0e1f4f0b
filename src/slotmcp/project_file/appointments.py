"""The start state: bookings and outside busy times, as the domain has them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CALENDAR_SOURCE_PREFIX
from slotmcp.domain.catalog import Location, ServiceType
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MINUTES_PER_DAY, Minute
from slotmcp.project_file.collector import Problems
from slotmcp.project_file.problems import Place
from slotmcp.project_file.schema import BookingEntry, BusyEntry, LocationEntry
from slotmcp.project_file.times import TimeExpression, TimeResolver

LONGEST_BOOKING_DAYS = 7


def location_of(entry: LocationEntry | None) -> Location | None:
    """A place, if one is given."""
    return None if entry is None else Location(entry.latitude, entry.longitude)


def bookings_of(
    entries: list[BookingEntry], services: Mapping[str, ServiceType], resolver: TimeResolver, problems: Problems
) -> tuple[Booking, ...]:
    """The bookings whose service is known; those that overlap are reported."""
    placed = [
        (("bookings", index), _booking(entry, services[entry.service_type], resolver, ("bookings", index), problems))
        for index, entry in enumerate(entries)
        if entry.service_type in services
    ]
    _report_overlaps([one for one in placed if not problems.has_problem_at(one[0])], resolver, problems)
    return tuple(booking for _, booking in placed)


def busy_times_of(entries: list[BusyEntry], resolver: TimeResolver, problems: Problems) -> tuple[BusyTime, ...]:
    """Outside busy times; they may overlap with anything."""
    return tuple(_busy_time(entry, resolver, ("busy", index), problems) for index, entry in enumerate(entries))


def _booking(
    entry: BookingEntry, service: ServiceType, resolver: TimeResolver, place: Place, problems: Problems
) -> Booking:
    start = _instant(entry.start, resolver, (*place, "start"), problems)
    if entry.end is None:
        end = start + service.duration_minutes
    else:
        end = _instant(entry.end, resolver, (*place, "end"), problems)
        _check_length(start, end, resolver, (*place, "end"), problems)
    before, after = entry.buffer_before_minutes, entry.buffer_after_minutes
    claim = Claim(
        id=entry.id,
        technician_id=entry.technician_id,
        service_id=service.id,
        start=start,
        end=end,
        buffer_before_minutes=service.buffer_before_minutes if before is None else before,
        buffer_after_minutes=service.buffer_after_minutes if after is None else after,
        location=location_of(entry.location),
    )
    return Booking(claim=claim)


def _busy_time(entry: BusyEntry, resolver: TimeResolver, place: Place, problems: Problems) -> BusyTime:
    start, end = resolver.minute_of(entry.start), resolver.minute_of(entry.end, is_end=True)
    if end <= start:
        problems.add((*place, "end"), f"this is not after the start; write a time after {resolver.reading(start)}")
    source = entry.source or ""
    if source.startswith(CALENDAR_SOURCE_PREFIX):
        problems.add((*place, "source"), "what begins with calcom is for Cal.com alone; write another word")
    return BusyTime(technician_id=entry.technician_id, start=start, end=end, source=source)


def _instant(moment: TimeExpression, resolver: TimeResolver, place: Place, problems: Problems) -> Minute:
    if moment.clock is None:
        day = resolver.date_of(moment.day)
        problems.add(place, f"a booking needs a time of day; write one after the date, such as {day}T09:00")
    return resolver.minute_of(moment)


def _check_length(start: Minute, end: Minute, resolver: TimeResolver, place: Place, problems: Problems) -> None:
    if end <= start:
        problems.add(place, f"this is not after the start; write a time after {resolver.reading(start)}")
    elif end - start > LONGEST_BOOKING_DAYS * MINUTES_PER_DAY:
        days = (end - start) // MINUTES_PER_DAY
        problems.add(place, f"this is {days} days after the start; a booking lasts {LONGEST_BOOKING_DAYS} at most")


def _report_overlaps(placed: Iterable[tuple[Place, Booking]], resolver: TimeResolver, problems: Problems) -> None:
    of_technician: dict[str, list[tuple[Place, Claim]]] = defaultdict(list)
    for place, booking in placed:
        of_technician[booking.claim.technician_id].append((place, booking.claim))
    for claims in of_technician.values():
        claims.sort(key=lambda one: one[1].interval)
        latest = claims[0]
        for one in claims[1:]:
            if one[1].start < latest[1].end:
                _report_overlap(latest, one, resolver, problems)
            latest = max(latest, one, key=lambda which: which[1].end)


def _report_overlap(
    one: tuple[Place, Claim], other: tuple[Place, Claim], resolver: TimeResolver, problems: Problems
) -> None:
    """At the later line, naming the earlier."""
    (place, claim), (later_place, _) = sorted((one, other), key=lambda which: which[0])
    taken = f"{resolver.reading(claim.start)} to {resolver.reading(claim.end)}"
    sentence = (
        f"overlaps booking {claim.id} on line {problems.line_of(place)}, for which {claim.technician_id} is taken from "
        f"{taken}; move one of them, or give it to another technician"
    )
    problems.add(later_place, sentence)
