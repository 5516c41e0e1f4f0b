"""Areas of jobs: the technicians who serve them, their days, and the time that they add to the buffers."""

from dataclasses import replace
from typing import Final

from slotmcp.domain.booking_rules import OutsideAreas, ServiceArea
from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import Minute
from slotmcp.domain.postal_codes import area_of
from slotmcp.engine.need import Need
from slotmcp.engine.zones import local_date

OUTSIDE: Final = ServiceArea(id="", postal_codes=(), technician_ids=("",))
"""Area of the postal codes that a business refuses: no technician serves it."""


def area_of_job(project: Project, postal_code: str) -> ServiceArea | None:
    """Return the area of a job; None if the project has no areas, or no area's rules apply to the job."""
    if not project.areas or not postal_code:
        return None
    area = area_of(project.areas, postal_code)
    return OUTSIDE if area is None and project.outside_areas is OutsideAreas.REFUSE else area


def is_served_by(area: ServiceArea | None, technician_id: str) -> bool:
    """Return whether a technician serves an area. None: the job is in no area."""
    return area is None or not area.technician_ids or technician_id in area.technician_ids


def is_day_of(area: ServiceArea, zone_key: str, start: Minute) -> bool:
    """Return whether an area is served on the date of a start, in the project's zone."""
    return not area.days or local_date(zone_key, start).weekday() in area.days


def in_area(need: Need, area: ServiceArea | None) -> Need:
    """Return the requirements of a new job in an area, which adds to both buffers."""
    if area is None:
        return need
    return replace(
        need,
        area=area,
        buffer_before_minutes=need.buffer_before_minutes + area.extra_minutes,
        buffer_after_minutes=need.buffer_after_minutes + area.extra_minutes,
    )
