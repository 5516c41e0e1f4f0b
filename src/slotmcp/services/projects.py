"""Projects: what a business is, brought in from a file, given back, and told to callers."""

from collections.abc import Mapping
from dataclasses import dataclass

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """All that a project file says, as domain values; dates are absolute."""

    project: Project
    services: tuple[ServiceType, ...]
    technicians: tuple[Technician, ...]
    bookings: tuple[Booking, ...] = ()
    busy: tuple[BusyTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import changed. Ids, or for busy times a description."""

    project_id: str
    created: tuple[str, ...] = ()
    """Each as "service ac-repair"."""
    updated: tuple[str, ...] = ()
    unchanged: int = 0
    removable: tuple[str, ...] = ()
    """In the book but not in the file; kept without prune."""
    removed: tuple[str, ...] = ()
    kept_bookings: tuple[str, ...] = ()
    """Bookings of the file whose id is in the book with other facts; left as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogAnswer:
    """What a caller may ask for."""

    project: Project
    services: tuple[ServiceType, ...]
    hours: Mapping[int, tuple[tuple[int, int], ...]]
    """Per weekday (Monday is 0) when anybody works, in minutes of the project's wall clock, merged."""
    now_ms: int


class ProjectService:
    """Knows what each business is."""

    async def list_services(self, project_id: str | None) -> CatalogAnswer:
        """What a caller may ask for.

        Raises:
            NotFound, InvalidArgument (no project named where there are several), Unavailable.
        """
        raise NotImplementedError

    async def import_project(self, plan: ProjectPlan, *, prune: bool) -> ImportReport:
        """Create or update a project from its file. Bookings and holds are never touched by the rest.

        Raises:
            InvalidArgument: two bookings overlap, with each other or with the book.
            Unavailable.
        """
        raise NotImplementedError

    async def export_project(self, project_id: str) -> ProjectPlan:
        """All that a project file says of the project now.

        Raises:
            NotFound, Unavailable.
        """
        raise NotImplementedError
