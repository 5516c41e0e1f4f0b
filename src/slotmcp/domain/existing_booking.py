"""Existing booking that a request may mean, and the error that asks the caller about it."""

from dataclasses import dataclass

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.errors import ErrorCode, FixRequest

_ALREADY_BOOKED = (
    "The customer already has this booking of the service at an overlapping time, with other details. Ask the caller: "
    "to correct it, use update_booking, or reschedule_booking for its time; for a further visit, repeat the request "
    "with additional: true."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingBooking:
    """Booking that a request may mean, as it is reported to the caller."""

    project: Project
    service: ServiceType
    technician: Technician
    booking: Booking
    now_ms: int
    has_details: bool = False
    """True if the client may see more than the service and the time."""


class AlreadyBooked(FixRequest):
    """The customer has a similar booking. Only the caller knows if the request corrects it or means another visit."""

    code = ErrorCode.ALREADY_BOOKED

    def __init__(self, existing: ExistingBooking) -> None:
        super().__init__(_ALREADY_BOOKED)
        self.existing = existing
