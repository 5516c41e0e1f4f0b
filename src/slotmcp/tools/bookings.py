"""Tools that book a start, and find, reschedule and cancel bookings."""

from dataclasses import replace
from typing import Annotated, Final, Literal, NotRequired, assert_never, cast

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.booking import AssignmentReason, BookingStatus, Customer, Visit
from slotmcp.domain.booking_rules import ServiceArea
from slotmcp.domain.catalog import Project, RankingKey
from slotmcp.engine.areas import area_of_job
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.callers import current_origin
from slotmcp.services.lookups import BookAnswer, FindAnswer, FindRequest, FoundBooking
from slotmcp.services.rescheduling import RescheduleAnswer, RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.tools import arguments
from slotmcp.tools.answers import Answers, show_answers
from slotmcp.tools.moments import write_utc
from slotmcp.tools.service_views import note_for
from slotmcp.tools.speech import areas, service_terms
from slotmcp.tools.speech import bookings as sentences
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import DESTRUCTIVE, IDEMPOTENT, READ_ONLY, tool
from slotmcp.tools.views import (
    MAX_LISTED,
    BriefBookingView,
    ClockedResponse,
    LeftOut,
    VisibleBookingView,
    add_left_out,
    show_booking,
    show_clock,
    show_visible_booking,
)

_NO_REASON: Final = AssignmentReason(policy=(), values={}, considered=0)
_TOO_VAGUE: Final = "This customerHash is too easy to guess to find bookings. Ask for the phone number or email."
_DID_NOT_TAKE_PLACE: Final = frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW})


class BookSlot(arguments.ProjectArguments):
    """Arguments of book_slot."""

    customer_name: arguments.CustomerName
    customer_phone: arguments.CustomerPhone = ""
    customer_email: arguments.CustomerEmail = ""
    customer_hash: arguments.Secret = Field("", description="As given to create_hold")
    hold_token: arguments.Secret = Field("", description="From create_hold; else serviceType and start")
    service_type: arguments.Id | None = Field(None, description="Without a holdToken: as asked of get_slots")
    start: arguments.Time | None = Field(None, description="Without a holdToken: as get_slots gave it")
    end: arguments.Time | None = Field(None, description="The slot's end, or durationMinutes")
    duration_minutes: arguments.Duration = None
    technician_id: arguments.RequestedTechnician = None
    idempotency_key: arguments.IdempotencyKey = ""
    address: Annotated[str, arguments.Text(500, multiline=True)] = Field("", description="Where to come")
    latitude: arguments.Latitude = None
    longitude: arguments.Longitude = None
    postal_code: arguments.PostalCode = ""
    priority: arguments.RequestedPriority = None
    notes: Annotated[str, arguments.Text(2000, multiline=True)] = Field("", description="For the technician")
    answers: Answers = ()
    additional: bool = Field(default=False, description="A further visit at that time")
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""
    any_of = (arguments.A_CONTACT, arguments.AnyOf(("start", "holdToken"), "is required without a holdToken"))


class FindBookings(arguments.ProjectArguments):
    """Arguments of find_bookings."""

    phone: arguments.Phone = Field("", description="One of the four; any notation")
    email: arguments.Email = Field("", description="One of the four")
    customer_hash: arguments.Secret = Field("", description="One of the four: as given to create_hold")
    booking_id: arguments.Id = Field("", description="One of the four")
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""
    any_of = (arguments.AnyOf(("phone", "email", "customerHash", "bookingId"), "is required: one of the four"),)


class RescheduleBooking(arguments.ProjectArguments):
    """Arguments of reschedule_booking."""

    booking_id: arguments.BookingId
    phone: arguments.ProofPhone = ""
    email: arguments.ProofEmail = ""
    start: arguments.Time | None = Field(None, description="The new start, as get_slots gave it")
    hold_token: arguments.Secret = Field("", description="Instead of start, if create_hold kept it")
    postal_code: arguments.PostalCode = ""
    priority: arguments.RequestedPriority = None
    idempotency_key: arguments.IdempotencyKey = ""
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""
    any_of = (arguments.AnyOf(("start", "holdToken"), "is required without a holdToken"),)


