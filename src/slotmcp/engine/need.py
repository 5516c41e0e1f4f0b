"""Requirements of a job: length, buffers, skills, site and technician."""

from dataclasses import dataclass
from typing import Self

from slotmcp.domain.booking_rules import Priority, ServiceArea
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.claim import Claim
from slotmcp.engine.travel import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Requirements of one job."""

    duration_minutes: int
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    skills: frozenset[str] = frozenset()
    technician_id: str | None = None
    """Technician that the caller requests."""
    site: Site | None = None
    """Location of the job; None when it is unknown or the project ignores travel times."""
    shortest_minutes: int = 1
    """Shortest length that a request for the service may have."""
    service_id: str = ""
    """Service whose rules apply; empty: none."""
    priority: Priority = Priority.NORMAL
    area: ServiceArea | None = None
    """Area of the job; None when it is unknown or in no area."""

    @classmethod
    def of_service(  # noqa: PLR0913  the properties of a job
        cls,
        service: ServiceType,
        *,
        duration_minutes: int | None = None,
        technician_id: str | None = None,
        site: Site | None = None,
        priority: Priority = Priority.NORMAL,
        area: ServiceArea | None = None,
    ) -> Self:
        """Return the requirements of a new job of a service, in the service's length by default."""
        return cls(
            duration_minutes=duration_minutes or service.duration_minutes,
            buffer_before_minutes=service.buffer_before_minutes,
            buffer_after_minutes=service.buffer_after_minutes,
            skills=service.skills,
            technician_id=technician_id,
            site=site,
            shortest_minutes=service.shortest_minutes,
            service_id=service.id,
            priority=priority,
            area=area,
        )

    @classmethod
    def of_claim(
        cls,
        claim: Claim,
        service: ServiceType,
        site: Site | None = None,
        *,
        technician_id: str | None = None,
        area: ServiceArea | None = None,
    ) -> Self:
        """Return the requirements of an existing claim: its own length and buffers, the service's skills.

        The claim's buffers include what its area adds.
        """
        return cls(
            duration_minutes=claim.end - claim.start,
            buffer_before_minutes=claim.buffer_before_minutes,
            buffer_after_minutes=claim.buffer_after_minutes,
            skills=service.skills,
            technician_id=technician_id,
            site=site,
            service_id=service.id,
            priority=claim.priority,
            area=area,
        )
