"""What open time was used for, and what was left of it: by the engine's own openings."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, merge, subtract
from slotmcp.domain.report import HourlyCounts, Period, Share, Utilization
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import bits_of
from slotmcp.engine.timeline import Timeline
from slotmcp.engine.travel import site_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.reporting.demand import hours_of


def with_claims(schedule: Schedule, claims: Sequence[Claim]) -> Schedule:
    """A book as if these were all that anybody claims."""
    theirs: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        theirs[claim.technician_id].append(claim)
    technician_schedules = {
        one: replace(technician_schedule, claims=tuple(theirs[one]))
        for one, technician_schedule in schedule.technician_schedules.items()
    }
    return replace(schedule, technician_schedules=technician_schedules)


def period_availability(schedule: Schedule, claims: Sequence[Claim], period: Period) -> Availability:
    """The book as if it were the first minute of a period, which is all that can be booked."""
    days = (period.end_day - period.first_day).days
    rules = replace(schedule.project, min_notice_minutes=0, horizon_days=days - 1)
    return Availability.of(replace(with_claims(schedule, claims), project=rules), period.start * MS_PER_MINUTE)


def utilization(availability: Availability, period: Period) -> tuple[Utilization, ...]:
    """What each technician's opening hours were used for."""
    return tuple(_used(availability, line, period) for line in availability.index.timelines.values())


def supply(availability: Availability) -> HourlyCounts:
    """How many starts are free in each hour of the week, for the shortest job there is: one step of the grid."""
    project, frame = availability.schedule.project, availability.frame
    need = Need(duration_minutes=project.slot_interval_minutes)
    lines = availability.index.timelines.values()
    free = Counter(number for line in lines for number in bits_of(line.starts(need)))
    counts: Counter[tuple[int, int]] = Counter()
    for number, count in free.items():
        wall = utc_to_wall(project.timezone, frame.positions[number])
        counts[wall.weekday(), wall.hour] += count
    return hours_of(counts)


def fairness(used: Sequence[Utilization], claims: Sequence[Claim]) -> tuple[Share, ...]:
    """Each technician's part of the bookings, against their part of the open time."""
    counts = Counter(claim.technician_id for claim in claims)
    bookings = sum(counts[one.technician_id] for one in used)
    minutes = sum(one.open_minutes for one in used)
    return tuple(
        Share(
            technician_id=one.technician_id,
            bookings=counts[one.technician_id],
            share_of_bookings=counts[one.technician_id] / bookings if bookings else 0.0,
            share_of_open_time=one.open_minutes / minutes if minutes else 0.0,
        )
        for one in used
    )


def _used(availability: Availability, line: Timeline, period: Period) -> Utilization:
    hours = _common(line.hours, [(period.start, period.end)])
    around = [(one.start - one.buffer_before_minutes, one.end + one.buffer_after_minutes) for one in line.claims]
    left = subtract(hours, merge(around))
    free = subtract(left, merge((busy.start, busy.end) for busy in line.technician_schedule.busy))
    travel = _travel(availability, line, free)
    return Utilization(
        technician_id=line.technician_schedule.technician.id,
        open_minutes=_minutes(hours),
        booked_minutes=_minutes(hours) - _minutes(left),
        travel_minutes=travel,
        busy_minutes=_minutes(left) - _minutes(free),
        free_minutes=_minutes(free) - travel,
    )


def _travel(availability: Availability, line: Timeline, free: Sequence[Interval]) -> int:
    """The ways to jobs, as far as they took time that was free."""
    total = 0
    for leg in line.route.legs:
        site = site_at(leg.target, availability.schedule.project.travel)
        if site is not None and leg.origin is not None:
            total += min(site.minutes_from(leg.origin), _minutes(_common(free, [(leg.ready, leg.due)])))
    return total


def _common(spans: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    return subtract(spans, subtract(spans, merge(others)))


def _minutes(spans: Sequence[Interval]) -> int:
    return sum(end - start for start, end in spans)