class CancelBooking(arguments.ProjectArguments):
    """Arguments of cancel_booking."""

    booking_id: arguments.BookingId
    phone: arguments.ProofPhone = ""
    email: arguments.ProofEmail = ""
    reason: Annotated[str, arguments.Text(500, multiline=True)] = Field("", description="If the caller gave one")
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""


class AssignmentView(TypedDict):
    """Reason for the assigned technician, as data."""

    policy: list[str]
    considered: int
    wished: bool
    kept: bool
    bookingsThatDay: NotRequired[int]
    priority: NotRequired[int]
    score: NotRequired[int]


class BookingView(BriefBookingView):
    """Booking with the reason for its technician."""

    assignmentReason: str
    assignment: AssignmentView


class FoundView(VisibleBookingView):
    """Booking in the response of find_bookings."""

    upcoming: bool
    fee: NotRequired[str]
    answers: NotRequired[list[str]]


class PreviousView(TypedDict):
    """Time and technician of a booking before it was rescheduled."""

    start: str
    end: str
    technicianId: str


class BookResponse(ClockedResponse):
    """Response of book_slot."""

    booking: BookingView
    fee: NotRequired[str]
    replayed: bool
    stored: NotRequired[list[str]]


class FindResponse(ClockedResponse, LeftOut):
    """Response of find_bookings: upcoming bookings by start, then the others, latest first."""

    bookings: list[FoundView]


class NoticeView(TypedDict):
    """Terms that apply because a booking was changed shortly before its start."""

    withinNotice: NotRequired[bool]
    terms: NotRequired[str]


class RescheduleResponse(ClockedResponse, NoticeView):
    """Response of reschedule_booking."""

    booking: BookingView
    previous: PreviousView
    fee: NotRequired[str]
    replayed: bool


class CancelResponse(ClockedResponse, NoticeView):
    """Response of cancel_booking."""

    booking: BriefBookingView


@tool("Book an appointment", IDEMPOTENT)
async def book_slot(app: App, args: BookSlot) -> BookResponse:
    """Make a booking: schedule an appointment for a technician's visit or repair.

    Use it to confirm a time that the caller has agreed to, with their name and phone number or email, and the
    holdToken of create_hold if there is one. Returns the booking; without one, nothing is booked. A retry never
    books twice. To change its time, use reschedule_booking.
    """
    request = BookRequest(
        customer=Customer(name=args.customer_name, phone=args.customer_phone, email=args.customer_email),
        customer_reference=args.customer_hash,
        project_id=args.project_id,
        hold_token=args.hold_token,
        service_id=args.service_type,
        start=args.start,
        end=args.end,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=arguments.read_location(args.latitude, args.longitude),
        postal_code=args.postal_code,
        priority=args.priority,
        timezone=args.timezone,
        visit=Visit(address=args.address, notes=args.notes),
        answers=args.answers,
        idempotency_key=args.idempotency_key,
        origin=current_origin(),
        is_additional=args.additional,
    )
    answer = await app.bookings.book_slot(request)
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    response: BookResponse = {
        "result": _describe_booked(answer, view, with_fee=not (args.hold_token or answer.booked_token)),
        "note": view.note,
        "booking": _show_assigned_booking(answer, view),
        "replayed": answer.replayed,
        "clock": show_clock(view),
    }
    if fee := areas.fee_of(_area_of(answer)):
        response["fee"] = fee
    return {**response, "stored": list(answer.stored)} if answer.stored else response


@tool("Find bookings", READ_ONLY, search_hint="look up an existing appointment or visit")
async def find_bookings(app: App, args: FindBookings) -> FindResponse:
    """Find a caller's bookings: look up existing appointments by phone, email, customerHash or bookingId.

    Use it when the caller asks when their appointment is, and before reschedule_booking, update_booking or
    cancel_booking. Returns upcoming visits first, then past ones, each with its bookingId. Read only. For free
    times, use get_slots.
    """
    request = FindRequest(
        project_id=args.project_id,
        booking_id=args.booking_id,
        phone=args.phone,
        email=args.email,
        customer_reference=args.customer_hash,
        origin=current_origin(),
    )
    answer = await app.bookings.find_bookings(request)
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    response: FindResponse = {
        "result": _describe_found(answer, view),
        "note": " ".join(filter(None, (view.note, _TOO_VAGUE if request.is_too_vague else ""))),
        "bookings": [
            _show_found(found, answer.project, view, shows_answers=request.origin.is_operator)
            for found in answer.found[:MAX_LISTED]
        ],
        "clock": show_clock(view),
    }
    add_left_out(response, answer.found)
    return response


