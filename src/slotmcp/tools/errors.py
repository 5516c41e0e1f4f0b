"""Error responses: a sentence that states the failure, and what the agent can do next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain import errors
from slotmcp.domain.existing_booking import AlreadyBooked, ExistingBooking
from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Offer
from slotmcp.domain.reasons import Reason
from slotmcp.tools.moments import write_utc
from slotmcp.tools.speech import bookings, reasons, refusals, sentences, service_terms
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.views import FieldView, PersonView, VisibleBookingView, show_offer, show_visible_booking, starts_of

Body = dict[str, object]
_ABOUT_TIME: Final = frozenset(
    {errors.ProblemKind.TIME, errors.ProblemKind.PAST, errors.ProblemKind.TOO_FAR, errors.ProblemKind.WHICH_DAY}
)


@dataclass(frozen=True, slots=True)
class CallerContext:
    """Language and zone of the caller of a failed call. Empty text: unknown."""

    locale: str = ""
    """Locale that the caller's agent requested."""
    usual_locale: str = ""
    """Locale of the business."""
    timezone: str = ""
    """Time zone of the caller."""
    today: str = ""
    """Today's date for the agent, such as "Sunday, 2026-11-22"."""


UNKNOWN_CALLER: Final = CallerContext()

_PERMANENT: Final = frozenset(
    {
        Reason.SKILL_MISSING,
        Reason.INACTIVE,
        Reason.HORIZON,
        Reason.TOO_LONG,
        Reason.HOLIDAY,
        Reason.OUTSIDE_SHIFT,
        Reason.TIME_OFF,
        Reason.BREAK,
        Reason.NOTICE,
        Reason.OFF_GRID,
        Reason.OUTSIDE_AREA,
        Reason.CLOSED,
        Reason.ON_CALL_ONLY,
        Reason.AREA_DAY,
        Reason.NOT_BOOKABLE_THEN,
        Reason.EMERGENCY_ONLY,
    }
)
"""Reasons that do not depend on other callers, so they are said where a start is refused."""


def error_body(error: errors.SlotmcpError, context: CallerContext = UNKNOWN_CALLER) -> Body:
    """Return the response to a domain error: `result`, then `error` with the details that the agent acts on."""
    view = _view(error, context)
    details = {"code": error.code, "retryable": error.retryable, **_details(error, view, context.today)}
    return {"result": _sentence(error, view), "error": details}


def internal_body(context: CallerContext = UNKNOWN_CALLER) -> Body:
    """Return the response to an unexpected error. It reveals nothing about the error."""
    view = Viewpoint.without_time(context.locale, context.usual_locale)
    return {"result": sentences.internal_error(view), "error": {"code": errors.ErrorCode.INTERNAL, "retryable": False}}


def _view(error: errors.SlotmcpError, context: CallerContext) -> Viewpoint:
    if isinstance(error, AlreadyBooked):
        existing = error.existing
        return Viewpoint.of(existing.project, existing.now_ms, timezone=context.timezone, locale=context.locale)
    offer = _alternatives(error)
    if offer is None:
        return Viewpoint.without_time(context.locale, context.usual_locale)
    return Viewpoint.of(offer.project, offer.now_ms, timezone=context.timezone or offer.timezone, locale=context.locale)


def _alternatives(error: errors.SlotmcpError) -> Offer | None:
    return error.alternatives if isinstance(error, errors.PickAnother | errors.HoldExpired) else None


def _sentence(error: errors.SlotmcpError, view: Viewpoint) -> str:  # noqa: C901, PLR0911, PLR0912  one sentence an error
    offer = _alternatives(error)
    starts = starts_of(offer.slots) if offer else []
    match error:
        case errors.SlotUnavailable():
            return _start_unavailable(error, starts, view)
        case errors.SlotsAvailable():
            return sentences.no_need_to_wait(starts, view)
        case errors.UnknownHold():
            return sentences.unknown_hold(error.own_starts, view)
        case errors.HoldLimit() if error.retry_after_ms is not None:
            return sentences.held_too_long(view)
        case errors.HoldWithdrawn():
            return bookings.hold_withdrawn(starts, view)
        case errors.HoldExpired():
            return sentences.hold_expired(starts, view)
        case AlreadyBooked(existing=existing):
            return bookings.already_booked(_appointment(existing), view)
        case errors.CredentialHoldLimit():
            return sentences.refused(view)
        case errors.HoldLimit():
            return sentences.too_many_holds(view)
        case errors.VerificationNeeded():
            return bookings.verification_needed(view, has_contact=error.has_contact)
        case errors.TooManyGuesses():
            return bookings.too_many_guesses(view)
        case errors.BookingClosed():
            return bookings.closed(view, is_canceled=error.is_canceled)
        case errors.TryLater():
            return sentences.try_later(view)
        case errors.UnansweredQuestions():
            return service_terms.unanswered(error.asks, view)
        case errors.InvalidArgument() | errors.NotFound():
            return refusals.refuse(error.kind, view)
        case _:
            return sentences.refused(view)


