"""Errors as answers: a sentence that says plainly that it did not work, and what to do about it."""

from collections.abc import Callable, Mapping
from typing import Final

from slotmcp.domain.errors import (
    FieldProblem,
    HoldExpired,
    HoldLimit,
    InvalidArgument,
    NotFound,
    SlotmcpError,
    SlotUnavailable,
    TryLater,
)
from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Offer
from slotmcp.tools import speech
from slotmcp.tools.viewpoint import Viewpoint
from slotmcp.tools.views import SlotView, show_offer, starts_of

Body = dict[str, object]

INTERNAL: Final = "internal"


def error_body(error: SlotmcpError) -> Body:
    """The answer that an error of the trade gives: `result`, then `error` with what the agent acts on."""
    told: Body = {"code": error.code, "retryable": error.retryable}
    return {"result": _sentence(error), "error": {**told, **_details(error)}}


def internal_body() -> Body:
    """The answer to a failure that nobody foresaw; it tells nothing of it."""
    return {"result": speech.broken(), "error": {"code": INTERNAL, "retryable": False}}


def _sentence(error: SlotmcpError) -> str:
    match error:
        case SlotUnavailable():
            return _with_alternatives(speech.taken, error.alternatives)
        case HoldExpired():
            return _with_alternatives(speech.lapsed, error.alternatives)
        case HoldLimit():
            return speech.too_many_holds()
        case TryLater():
            return speech.away()
        case _:
            return speech.refused(error.message)


def _with_alternatives(say: Callable[[list[Minute], Viewpoint | None], str], offer: Offer | None) -> str:
    return say([], None) if offer is None else say(starts_of(offer.slots), _view(offer))


def _details(error: SlotmcpError) -> Mapping[str, object]:
    """What else the agent needs. `message` is there where `result` is for the caller's ears."""
    match error:
        case InvalidArgument():
            return {"fields": [_show_problem(problem) for problem in error.fields]}
        case NotFound():
            problem = FieldProblem(error.field, error.message)
            return {"fields": [_show_problem(problem)], "nearest": list(error.nearest)}
        case SlotUnavailable() | HoldExpired():
            return {"message": error.message, "alternatives": _show_alternatives(error.alternatives)}
        case TryLater():
            return {"message": error.message, "retryAfterMs": error.retry_after_ms}
        case _:
            return {"message": error.message}


def _show_alternatives(offer: Offer | None) -> list[SlotView]:
    return [] if offer is None else show_offer(offer, _view(offer))


def _view(offer: Offer) -> Viewpoint:
    return Viewpoint.at(offer.timezone, offer.now_ms)


def _show_problem(problem: FieldProblem) -> dict[str, str]:
    return {"field": problem.field, "problem": problem.problem}
