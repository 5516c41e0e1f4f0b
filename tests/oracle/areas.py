"""Areas of jobs (rules 36 to 38).

Written from docs/reference/availability.md alone. It shares no code with slotmcp.engine.
"""

from oracle.wall_clock import calendar_date
from slotmcp.domain.booking_rules import OutsideAreas, ServiceArea
from slotmcp.domain.catalog import Project, Technician
from slotmcp.engine.areas import OUTSIDE


def area_of(project: Project, postal_code: str) -> ServiceArea | None:
    """Rule 36."""
    if not project.areas or not postal_code:
        return None
    entries = [(area, entry) for area in project.areas for entry in area.postal_codes]
    matching = [(area, _precedence(entry, postal_code)) for area, entry in entries]
    known = [(area, precedence) for area, precedence in matching if precedence is not None]
    if known:
        return min(known, key=lambda pair: pair[1])[0]
    return OUTSIDE if project.outside_areas is OutsideAreas.REFUSE else None


def _precedence(entry: str, postal_code: str) -> tuple[int, int] | None:
    """Return how early an entry precedes others, the smallest first; None if it does not match."""
    if ".." in entry:
        first, last = entry.split("..")
        return (2, 0) if len(first) == len(postal_code) and first <= postal_code <= last else None
    if entry.endswith("*"):
        return (1, -len(entry)) if postal_code.startswith(entry[:-1]) else None
    return (0, 0) if entry == postal_code else None


def is_served_by(area: ServiceArea | None, technician: Technician) -> bool:
    """Rule 37."""
    return area is None or area.technician_ids == () or technician.id in area.technician_ids


def is_served_on(area: ServiceArea | None, day: int) -> bool:
    """Rule 38. The day counts from 1970-01-01."""
    return area is None or not area.days or calendar_date(day).weekday() in area.days
