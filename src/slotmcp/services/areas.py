"""Checks of the place of a job: its postal code, and the distance of its location."""

from typing import Final

from slotmcp.domain.catalog import Location, Project
from slotmcp.domain.errors import InvalidArgument, ProblemKind
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.areas import OUTSIDE, area_of_job
from slotmcp.engine.travel import great_circle_km

MAX_DISTANCE_KM: Final = 500
"""Distance from every technician's home from which a location is taken for a mistake."""


def check_place(schedule: Schedule, location: Location | None, postal_code: str) -> None:
    """Reject a new job at a place that the business does not serve.

    Raises:
        InvalidArgument: the location is too far away, or the postal code is missing or in no area.
    """
    check_location(schedule, location)
    check_postal_code(schedule.project, postal_code)


def check_postal_code(project: Project, postal_code: str) -> None:
    """Reject a postal code that is missing or in no area, if the project has areas.

    Raises:
        InvalidArgument.
    """
    if not project.areas:
        return
    if not postal_code:
        raise InvalidArgument(
            "postalCode",
            "is required: the area of the job decides who can come and on which days.",
            kind=ProblemKind.POSTAL_CODE,
        )
    if area_of_job(project, postal_code) is OUTSIDE:
        raise InvalidArgument(
            "postalCode",
            "this business serves no area with that postal code; nothing can be booked there.",
            kind=ProblemKind.OUTSIDE_AREA,
        )


def check_location(schedule: Schedule, location: Location | None) -> None:
    """Reject a location far from every technician's home. Without any home, every location is accepted.

    Raises:
        InvalidArgument.
    """
    if location is not None and is_far_from_homes(schedule, location):
        raise InvalidArgument(
            "latitude",
            f"latitude and longitude are more than {MAX_DISTANCE_KM} km from every technician's home; check both, "
            "or leave both out.",
            kind=ProblemKind.OUTSIDE_AREA,
        )


def is_far_from_homes(schedule: Schedule, location: Location) -> bool:
    """Return whether a location is implausibly far from every technician's home. Without any home, none is."""
    technicians = (each.technician for each in schedule.technician_schedules.values())
    homes = [technician.home for technician in technicians if technician.home is not None]
    return bool(homes) and all(great_circle_km(home, location) > MAX_DISTANCE_KM for home in homes)
