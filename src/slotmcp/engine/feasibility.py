"""Starts that cancellations can make available, and the reason if there is none."""

from dataclasses import replace
from typing import Final

from slotmcp.domain.catalog import Project, SlotAlignment
from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import Reason
from slotmcp.domain.schedule import TechnicianSchedule
from slotmcp.engine.availability import Availability
from slotmcp.engine.explain import reasons_between
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts

MAX_DAYS_AHEAD: Final = 366
"""Number of dates after today for which hours are known in advance."""


def reason_never_free(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> Reason | None:
    """Return why no cancellation can make a start of a range available; None if one can.

    Bookings, holds, busy times and travel times do not count, because they can change. Neither does an `opening` grid,
    which depends on the bookings. Dates after the horizon count, because they become bookable later.
    """
    anywhere = replace(need, site=None)
    start_from = max(start_from, availability.earliest_start)
    project = _without_opening_grid(availability.schedule.project)
    near = _without_claims(availability, project)
    if list_starts(near, anywhere, start_from, start_to):
        return None
    if start_to <= near.frame.midnights[-1]:
        return _main_reason(near, anywhere, start_from, start_to)
    far = _without_claims(availability, replace(project, horizon_days=MAX_DAYS_AHEAD))
    if list_starts(far, anywhere, start_from, start_to):
        return None
    return _main_reason(far, anywhere, start_from, start_to)


def _main_reason(availability: Availability, need: Need, start_from: Minute, start_to: Minute) -> Reason:
    """Return the reason of a range without starts. A range between two starts of the grid has no other reason."""
    return reasons_between(availability, need, start_from, start_to).main or Reason.OFF_GRID


def _without_opening_grid(project: Project) -> Project:
    is_opening = project.slot_alignment is SlotAlignment.OPENING
    return replace(project, slot_interval_minutes=1) if is_opening else project


def _without_claims(availability: Availability, project: Project) -> Availability:
    schedule = availability.schedule
    empty = {
        technician_id: TechnicianSchedule(technician=technician_schedule.technician)
        for technician_id, technician_schedule in schedule.technician_schedules.items()
    }
    return Availability.of(replace(schedule, project=project, technician_schedules=empty), availability.now_ms)
