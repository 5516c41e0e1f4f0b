"""Errors as answers: a sentence that says plainly that it did not work, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.errors import (
    FieldProblem,
    HoldExpired,
    HoldLimit,
    HoldWithdrawn,
    InvalidArgument,
    NotFound,
    PickAnother,
    SlotmcpError,
    SlotsAvailable,
    SlotUnavailable,
    TryLater,
)
from slotmcp.domain.offer import Offer
from slotmcp.tools.speech import bookings, reasons, sentences
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.views import PersonView, SlotView, show_offer, starts_of

Body = dict[str, object]

INTERNAL: Final = "internal"


@dataclass(frozen=True, slots=True)
class CallerContext:
    """What is known of whom to tell it when something went wrong. Empty: nothing."""

    locale: str = ""
    """That the caller's agent asked for."""
    usual_locale: str = ""
    """The business's."""
    timezone: str = ""
    """The caller's."""


UNKNOWN_CALLER: Final = CallerContext()


def error_body(error: SlotmcpError, spoken: CallerContext = UNKNOWN_CALLER) -> Body:
    """The answer that an error of the trade gives: `result`, then `error` with what the agent acts on."""
    view = _view(error, spoken)
    told: Body = {"code": error.code, "retryable": error.retryable}
    return {"result": _sentence(error, view), "error": {**told, **_details(error, view)}}


def internal_body(spoken: CallerContext = UNKNOWN_CALLER) -> Body:
    """The answer to a failure that nobody foresaw; it tells nothing of it."""
    view = Viewpoint.nowhere(spoken.locale, spoken.usual_locale)
    return {"result": sentences.broken(view), "error": {"code": INTERNAL, "retryable": False}}


def _view(error: SlotmcpError, spoken: CallerContext) -> Viewpoint:
    offer = _alternatives(error)
    if offer is None:
        return Viewpoint.nowhere(spoken.locale, spoken.usual_locale)
    return Viewpoint.of(offer.project, offer.now_ms, timezone=spoken.timezone or offer.timezone, locale=spoken.locale)


def _alternatives(error: SlotmcpError) -> Offer | None:
    return error.alternatives if isinstance(error, PickAnother | HoldExpired) else None


def _sentence(error: SlotmcpError, view: Viewpoint) -> str:  # noqa: PLR0911  one sentence an error
    offer = _alternatives(error)
    starts = starts_of(offer.slots) if offer else []
    match error:
        case SlotUnavailable():
            return _not_with(offer, view) or sentences.taken(starts, view)
        case SlotsAvailable():
            return sentences.no_need_to_wait(starts, view)
        case HoldWithdrawn():
            return bookings.withdrawn(starts, view)
        case HoldExpired():
            return sentences.lapsed(starts, view)
        case HoldLimit():
            return sentences.too_many_holds(view)
        case TryLater():
            return sentences.away(view)
        case _:
            return sentences.refused(error.message, view)


def _details(error: SlotmcpError, view: Viewpoint) -> Mapping[str, object]:
    """What else the agent needs. `message` is there where `result` is for the caller's ears."""
    match error:
        case InvalidArgument():
            return {"fields": [_show_problem(problem) for problem in error.fields]}
        case NotFound():
            problem = FieldProblem(error.field, error.message)
            return {"fields": [_show_problem(problem)], "nearest": list(error.nearest)}
        case PickAnother() | HoldExpired():
            shown = {"message": error.message, "alternatives": _show_alternatives(error.alternatives, view)}
            return {**shown, **_show_others(error.alternatives)}
        case TryLater():
            return {"message": error.message, "retryAfterMs": error.retry_after_ms}
        case _:
            return {"message": error.message}


def _show_alternatives(offer: Offer | None, view: Viewpoint) -> list[SlotView]:
    return [] if offer is None else show_offer(offer, view)


def _not_with(offer: Offer | None, view: Viewpoint) -> str:
    """What is said where a technician was wished for, and there is something else to be had."""
    wish = offer.unavailable_technician if offer else None
    if offer is None or wish is None or not (wish.others or offer.slots):
        return ""
    names = [technician.name for technician in wish.others]
    return reasons.not_with(wish.technician.name, names, starts_of(offer.slots), view)


def _show_others(offer: Offer | None) -> Mapping[str, list[PersonView]]:
    """Who else could take a start that was asked for with a technician."""
    if offer is None or offer.unavailable_technician is None:
        return {}
    return {"technicians": [{"technicianId": one.id, "name": one.name} for one in offer.unavailable_technician.others]}


def _show_problem(problem: FieldProblem) -> dict[str, str]:
    return {"field": problem.field, "problem": problem.problem}