@tool("Reschedule an appointment", IDEMPOTENT, search_hint="move or postpone an appointment")
async def reschedule_booking(app: App, args: RescheduleBooking) -> RescheduleResponse:
    """Change the time of an appointment: move a booking to another day or hour, or postpone a visit.

    Use it, with a start from get_slots, instead of canceling and booking again. It keeps the technician where
    possible; if the new time cannot be had, nothing changes. Returns the moved booking. Safe to retry. For other
    details, use update_booking.
    """
    request = RescheduleRequest(
        project_id=args.project_id,
        booking_id=args.booking_id,
        start=args.start,
        hold_token=args.hold_token,
        timezone=args.timezone,
        postal_code=args.postal_code,
        priority=args.priority,
        idempotency_key=args.idempotency_key,
        origin=current_origin(),
        phone=args.phone,
        email=args.email,
    )
    answer = await app.bookings.reschedule_booking(request)
    booked, previous = answer.booked, answer.previous
    is_new_place = bool(args.postal_code) and not args.hold_token
    view = Viewpoint.of(booked.project, booked.now_ms, timezone=args.timezone, locale=args.locale)
    response: RescheduleResponse = {
        "result": _with_terms(_describe_move(answer, view, with_fee=is_new_place), booked, view),
        "note": _note(booked, view),
        "booking": _show_assigned_booking(booked, view),
        "previous": {
            "start": write_utc(previous.start),
            "end": write_utc(previous.end),
            "technicianId": previous.technician_id,
        },
        "replayed": booked.replayed,
        "clock": show_clock(view),
    }
    if fee := areas.fee_of(_area_of(booked)):
        response["fee"] = fee
    _add_notice(response, booked)
    return response


@tool("Cancel an appointment", DESTRUCTIVE, search_hint="cancel an appointment or visit")
async def cancel_booking(app: App, args: CancelBooking) -> CancelResponse:
    """Cancel an appointment for good: call off a booked visit or repair.

    Use it after find_bookings, once the caller has confirmed which one. It frees the time and cannot be undone.
    Returns the canceled booking. Safe to repeat. For another time, use reschedule_booking; for a held time,
    release_hold.
    """
    request = CancelRequest(
        project_id=args.project_id,
        booking_id=args.booking_id,
        reason=args.reason,
        origin=current_origin(),
        phone=args.phone,
        email=args.email,
    )
    answer = await app.bookings.cancel_booking(request)
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    response: CancelResponse = {
        "result": _with_terms(sentences.canceled(_appointment(answer), view), answer, view),
        "note": _note(answer, view),
        "booking": show_booking(answer.booking, answer.technician, view),
        "clock": show_clock(view),
    }
    _add_notice(response, answer)
    return response


def _with_terms(sentence: str, answer: BookAnswer, view: Viewpoint) -> str:
    """Return a sentence about a change, with the terms of the service if they apply."""
    terms = service_terms.short_notice(answer.service.terms, view) if answer.within_notice else ""
    return f"{sentence} {terms}".rstrip()


def _note(answer: BookAnswer, view: Viewpoint) -> str:
    return note_for(view, has_words=answer.within_notice and bool(answer.service.terms))


def _add_notice(response: NoticeView, answer: BookAnswer) -> None:
    if answer.within_notice:
        response["withinNotice"] = True
    if answer.within_notice and answer.service.terms:
        response["terms"] = answer.service.terms


