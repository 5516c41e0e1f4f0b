"""Finding bookings: by their id, or by one thing that their customer is known by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.errors import FieldProblem, InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.services.contacts import email_reference, normal_email, normal_phone, phone_reference
from slotmcp.services.named import service_of, technician_of

MOST_PAST: Final = 10
"""So many that are over or called off are told of, the latest ones."""
_ACTIVE: Final = frozenset({BookingStatus.CONFIRMED, BookingStatus.RESCHEDULED})


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """What bookings are looked for by: exactly one of the four."""

    project_id: str | None = None
    booking_id: str = ""
    phone: str = ""
    email: str = ""
    customer_reference: str = ""
    """The agent's own reference, as given to create_hold."""

    def check(self) -> None:
        """Raise InvalidArgument unless exactly one is given."""
        given = {
            "bookingId": self.booking_id,
            "phone": self.phone,
            "email": self.email,
            "customerHash": self.customer_reference,
        }
        first, *more = [name for name, value in given.items() if value] or [""]
        if not first:
            raise InvalidArgument("phone", "give the phone, the email, the customerHash or the bookingId.")
        if more:
            problem = "give only one of phone, email, customerHash and bookingId."
            raise InvalidArgument(first, problem, *(FieldProblem(name, problem) for name in more))

    def reference(self, project: Project) -> str:
        """What the customer is known by.

        Raises:
            InvalidArgument: the phone number is none.
        """
        if self.phone:
            return phone_reference(normal_phone(self.phone, project, "phone"))
        return email_reference(normal_email(self.email)) if self.email else self.customer_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBooking:
    """A booking, with what its ids stand for."""

    booking: Booking
    service: ServiceType
    technician: Technician
    is_upcoming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAnswer:
    """The bookings to come, by start; then the others, the latest first."""

    project: Project
    found: tuple[FoundBooking, ...]
    now_ms: int


def found(schedule: Schedule, bookings: Sequence[Booking], now_ms: int) -> FindAnswer:
    """The answer that tells of bookings."""
    to_come = sorted((one for one in bookings if is_upcoming(one, now_ms)), key=_start)
    over = sorted((one for one in bookings if not is_upcoming(one, now_ms)), key=_start, reverse=True)
    return FindAnswer(
        project=schedule.project,
        found=tuple(tell_of(schedule, one, now_ms) for one in (*to_come, *over[:MOST_PAST])),
        now_ms=now_ms,
    )


def tell_of(schedule: Schedule, booking: Booking, now_ms: int) -> FoundBooking:
    """A booking with what its ids stand for."""
    return FoundBooking(
        booking=booking,
        service=service_of(schedule, booking.claim),
        technician=technician_of(schedule, booking.claim.technician_id),
        is_upcoming=is_upcoming(booking, now_ms),
    )


def _start(booking: Booking) -> tuple[Minute, str]:
    return booking.claim.start, booking.id


def is_upcoming(booking: Booking, now_ms: int) -> bool:
    """Whether somebody will still come, or is there now."""
    return booking.status in _ACTIVE and booking.claim.end * MS_PER_MINUTE > now_ms
