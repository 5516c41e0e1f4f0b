"""Explanations of starts: the reasons against a start, and the changes that would make it bookable."""

from collections.abc import Mapping
from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.domain.reasons import Explanation
from slotmcp.engine.explain import explain
from slotmcp.services.appointments import StartRequest, check_length
from slotmcp.services.areas import check_location
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.moving import resolve_request
from slotmcp.services.travel import TravelLookup
from slotmcp.services.verification import VerificationService


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainAnswer:
    """Response with the explanation of one start."""

    project: Project
    service: ServiceType
    start: Minute
    end: Minute
    explanation: Explanation
    technicians: Mapping[str, Technician]
    """All technicians of the project, by id."""
    requested_technician: Technician | None
    now_ms: int


class ExplanationService:
    """Use case explain_slot."""

    def __init__(
        self, *, availability_cache: AvailabilityCache, travel_lookup: TravelLookup, verification: VerificationService
    ) -> None:
        self._availability_cache = availability_cache
        self._travel_lookup = travel_lookup
        self._verification = verification

    async def explain_slot(self, request: StartRequest, *, instead_of: Claim | None = None) -> ExplainAnswer:
        """Explain a start, with the predicates that decide whether it is bookable.

        `instead_of` is the claim of a booking that would move to the start; its time counts as free.

        Raises:
            InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed, Unavailable.
        """
        project_id = await self._availability_cache.project_id(request.project_id)
        await self._verification.check_move(project_id, request)
        request = await self._travel_lookup.located(project_id, request)
        travel_times = await self._travel_lookup.for_start(project_id, request)
        availability = await self._availability_cache.availability(project_id)
        pseudonym = await self._availability_cache.pseudonyms(project_id)
        if instead_of is not None:
            availability = availability.without(instead_of)
        availability, appointment = resolve_request(availability, request, travel_times, pseudonym)
        if instead_of is None:
            check_length(appointment.service, appointment.need, appointment.length_field)
            check_location(availability.schedule, request.location)
        schedule = availability.schedule
        technicians = {key: value.technician for key, value in schedule.technician_schedules.items()}
        return ExplainAnswer(
            project=schedule.project,
            service=appointment.service,
            start=appointment.start,
            end=appointment.start + appointment.need.duration_minutes,
            explanation=explain(availability, appointment.need, appointment.start),
            technicians=technicians,
            requested_technician=technicians.get(request.technician_id or ""),
            now_ms=availability.now_ms,
        )
