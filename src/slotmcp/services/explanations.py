"""Explanations: why a start can be had, or why not, and what would open it."""

from collections.abc import Mapping
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import Explanation
from slotmcp.engine.explain import explain
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.intents import StartRequest, find_appointment
from slotmcp.services.travel import TravelLookup


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainAnswer:
    """What is to be said of one start."""

    project: Project
    service: ServiceType
    start: Minute
    end: Minute
    explanation: Explanation
    technicians: Mapping[str, Technician]
    """All of the project's, by id."""
    wished: Technician | None
    """The technician who was asked for."""
    now_ms: int


class ExplanationService:
    """Says why."""

    def __init__(self, *, availability_cache: AvailabilityCache, travel_lookup: TravelLookup) -> None:
        self._availability_cache = availability_cache
        self._travel_lookup = travel_lookup

    async def explain_slot(self, request: StartRequest, *, instead_of: Claim | None = None) -> ExplainAnswer:
        """Why a start can be had, or what is in each technician's way, by the predicates that decide it.

        `instead_of` is a booking that would be given up for it, and is in nobody's way.

        Raises:
            InvalidArgument, NotFound, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        routed = await self._travel_lookup.for_start(project_id, request)
        availability = await self._availability_cache.availability(project_id)
        if instead_of is not None:
            availability = availability.without(instead_of)
        schedule = availability.schedule
        appointment = find_appointment(schedule, request, routed)
        technicians = {
            technician_id: technician_schedule.technician
            for technician_id, technician_schedule in schedule.technician_schedules.items()
        }
        return ExplainAnswer(
            project=schedule.project,
            service=appointment.service,
            start=appointment.start,
            end=appointment.start + appointment.need.duration_minutes,
            explanation=explain(availability, appointment.need, appointment.start),
            technicians=technicians,
            wished=technicians.get(request.technician_id or ""),
            now_ms=availability.now_ms,
        )
