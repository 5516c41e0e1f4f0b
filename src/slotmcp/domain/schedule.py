"""Schedule of a project at one revision: everything that determines free time."""

from collections.abc import Mapping
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianSchedule:
    """One technician, with all claims and busy times.

    `claims` are in state held or booked and end after yesterday; a hold may have expired since it was read. The
    project schedule of the next revision contains the same object if the technician's schedule did not change.
    """

    technician: Technician
    claims: tuple[Claim, ...] = ()
    busy: tuple[BusyTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A project's catalog and technician schedules. Every write to them increments the revision."""

    project: Project
    services: Mapping[str, ServiceType]
    """By id, in the project file's order."""
    technician_schedules: Mapping[str, TechnicianSchedule]
    """By technician id, in the project file's order."""
    revision: int
