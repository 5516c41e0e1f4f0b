"""What several tools tell: domain values as wire objects. Their types are the published schemas."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NotRequired
from zoneinfo import ZoneInfo

from typing_extensions import TypedDict

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Candidate, Offer, Slot
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.speech.times import full_date, label
from slotmcp.tools.speech.viewpoint import Viewpoint, local_time
from slotmcp.tools.speech.voice import Voice

Detail = Literal["brief", "full"]

BRIEF_CANDIDATES: Final = 3


class TimeView(TypedDict):
    """An appointment's time: in UTC, as the clock there shows it, and as a person reads it."""

    start: str
    end: str
    startLocal: str
    label: str


class FieldView(TypedDict):
    """A wrong field, and what would be right."""

    field: str
    problem: str


class PersonView(TypedDict):
    """A technician."""

    technicianId: str
    name: str


class ErrorView(TypedDict):
    """What an agent acts on when it did not work."""

    code: str
    retryable: bool
    message: NotRequired[str]
    retryAfterMs: NotRequired[int]
    fields: NotRequired[list[FieldView]]
    nearest: NotRequired[list[str]]
    alternatives: NotRequired[list[TimeView]]
    technicians: NotRequired[list[PersonView]]


class Response(TypedDict):
    """Every answer begins with what can be said aloud. With an error there is nothing else but a trace id."""

    result: str
    note: NotRequired[str]
    error: NotRequired[ErrorView]


class ClockView(TypedDict):
    """What time it is, and where."""

    now: str
    today: str
    timezone: str


class ClockedResponse(Response):
    """With what time it is: agents do not know."""

    clock: ClockView


class CandidateView(TypedDict):
    """A technician who could come; best first."""

    technicianId: str
    etaMinutes: NotRequired[int]
    bufferMinutes: NotRequired[int]
    score: NotRequired[int]
    priority: NotRequired[int]
    bookingsThatDay: NotRequired[int]


class SlotView(TimeView):
    """A start that can be had."""

    capacity: int
    candidates: list[CandidateView]


def show_time(start: Minute, end: Minute, view: Viewpoint) -> TimeView:
    """An appointment's time."""
    start_local, read_aloud = _local_texts(start, view.zone, view.voice)
    return {"start": write_utc(start), "end": write_utc(end), "startLocal": start_local, "label": read_aloud}


@lru_cache(maxsize=4096)
def _local_texts(start: Minute, zone: ZoneInfo, voice: Voice) -> tuple[str, str]:
    """What is told of a start, kept: callers ask for the same days.

    By the instant and the zone: times of two zones, or of a clock set back, may be equal and read differently.
    """
    local = local_time(start, zone)
    return local.isoformat(), label(local, voice)


def show_clock(view: Viewpoint) -> ClockView:
    """What time it is in the zone of the answer."""
    return {"now": write_utc_ms(view.now_ms), "today": full_date(view.today, view.voice), "timezone": view.zone.key}


def show_slot(slot: Slot, view: Viewpoint, detail: Detail = "brief") -> SlotView:
    """A start, with its best candidates or with all of them."""
    if detail == "full":
        candidates = [_show_whole(candidate) for candidate in slot.candidates]
    else:
        candidates = [_show_candidate(candidate) for candidate in slot.candidates[:BRIEF_CANDIDATES]]
    return {**show_time(slot.start, slot.end, view), "capacity": slot.capacity, "candidates": candidates}


def show_offer(offer: Offer, view: Viewpoint, detail: Detail = "brief") -> list[SlotView]:
    """Every start of an offer."""
    return [show_slot(slot, view, detail) for slot in offer.slots]


def starts_of(slots: Sequence[Slot]) -> list[Minute]:
    """When they start."""
    return [slot.start for slot in slots]


def _show_candidate(candidate: Candidate) -> CandidateView:
    if candidate.eta_minutes is None:
        return {"technicianId": candidate.technician_id}
    return {"technicianId": candidate.technician_id, "etaMinutes": candidate.eta_minutes}


def _show_whole(candidate: Candidate) -> CandidateView:
    shown = _show_candidate(candidate)
    if candidate.score is not None:
        shown |= {"bufferMinutes": candidate.buffer_minutes, "score": candidate.score}
    return {**shown, "priority": candidate.priority, "bookingsThatDay": candidate.bookings_that_day}
