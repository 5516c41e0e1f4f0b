"""Starts that cancellations can make available, and the reason if there is none."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from slotmcp.domain.catalog import SlotAlignment
from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.reasons import Reason
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import reasons_between
from slotmcp.engine.freed import FreedTime
from slotmcp.engine.need import Need

MAX_DAYS_AHEAD: Final = 366
"""Number of dates after today for which hours are known in advance."""


def reason_never_free(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> Reason | None:
    """Return why no cancellation can make a start of a range available; None if one can.

    Bookings, holds, busy times and travel times do not count, because they can change. Neither does an `opening` grid,
    which depends on the bookings. Dates after the horizon count, because they become bookable later.
    """
    anywhere = replace(need, site=None)
    start_from = max(start_from, availability.earliest_start_of(need))
    schedule = _without_opening_grid(availability.schedule)
    if _is_possible(availability, schedule, anywhere, (start_from, start_to)):
        return None
    if start_to > availability.horizon_end_of(need):
        schedule = _with_longest_horizon(schedule)
        if _is_possible(availability, schedule, anywhere, (start_from, start_to)):
            return None
    empty = _without_claims(availability, schedule, schedule.technician_schedules)
    return _main_reason(empty, anywhere, start_from, start_to)


def _is_possible(availability: Availability, schedule: Schedule, need: Need, window: Interval) -> bool:
    """Return whether a technician without claims has a start. Usually the first one has."""
    ids = (timeline.technician_schedule.technician.id for timeline in availability.index.eligible(need))
    empty = (_without_claims(availability, schedule, [technician_id]) for technician_id in ids)
    return any(FreedTime(None, each).first_start(need, window) is not None for each in empty)


def _main_reason(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> Reason:
    """Return the reason of a range without starts. A range between two starts of the grid has no other reason."""
    return reasons_between(availability, need, start_from, start_to).main or Reason.OFF_GRID


def _without_opening_grid(schedule: Schedule) -> Schedule:
    is_opening = schedule.project.slot_alignment is SlotAlignment.OPENING
    return replace(schedule, project=replace(schedule.project, slot_interval_minutes=1)) if is_opening else schedule


def _with_longest_horizon(schedule: Schedule) -> Schedule:
    services = {id_: replace(service, horizon_days=None) for id_, service in schedule.services.items()}
    return replace(schedule, project=replace(schedule.project, horizon_days=MAX_DAYS_AHEAD), services=services)


def _without_claims(availability: Availability, schedule: Schedule, technician_ids: Iterable[str]) -> Availability:
    """Return an availability of some technicians without claims and busy times."""
    empty = {
        technician_id: TechnicianSchedule(technician=schedule.technician_schedules[technician_id].technician)
        for technician_id in technician_ids
    }
    services = {id_: replace(service, reserves=()) for id_, service in schedule.services.items()}
    return Availability.of(replace(schedule, technician_schedules=empty, services=services), availability.now_ms)
