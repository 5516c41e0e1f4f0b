"""Rules of a service (rules 15, 16, and 29 to 31).

Written from docs/reference/availability.md alone. It shares no code with slotmcp.engine.
"""

from collections import Counter
from functools import cached_property, lru_cache
from math import inf

from oracle.areas import is_served_on
from oracle.jobs import Jobs
from oracle.wall_clock import DAY, calendar_date, minute_when
from slotmcp.domain.booking_rules import BookableSpan, Priority
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.recurrence import WallSpan
from slotmcp.engine.need import Need

LONGEST_SPAN_DAYS = 3
"""Dates before that of a start on which a span that contains it can begin, with a margin."""


@lru_cache(maxsize=4096)
def minutes_of_span(zone: str, day: int, span: WallSpan) -> range:
    """Return the minutes of a span that begins on a date."""
    return range(minute_when(zone, day * DAY + span.start_minute), minute_when(zone, day * DAY + span.end_minute))


class ServiceRules(Jobs):
    """Rules that apply to all technicians alike."""

    def service_of(self, need: Need) -> ServiceType | None:
        """Return the service of a job; None if it has none, or a removed one."""
        return self.schedule.services.get(need.service_id)

    def is_after_notice(self, need: Need, start: int) -> bool:
        """Rules 15 and 30."""
        service, notice = self.service_of(need), self.project.min_notice_minutes
        if service is not None and service.min_notice_minutes is not None:
            notice = service.min_notice_minutes
        return start * 60_000 >= self.now_ms + notice * 60_000

    def is_within_horizon(self, need: Need, start: int) -> bool:
        """Rules 16 and 30."""
        service, days = self.service_of(need), self.project.horizon_days
        if service is not None and service.horizon_days is not None:
            days = service.horizon_days
        return self.date(start) - self.today <= days

    def is_allowed(self, need: Need, start: int) -> bool:
        """Rules 29, 31 and 38."""
        if not is_served_on(need.area, self.date(start)):
            return False
        return self.is_in_span(need, start, need.priority) and not self.is_service_full(need, start)

    def is_in_span(self, need: Need, start: int, priority: Priority) -> bool:
        """Rule 29."""
        service = self.service_of(need)
        if service is None or not service.bookable:
            return True
        open_to_it = [
            one for one in service.bookable if one.priority is Priority.NORMAL or priority is Priority.EMERGENCY
        ]
        return any(self._contains(span, start) for span in open_to_it)

    def _contains(self, bookable: BookableSpan, start: int) -> bool:
        today = self.date(start)
        return any(
            start in minutes_of_span(self.project.timezone, day, bookable.span)
            for day in range(today - LONGEST_SPAN_DAYS, today + 2)
            if calendar_date(day).weekday() in bookable.days
        )

    def is_service_full(self, need: Need, start: int) -> bool:
        """Rule 31."""
        return self.bookings_left(need, start) <= 0

    def bookings_left(self, need: Need, start: int) -> float:
        """Rule 31."""
        service = self.service_of(need)
        if service is None or service.max_bookings_per_day is None:
            return inf
        return service.max_bookings_per_day - self._bookings_by_day[service.id, self.date(start)]

    @cached_property
    def _bookings_by_day(self) -> Counter[tuple[str, int]]:
        """Numbers of bookings and live holds by service and local date."""
        claims = [claim for one in self.technicians for claim in self.live_claims(one)]
        return Counter((claim.service_id, self.date(claim.start)) for claim in claims)
