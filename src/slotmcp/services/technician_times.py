"""On-call time and absences of a technician on some dates, with all recurrences."""

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Technician, TimeOff
from slotmcp.domain.interval import Interval, subtract
from slotmcp.engine.opening_hours import DateRange, opening_hours, shift_intervals, time_off_between


def on_call_time(technician: Technician, dates: DateRange) -> list[Interval]:
    """Return the time for emergencies only, without breaks and time off, by start."""
    if not technician.on_call:
        return []
    return subtract(opening_hours(technician, dates, Priority.EMERGENCY), shift_intervals(technician, dates))


def recurring_time_off(technician: Technician, dates: DateRange) -> list[TimeOff]:
    """Return the absences that recur and start on these dates, by start."""
    absences = set(time_off_between(technician, dates)) - set(technician.time_off)
    return sorted(absences, key=lambda absence: absence.start)