def is_about_time(error: errors.SlotmcpError) -> bool:
    """Return whether the agent needs today's date to correct its request."""
    return isinstance(error, errors.InvalidArgument) and any(wrong.kind in _ABOUT_TIME for wrong in error.fields)


def _details(  # noqa: PLR0911  one form an error
    error: errors.SlotmcpError, view: Viewpoint, today: str
) -> Mapping[str, object]:
    """Return the details of an error. `message` is included if `result` is worded for the caller."""
    match error:
        case errors.InvalidArgument():
            return {"fields": [_show_problem(problem, today) for problem in error.fields]}
        case errors.NotFound():
            return {"fields": [{"field": error.field, "problem": error.message}], "nearest": list(error.nearest)}
        case errors.UnknownHold():
            return {"message": error.message, "heldStarts": [write_utc(start) for start in error.own_starts]}
        case errors.PickAnother() | errors.HoldExpired():
            offer = error.alternatives
            alternatives = [] if offer is None else show_offer(offer, view)
            reason = _reason(error)
            return {"message": error.message, **reason, "alternatives": alternatives, **_other_technicians(offer)}
        case AlreadyBooked():
            return {"message": error.message, "booking": _show_existing(error.existing, view)}
        case errors.TryLater():
            return {"message": error.message, "retryAfterMs": error.retry_after_ms}
        case errors.HoldLimit() if error.retry_after_ms is not None:
            return {"message": error.message, "retryAfterMs": error.retry_after_ms}
        case _:
            return {"message": error.message}


def _show_problem(wrong: errors.FieldProblem, today: str) -> FieldView:
    date = f" Today is {today}." if today and wrong.kind in _ABOUT_TIME else ""
    return {"field": wrong.field, "problem": f"{wrong.problem}{date}"}


def _technician_unavailable(offer: Offer | None, view: Viewpoint) -> str:
    """Return the sentence for a requested technician if there is an alternative, else empty text."""
    unavailable = offer.unavailable_technician if offer else None
    if offer is None or unavailable is None or not (unavailable.others or offer.slots):
        return ""
    names = [other.name for other in unavailable.others]
    return reasons.technician_unavailable(unavailable.technician.name, names, starts_of(offer.slots), view)


def _reason(error: errors.SlotmcpError) -> Mapping[str, str]:
    """Return the code of the reason against a start."""
    return {"reason": error.reason} if isinstance(error, errors.SlotUnavailable) and error.reason else {}


def _start_unavailable(error: errors.SlotUnavailable, starts: Sequence[Minute], view: Viewpoint) -> str:
    """Return the sentence for a start, with the reason unless it is that others took the start."""
    if isinstance(error, errors.NothingToWaitFor):
        return _nothing_to_wait_for(error, starts, view)
    requested = error.alternatives.unavailable_technician if error.alternatives else None
    if error.start is not None and error.reason is Reason.PAST:
        return sentences.refused_start(reasons.passed(error.start, view), starts, view)
    if error.reason is not Reason.HORIZON and (sentence := _technician_unavailable(error.alternatives, view)):
        return sentence
    if error.reason not in _PERMANENT:
        return sentences.unavailable(starts, view)
    if requested is not None and error.reason is not Reason.HORIZON:
        name = requested.technician.name
        return sentences.refused_start(reasons.for_technician(name, error.reason, view), starts, view)
    return sentences.refused_start(reasons.for_team(error.reason, view), starts, view)


def _nothing_to_wait_for(error: errors.NothingToWaitFor, starts: Sequence[Minute], view: Viewpoint) -> str:
    """Return the sentence for a window in which no start can become available."""
    if error.technician_name and error.reason is not None:
        reason = reasons.for_technician(error.technician_name, error.reason, view)
    else:
        reason = reasons.for_team(error.reason, view)
    return sentences.refused_start(reason, starts, view)


def _other_technicians(offer: Offer | None) -> Mapping[str, list[PersonView]]:
    """Return the technicians who could take the start that was requested with a technician."""
    if offer is None or offer.unavailable_technician is None:
        return {}
    others = offer.unavailable_technician.others
    return {"technicians": [{"technicianId": technician.id, "name": technician.name} for technician in others]}


def _appointment(existing: ExistingBooking) -> bookings.BookingDetails:
    return bookings.BookingDetails(existing.booking.claim.start, existing.service, existing.technician.name)


def _show_existing(existing: ExistingBooking, view: Viewpoint) -> VisibleBookingView:
    return show_visible_booking(existing.booking, existing.technician, view, has_details=existing.has_details)
