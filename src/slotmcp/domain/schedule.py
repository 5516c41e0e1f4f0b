"""Schedule of a project at one revision: everything that determines free time."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim

PROJECT_BYTES: Final = 8_000
"""Estimated memory of a project without technicians and services."""
_CATALOG_BYTES: Final = 4_000
"""Estimated memory of a technician or a service."""
_CLAIM_BYTES: Final = 600
"""Estimated memory of a claim or a busy time, with its place in an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianSchedule:
    """One technician, with all claims and busy times.

    `claims` are in state held or booked and end after yesterday; a hold may have expired since it was read. The
    project schedule of the next revision contains the same object if the technician's schedule did not change.
    """

    technician: Technician
    claims: tuple[Claim, ...] = ()
    busy: tuple[BusyTime, ...] = ()


@dataclass(frozen=True, kw_only=True)  # without slots, for the cached property
class Schedule:
    """A project's catalog and technician schedules. Every write to them increments the revision."""

    project: Project
    services: Mapping[str, ServiceType]
    """By id, in the project file's order."""
    technician_schedules: Mapping[str, TechnicianSchedule]
    """By technician id, in the project file's order."""
    revision: int

    @cached_property
    def estimated_bytes(self) -> int:
        """Estimated memory of the schedule with its index, from its numbers of technicians and claims."""
        claims = sum([len(each.claims) + len(each.busy) for each in self.technician_schedules.values()])
        in_catalog = len(self.technician_schedules) + len(self.services)
        return PROJECT_BYTES + in_catalog * _CATALOG_BYTES + claims * _CLAIM_BYTES
