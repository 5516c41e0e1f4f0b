"""Utilization of working time, free starts, and shares of bookings, computed by the engine."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, merge, subtract
from slotmcp.domain.report import HourlyCounts, Period, Share, Utilization
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.frame import bits_of
from slotmcp.engine.need import Need
from slotmcp.engine.timeline import Timeline
from slotmcp.engine.travel import site_at
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.reporting.demand import HourOfWeek, hourly_counts


def with_claims(schedule: Schedule, claims: Sequence[Claim]) -> Schedule:
    """Return the schedule with other claims in place of its own."""
    by_technician: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_technician[claim.technician_id].append(claim)
    technician_schedules = {
        technician_id: replace(technician_schedule, claims=tuple(by_technician[technician_id]))
        for technician_id, technician_schedule in schedule.technician_schedules.items()
    }
    return replace(schedule, technician_schedules=technician_schedules)


def period_availability(schedule: Schedule, claims: Sequence[Claim], period: Period) -> Availability:
    """Return the availability at the first minute of a period, with the period as every booking horizon."""
    days = (period.end_day - period.first_day).days
    project = replace(schedule.project, min_notice_minutes=0, horizon_days=days - 1)
    services = {id_: replace(service, horizon_days=None) for id_, service in schedule.services.items()}
    of_period = replace(with_claims(schedule, claims), project=project, services=services)
    return Availability.of(of_period, period.start * MS_PER_MINUTE)


def measure_utilization(availability: Availability, period: Period) -> tuple[Utilization, ...]:
    """Return the use of each technician's working time."""
    return tuple(_utilization(availability, line, period) for line in availability.index.timelines.values())


def count_supply(availability: Availability, period: Period) -> HourlyCounts:
    """Count the free starts of a period in each hour of the week, for a job of one slot interval."""
    project, frame = availability.schedule.project, availability.frame
    need = Need(duration_minutes=project.slot_interval_minutes)
    timelines = availability.index.timelines.values()
    within = frame.bits_between(period.start, period.end - 1)
    free = Counter(number for timeline in timelines for number in bits_of(timeline.starts(need, within)))
    counts = Counter[HourOfWeek]()
    for number, count in free.items():
        local = utc_to_wall(project.timezone, frame.positions[number])
        counts[local.weekday(), local.hour] += count
    return hourly_counts(counts)


def measure_fairness(utilization: Sequence[Utilization], claims: Sequence[Claim]) -> tuple[Share, ...]:
    """Return each technician's share of the bookings and of the working time."""
    counts = Counter(claim.technician_id for claim in claims)
    bookings = sum(counts[row.technician_id] for row in utilization)
    minutes = sum(row.open_minutes for row in utilization)
    return tuple(
        Share(
            technician_id=row.technician_id,
            bookings=counts[row.technician_id],
            share_of_bookings=counts[row.technician_id] / bookings if bookings else 0.0,
            share_of_open_time=row.open_minutes / minutes if minutes else 0.0,
        )
        for row in utilization
    )


def _utilization(availability: Availability, timeline: Timeline, period: Period) -> Utilization:
    breaks = merge(planned.place for planned in timeline.planned_breaks() if planned.place is not None)
    hours = _intersect(subtract(timeline.hours, breaks), [(period.start, period.end)])
    booked = (
        (claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes) for claim in timeline.claims
    )
    not_booked = subtract(hours, merge(booked))
    free = subtract(not_booked, merge((busy.start, busy.end) for busy in timeline.technician_schedule.busy))
    travel_minutes = _travel_minutes(availability, timeline, free)
    return Utilization(
        technician_id=timeline.technician_schedule.technician.id,
        open_minutes=_minutes(hours),
        booked_minutes=_minutes(hours) - _minutes(not_booked),
        travel_minutes=travel_minutes,
        busy_minutes=_minutes(not_booked) - _minutes(free),
        free_minutes=_minutes(free) - travel_minutes,
    )


def _travel_minutes(availability: Availability, timeline: Timeline, free: Sequence[Interval]) -> int:
    """Return the minutes of travel to jobs within otherwise free time."""
    total = 0
    for leg in timeline.route.legs:
        site = site_at(leg.target, availability.schedule.project.travel)
        if site is not None and leg.origin is not None:
            total += min(site.minutes_from(leg.origin), _minutes(_intersect(free, [(leg.ready, leg.due)])))
    return total


def _intersect(spans: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    return subtract(spans, subtract(spans, merge(others)))


def _minutes(spans: Sequence[Interval]) -> int:
    return sum(end - start for start, end in spans)
