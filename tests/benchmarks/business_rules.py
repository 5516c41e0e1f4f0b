"""Measured businesses with every rule of a business in use, and with travel times.

The rules leave most starts possible, so that a search with them lists about as many slots as one without them.
"""

from dataclasses import replace
from datetime import date

from benchmarks.schedules import REPAIR
from slotmcp.domain.booking_rules import BookableSpan, Closure, Price, Priority, Reserve, ServiceArea, ServiceQuestion
from slotmcp.domain.catalog import Location, Technician, TravelMode, TravelPolicy
from slotmcp.domain.claim import Claim
from slotmcp.domain.recurrence import FloatingBreak, RecurringTimeOff, WallSpan, WeeklySpan
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.areas import area_of_job, in_area
from slotmcp.engine.need import Need
from slotmcp.engine.travel import site_at

POSTAL_CODE = "80202"
DEPOT, CUSTOMER = Location(39.7392, -104.9903), Location(39.7555, -105.2211)
"""Home of all technicians and location of all their jobs, and the location of the measured job."""

_HOUR = 60
_EVERY_DAY = frozenset(range(7))
_WEEKEND = frozenset({5, 6})
_FIRST_MONDAY, _FIRST_FRIDAYS = date(2026, 11, 2), (date(2026, 11, 6), date(2026, 11, 13))


def with_rules(schedule: Schedule) -> Schedule:
    """Return a business of `schedule_of` whose service, areas and technicians have every rule."""
    known = enumerate(schedule.technician_schedules.values())
    changed = [replace(one, technician=_with_recurrences(one.technician, number)) for number, one in known]
    service = replace(
        REPAIR,
        bookable=(
            BookableSpan(days=_EVERY_DAY, span=_hours(7, 19)),
            BookableSpan(days=_EVERY_DAY, span=_hours(19, 24), priority=Priority.EMERGENCY),
        ),
        min_notice_minutes=30,
        horizon_days=schedule.project.horizon_days,
        max_bookings_per_day=8 * len(changed),
        reserves=(Reserve(places=1, until_minutes=240),),
        price=Price(text="The visit is $89."),
        terms="Cancel at least 24 hours before.",
        questions=(ServiceQuestion(id="age", ask="How old is the furnace?", is_required=True),),
    )
    *city_technicians, _ = schedule.technician_schedules
    city = ServiceArea(
        id="city", postal_codes=("802*",), technician_ids=tuple(city_technicians), days=_EVERY_DAY, fee="$45"
    )
    hills = ServiceArea(id="hills", postal_codes=("80401..80499",), days=frozenset({1, 3}), extra_minutes=30)
    closure = Closure(first=date(2026, 12, 21), last=date(2027, 1, 2))
    return replace(
        _with_technicians(schedule, changed),
        project=replace(schedule.project, areas=(city, hills), closures=(closure,)),
        services={service.id: service},
    )


def with_travel(schedule: Schedule) -> Schedule:
    """Return a business with estimated travel times between the technicians' homes and all jobs."""
    known = schedule.technician_schedules.values()
    changed = [
        replace(one, technician=replace(one.technician, home=DEPOT), claims=tuple(map(_at_depot, one.claims)))
        for one in known
    ]
    project = replace(schedule.project, travel=TravelPolicy(mode=TravelMode.ESTIMATED))
    return replace(_with_technicians(schedule, changed), project=project)


def need_of(schedule: Schedule) -> Need:
    """Return the requirements of a normal job in the city, with a site if travel times count."""
    project = schedule.project
    need = Need.of_service(schedule.services[REPAIR.id], site=site_at(CUSTOMER, project.travel))
    return in_area(need, area_of_job(project, POSTAL_CODE))


def _with_recurrences(technician: Technician, number: int) -> Technician:
    """Return a technician with the same shifts by a rule, on-call weekends, and every second Friday afternoon off."""
    (shift,) = technician.shifts
    absence = RecurringTimeOff(
        rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", first=_FIRST_FRIDAYS[number % 2], span=_hours(14, 17)
    )
    return replace(
        technician,
        shifts=(replace(shift, days=frozenset(), rrule="FREQ=DAILY", valid_from=_FIRST_MONDAY),),
        floating_breaks=(FloatingBreak(window=WeeklySpan(days=_EVERY_DAY, span=_hours(14, 17)), minutes=15),),
        on_call=(WeeklySpan(days=_WEEKEND, span=_hours(0, 24)),),
        recurring_time_off=(absence,),
    )


def _at_depot(claim: Claim) -> Claim:
    return replace(claim, location=DEPOT)


def _with_technicians(schedule: Schedule, changed: list[TechnicianSchedule]) -> Schedule:
    return replace(schedule, technician_schedules={one.technician.id: one for one in changed})


def _hours(first: int, last: int) -> WallSpan:
    return WallSpan(start_minute=first * _HOUR, end_minute=last * _HOUR)
