"""Corrections of a booking: its customer, address, location, notes and answers, but not its time."""

from dataclasses import dataclass, field, replace
from typing import Final

from slotmcp.domain.booking import Answer, Booking, Customer
from slotmcp.domain.catalog import Location, Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.ports import Transaction
from slotmcp.services.answers import corrected as corrected_answers
from slotmcp.services.areas import check_location, check_postal_code
from slotmcp.services.callers import Pseudonym
from slotmcp.services.contacts import normalize_email, references_of
from slotmcp.services.lookups import BookAnswer, book_answer, service_of
from slotmcp.services.phone_numbers import normalize_new_phone
from slotmcp.services.revalidation import revalidate_neighbors
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.verification import BookingAccess, ChangeRequest, Verification

CORRECTED: Final = "booking.corrected"
"""Kind of the event that records a correction. Its subject is the booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest(ChangeRequest):
    """Request to correct a booking. Empty values stay as they are."""

    name: str = ""
    new_phone: str = ""
    new_email: str = ""
    address: str = ""
    location: Location | None = None
    postal_code: str = field(default="", repr=False)
    """Normalized postal code of the job."""
    notes: str = ""
    answers: tuple[Answer, ...] = ()
    """Answers that replace those to the same questions; at most one for each question."""

    @property
    def access(self) -> BookingAccess:
        """Access to the booking that the request needs. A new contact proves a repeated correction."""
        return BookingAccess(
            booking_id=self.booking_id,
            origin=self.origin,
            phone=self.phone,
            email=self.email,
            corrected_phone=self.new_phone,
            corrected_email=self.new_email,
        )

    def check(self) -> None:
        """Require at least one new value.

        Raises:
            InvalidArgument.
        """
        texts = (self.name, self.new_phone, self.new_email, self.address, self.notes)
        if not any((*texts, self.postal_code, self.location, self.answers)):
            raise InvalidArgument(
                "customerName",
                "give what to correct: customerName, newPhone, newEmail, address, postalCode, latitude and longitude, "
                "notes, or answers.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateAnswer:
    """Response with a corrected booking."""

    booked: BookAnswer
    needs_attention: bool
    """True if the technician does not serve the new place then, or has too little time to drive there or from there."""


async def update(unit: UnitOfWork, request: UpdateRequest, verification: Verification) -> UpdateAnswer:
    """Correct a booking and record the correction. Equal values change nothing.

    A booking that no longer fits because of its new place is kept, and marked for an operator.

    Raises:
        InvalidArgument, NotFound, VerificationNeeded, TooManyGuesses, BookingClosed.
    """
    transaction, before = unit.transaction, await unit.availability()
    schedule = before.schedule
    booking = await verification.find(transaction, schedule.project)
    corrected = _corrected(booking, request, schedule.project, transaction.pseudonym)
    if request.answers:
        answers = corrected_answers(service_of(schedule, booking.claim), booking.answers, request.answers)
        corrected = replace(corrected, answers=answers)
    if corrected == booking:
        answer = book_answer(transaction, schedule, booking, replayed=True)
        return UpdateAnswer(booked=answer, needs_attention=False)
    verification.require_open(booking, transaction.now_ms)
    check_location(schedule, request.location)
    if request.postal_code:
        check_postal_code(schedule.project, request.postal_code)
    await save_details(transaction, schedule.project, booking, corrected)
    await transaction.add_event(CORRECTED, booking.id)
    marked = (await revalidate_neighbors(unit, before, booking.claim.interval)).marked
    answer = book_answer(transaction, schedule, corrected, replayed=False)
    return UpdateAnswer(booked=answer, needs_attention=booking.id in marked)


async def save_details(transaction: Transaction, project: Project, before: Booking, changed: Booking) -> None:
    """Save a booking with other details. The calendar gets another event if it shows what changed."""
    await transaction.save_booking(changed)
    if project.calcom is not None and changed.customer is not None and _shown(before) != _shown(changed):
        await transaction.calendar.request_push(changed.id, renews=True)


def _shown(booking: Booking) -> tuple[Customer | None, str]:
    """Return the details of a booking that its event has."""
    return booking.customer, booking.visit.address


def _corrected(booking: Booking, request: UpdateRequest, project: Project, pseudonym: Pseudonym) -> Booking:
    customer = _corrected_customer(booking.customer, request, project)
    visit = booking.visit
    return replace(
        booking.with_contact_keys(_corrected_keys(booking, customer, pseudonym)),
        claim=replace(
            booking.claim,
            location=_corrected_location(booking, request),
            postal_code=request.postal_code or booking.claim.postal_code,
        ),
        customer=customer,
        visit=replace(visit, address=request.address or visit.address, notes=request.notes or visit.notes),
    )


def _corrected_customer(customer: Customer | None, request: UpdateRequest, project: Project) -> Customer | None:
    """Return the customer with the new values.

    Raises:
        InvalidArgument: a value is invalid, or the booking has no customer and the request no name.
    """
    phone = normalize_new_phone(request.new_phone, project, "newPhone") if request.new_phone else ""
    email = normalize_email(request.new_email)
    if customer is None and not (request.name or phone or email):
        return None
    if customer is None and not request.name:
        raise InvalidArgument("customerName", "is required: this booking has no customer yet.")
    known = customer or Customer(name="")
    return Customer(name=request.name or known.name, phone=phone or known.phone, email=email or known.email)


def _corrected_location(booking: Booking, request: UpdateRequest) -> Location | None:
    """Return the location. Another address or postal code without coordinates has an unknown location."""
    if request.location is not None:
        return request.location
    known = (booking.visit.address, request.address), (booking.claim.postal_code, request.postal_code)
    is_elsewhere = any(old and new not in {"", old} for old, new in known)
    return None if is_elsewhere else booking.claim.location


def _corrected_keys(booking: Booking, customer: Customer | None, pseudonym: Pseudonym) -> tuple[str, ...]:
    """Return the contact keys with those of the corrected customer, and without those of the replaced contacts."""
    if customer == booking.customer:
        return booking.contact_keys
    earlier, current = (
        [pseudonym(reference) for reference in references_of(each)] if each else []
        for each in (booking.customer, customer)
    )
    kept = [key for key in booking.contact_keys if key not in earlier]
    return tuple(dict.fromkeys((*current, *kept)))