def _show_found(found: FoundBooking, project: Project, view: Viewpoint, *, shows_answers: bool) -> FoundView:
    """Return a booking, with the fee of its area while it is to come. Only operators see the answers."""
    visible = show_visible_booking(found.booking, found.technician, view, has_details=found.has_details)
    shown = cast("FoundView", {**visible, "upcoming": found.is_upcoming})
    area = area_of_job(project, found.booking.claim.postal_code)
    if found.is_upcoming and found.has_details and (fee := areas.fee_of(area)):
        shown["fee"] = fee
    if shows_answers and found.booking.answers:
        shown["answers"] = show_answers(found.booking.answers)
    return shown


def _show_assigned_booking(answer: BookAnswer, view: Viewpoint) -> BookingView:
    reason = answer.booking.reason or _NO_REASON
    return {
        **show_booking(answer.booking, answer.technician, view),
        "assignmentReason": sentences.assignment_reason(answer.technician.name, reason, view),
        "assignment": _show_assignment(reason),
    }


def _show_assignment(reason: AssignmentReason) -> AssignmentView:
    assignment: AssignmentView = {
        "policy": [key.value for key in reason.policy],
        "considered": reason.considered,
        "wished": reason.wished,
        "kept": reason.kept,
    }
    for name, value in sorted([(_field_of(key), value) for key, value in reason.values.items()]):
        assignment[name] = value
    return assignment


def _field_of(key: RankingKey) -> Literal["bookingsThatDay", "priority", "score"]:
    match key:
        case RankingKey.LOAD:
            return "bookingsThatDay"
        case RankingKey.PRIORITY:
            return "priority"
        case RankingKey.ETA:
            return "score"
        case _:
            assert_never(key)


def _appointment(answer: BookAnswer | FoundBooking) -> sentences.BookingDetails:
    return sentences.BookingDetails(answer.booking.claim.start, answer.service, answer.technician.name)


def _describe_booked(answer: BookAnswer, view: Viewpoint, *, with_fee: bool) -> str:
    """Confirm a booking, `with_fee` if the caller has not heard the fee of the area with a hold."""
    appointment = _appointment(answer)
    if answer.is_cancelled:
        return sentences.canceled(appointment, view)
    booked = sentences.details_stored(appointment, view) if answer.stored else sentences.booked(appointment, view)
    return f"{booked} {areas.say_fee(_area_of(answer), view)}".rstrip() if with_fee else booked


def _area_of(answer: BookAnswer) -> ServiceArea | None:
    return area_of_job(answer.project, answer.booking.claim.postal_code)


def _found_appointment(found: FoundBooking) -> sentences.BookingDetails:
    appointment = _appointment(found)
    return appointment if found.has_details else replace(appointment, technician="")


def _describe_found(answer: FindAnswer, view: Viewpoint) -> str:
    if not answer.found:
        return sentences.none_found(view)
    upcoming = [found for found in answer.found if found.is_upcoming]
    if len(upcoming) > 1:
        return sentences.several_upcoming(len(upcoming), _found_appointment(upcoming[0]), view)
    if upcoming:
        return sentences.only_upcoming(_found_appointment(upcoming[0]), view)
    past = next((found for found in answer.found if found.booking.status not in _DID_NOT_TAKE_PLACE), None)
    return sentences.last_past(_found_appointment(past), view) if past else sentences.none_upcoming(view)


def _describe_move(answer: RescheduleAnswer, view: Viewpoint, *, with_fee: bool) -> str:
    """Confirm a move, `with_fee` if the caller has not heard the fee of another place with a hold."""
    fee = "" if answer.booked.is_cancelled or not with_fee else areas.say_fee(_area_of(answer.booked), view)
    return f"{_describe_new_time(answer, view)} {fee}".rstrip()


def _describe_new_time(answer: RescheduleAnswer, view: Viewpoint) -> str:
    booked, before = answer.booked, answer.previous.start
    appointment = _appointment(booked)
    if booked.is_cancelled:
        return sentences.canceled(appointment, view)
    if appointment.start == before:
        return sentences.not_moved(appointment, view)
    if answer.previous_technician.id == booked.technician.id:
        return sentences.moved(appointment, view)
    return sentences.moved_to_other_technician(appointment, view, previous_technician=answer.previous_technician.name)
