"""Lookups of bookings: by id or by a customer's contact, with the service and the technician of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.caller import is_guessable
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import FieldProblem, InvalidArgument, NotFound, ProblemKind
from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Transaction
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from slotmcp.services.contacts import email_reference, hash_references, normalize_email, phone_reference
from slotmcp.services.phone_numbers import normalize_phone

MAX_PAST_BOOKINGS: Final = 10
"""Maximum number of past or canceled bookings in a response; the latest are kept."""


def service_of(schedule: Schedule, claim: Claim) -> ServiceType:
    """Return the claim's service. A service that was removed from the catalog is named by its id."""
    removed = ServiceType(id=claim.service_id, name=claim.service_id, duration_minutes=claim.end - claim.start)
    return schedule.services.get(claim.service_id, removed)


def technician_of(schedule: Schedule, technician_id: str) -> Technician:
    """Return a technician. One who was removed from the catalog is named by the id."""
    if technician_schedule := schedule.technician_schedules.get(technician_id):
        return technician_schedule.technician
    return Technician(id=technician_id, name=technician_id, timezone=schedule.project.timezone)


async def require_booking(transaction: Transaction, booking_id: str) -> Booking:
    """Return the booking with an id.

    Raises:
        NotFound: there is none. The error lists no similar ids, which could be other customers' bookings.
    """
    booking = await transaction.booking(booking_id)
    if booking is None:
        raise unknown_booking()
    return booking


def unknown_booking() -> NotFound:
    """Return the error for an unknown booking id."""
    return NotFound("bookingId", "There is no booking with that id; find_bookings finds one by phone number or email.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookAnswer:
    """Response with one booking, its service and its technician."""

    project: Project
    service: ServiceType
    technician: Technician
    booking: Booking
    now_ms: int
    replayed: bool
    """True if an earlier call made the change."""
    stored: tuple[str, ...] = ()
    """Arguments whose values a repeated request added to the booking."""
    within_notice: bool = False
    """True if a caller canceled or moved the booking within the project's notice before its start."""
    booked_token: str = field(default="", repr=False)
    """Token of the hold that became the booking."""

    @property
    def is_cancelled(self) -> bool:
        """True if the booking is canceled."""
        return self.booking.status is BookingStatus.CANCELLED


def book_answer(transaction: Transaction, schedule: Schedule, booking: Booking, *, replayed: bool) -> BookAnswer:
    """Return the response with a booking."""
    return BookAnswer(
        project=schedule.project,
        service=service_of(schedule, booking.claim),
        technician=technician_of(schedule, booking.claim.technician_id),
        booking=booking,
        now_ms=transaction.now_ms,
        replayed=replayed,
    )


def is_short_notice(project: Project, start: Minute, now_ms: int) -> bool:
    """Return whether a start is ahead, by less than the notice for cancellations."""
    notice = project.cancel_notice_minutes
    return notice is not None and 0 < start * MS_PER_MINUTE - now_ms < notice * MS_PER_MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRequest:
    """Search criteria for bookings: exactly one of the four."""

    project_id: str | None = None
    booking_id: str = ""
    phone: str = ""
    email: str = ""
    customer_reference: str = ""
    """The agent's own reference to the customer, as in create_hold."""
    origin: RequestOrigin = LOCAL_ORIGIN
    """Client that sent the request."""

    @property
    def is_too_vague(self) -> bool:
        """True if the only criterion is a reference that several customers may share: it finds nothing."""
        return bool(self.customer_reference) and is_guessable(self.customer_reference)

    def check(self) -> None:
        """Require exactly one criterion.

        Raises:
            InvalidArgument: there is none, or more than one.
        """
        criteria = {
            "bookingId": self.booking_id,
            "phone": self.phone,
            "email": self.email,
            "customerHash": self.customer_reference,
        }
        first, *others = [name for name, value in criteria.items() if value] or [""]
        if not first:
            raise InvalidArgument(
                "phone", "give the phone, the email, the customerHash or the bookingId.", kind=ProblemKind.CONTACT
            )
        if others:
            problem = "give only one of phone, email, customerHash and bookingId."
            raise InvalidArgument(first, problem, *(FieldProblem(name, problem) for name in others))

    def references(self, project: Project) -> tuple[str, ...]:
        """Return the customer's reference, in all forms in which bookings may have it.

        Raises:
            InvalidArgument: the phone number is not valid.
        """
        if self.phone:
            return (phone_reference(normalize_phone(self.phone, project, "phone")),)
        if self.email:
            return (email_reference(normalize_email(self.email)),)
        return hash_references(self.customer_reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBooking:
    """A booking with its service and technician."""

    booking: Booking
    service: ServiceType
    technician: Technician
    is_upcoming: bool
    has_details: bool = True
    """False if the client may see only the service and the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAnswer:
    """Response with bookings: the upcoming ones by start, then the others, latest first."""

    project: Project
    found: tuple[FoundBooking, ...]
    now_ms: int


def find_answer(
    schedule: Schedule, bookings: Sequence[Booking], now_ms: int, may_see_details: Callable[[Booking], bool]
) -> FindAnswer:
    """Return the response with bookings, which may be in any order."""
    ordered = sorted(bookings, key=lambda booking: (booking.claim.start, booking.id))
    upcoming = [booking for booking in ordered if is_upcoming(booking, now_ms)]
    others = [booking for booking in reversed(ordered) if not is_upcoming(booking, now_ms)]
    found = [
        replace(found_booking(schedule, booking, now_ms), has_details=may_see_details(booking))
        for booking in (*upcoming, *others[:MAX_PAST_BOOKINGS])
    ]
    return FindAnswer(project=schedule.project, found=tuple(found), now_ms=now_ms)


def found_booking(schedule: Schedule, booking: Booking, now_ms: int) -> FoundBooking:
    """Return a booking with its service and technician."""
    return FoundBooking(
        booking=booking,
        service=service_of(schedule, booking.claim),
        technician=technician_of(schedule, booking.claim.technician_id),
        is_upcoming=is_upcoming(booking, now_ms),
    )


def is_upcoming(booking: Booking, now_ms: int) -> bool:
    """Return whether the appointment is active and has not ended."""
    return booking.is_active and booking.claim.end * MS_PER_MINUTE > now_ms
