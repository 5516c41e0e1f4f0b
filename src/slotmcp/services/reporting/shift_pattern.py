"""Shifts of a technician by hour of the week, with every recurrence."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from slotmcp.domain.catalog import Technician
from slotmcp.domain.interval import Interval
from slotmcp.domain.trace import Question
from slotmcp.engine.opening_hours import DateRange, shift_intervals
from slotmcp.engine.zones import local_date, wall_minute_to_utc
from slotmcp.services.reporting.demand import MAX_MINUTES, HourOfWeek

_ONE_DAY = timedelta(days=1)


def dates_of_questions(questions: Iterable[Question], zone_key: str) -> DateRange:
    """Return the local dates on which the requested starts are, as far as `wanted_hours` counts them."""
    bounds = [
        (question.start_from, min(question.start_to, question.start_from + MAX_MINUTES)) for question in questions
    ]
    first, last = min(start for start, _ in bounds), max(end for _, end in bounds) - 1
    return DateRange(local_date(zone_key, first), local_date(zone_key, last))


class ShiftPattern:
    """Shifts of a technician on some dates, without overrides and closures."""

    def __init__(self, technician: Technician, dates: DateRange) -> None:
        self.technician = technician
        self._dates = dates
        around = DateRange(dates.first - _ONE_DAY, dates.last + _ONE_DAY)
        self._shifts = shift_intervals(replace(technician, overrides=()), around)

    def always_contains(self, hour: HourOfWeek) -> bool:
        """Return whether the technician has a shift in an hour of the week on each of the dates."""
        return all(
            any(opens <= start and end <= closes for opens, closes in self._shifts) for start, end in self._on(hour)
        )

    def adjoins(self, hour: HourOfWeek) -> bool:
        """Return whether, on one of the dates, a shift ends at the start of an hour, or starts at its end."""
        return any(closes == start or opens == end for start, end in self._on(hour) for opens, closes in self._shifts)

    def _on(self, hour: HourOfWeek) -> Iterator[Interval]:
        """Yield the hour on each of the dates that has its weekday. A clock change can remove it."""
        weekday, number = hour
        first = self._dates.first + timedelta(days=(weekday - self._dates.first.weekday()) % 7)
        for week in range((self._dates.last - first).days // 7 + 1):
            day = first + timedelta(weeks=week)
            start, end = (
                wall_minute_to_utc(self.technician.timezone, day, minute) for minute in (number * 60, number * 60 + 60)
            )
            if start < end:
                yield start, end
