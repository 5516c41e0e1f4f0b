"""A book: all that decides what is free in one project, at one revision."""

from collections.abc import Mapping
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianSchedule:
    """One technician with everything that takes their time.

    `claims` are those in state held or booked that end after yesterday; a hold among them may have
    expired since it was read. Diaries that did not change are the same object in the next book.
    """

    technician: Technician
    claims: tuple[Claim, ...] = ()
    busy: tuple[BusyTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A project's catalog and diaries. Every write that touches it moves the revision."""

    project: Project
    services: Mapping[str, ServiceType]
    """By id, in the project file's order."""
    technician_schedules: Mapping[str, TechnicianSchedule]
    """By technician id, in the project file's order."""
    revision: int
