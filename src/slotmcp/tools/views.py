"""Parts of responses that several tools share. Their types are the published schemas."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NotRequired, cast
from zoneinfo import ZoneInfo

from typing_extensions import TypedDict

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Technician
from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Candidate, Offer, Slot
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.speech.times import full_date, label
from slotmcp.tools.speech.viewpoint import Viewpoint, local_time
from slotmcp.tools.speech.voice import Voice

Detail = Literal["brief", "full"]

BRIEF_CANDIDATES: Final = 3
FULL_CANDIDATES: Final = 20
MAX_LISTED: Final = 100
"""Entries of a list in a response."""


class TimeView(TypedDict):
    """Time of an appointment: in UTC, in local time, and as readable text."""

    start: str
    end: str
    startLocal: str
    label: str


class FieldView(TypedDict):
    """Invalid field, and a description of valid values."""

    field: str
    problem: str


class PersonView(TypedDict):
    """Technician."""

    technicianId: str
    name: str


class ErrorView(TypedDict):
    """Error details that the agent acts on."""

    code: str
    retryable: bool
    message: NotRequired[str]
    reason: NotRequired[str]
    retryAfterMs: NotRequired[int]
    fields: NotRequired[list[FieldView]]
    nearest: NotRequired[list[str]]
    alternatives: NotRequired[list[TimeView]]
    technicians: NotRequired[list[PersonView]]
    booking: NotRequired["VisibleBookingView"]


class Response(TypedDict):
    """Base of every response. `result` comes first. An error response has only `result`, `error` and the trace id."""

    result: str
    note: NotRequired[str]
    error: NotRequired[ErrorView]


class ClockView(TypedDict):
    """Current time, and its zone."""

    now: str
    today: str
    timezone: str


class ClockedResponse(Response):
    """Response with the current time, which agents do not know."""

    clock: ClockView


class CandidateView(TypedDict):
    """Technician who could take a slot; the best one comes first."""

    technicianId: str
    etaMinutes: NotRequired[int]
    bufferMinutes: NotRequired[int]
    score: NotRequired[int]
    priority: NotRequired[int]
    bookingsThatDay: NotRequired[int]


class BriefSlotView(TimeView):
    """Start that can be booked, with all of its candidates or the first ones."""

    capacity: int
    candidates: list[CandidateView]


class SlotView(BriefSlotView):
    """Start that can be booked."""

    candidatesLeftOut: NotRequired[int]


class LeftOut(TypedDict):
    """Number of entries that a list lacks, because it would be too long."""

    leftOut: NotRequired[int]


class BookingTimeView(TimeView):
    """Service, time and status of a booking."""

    bookingId: str
    status: str
    serviceType: str


class BriefBookingView(BookingTimeView):
    """Booking and its status, without its customer."""

    technicianId: str
    technicianName: str


class VisibleBookingView(BookingTimeView):
    """Booking as a client may see it. Only operators and the call that booked it see more than its time."""

    technicianId: NotRequired[str]
    technicianName: NotRequired[str]
    customerName: NotRequired[str]
    address: NotRequired[str]
    notes: NotRequired[str]


def show_time(start: Minute, end: Minute, view: Viewpoint) -> TimeView:
    """Return the time of an appointment."""
    start_local, text = _local_texts(start, view.zone, view.voice)
    return {"start": write_utc(start), "end": write_utc(end), "startLocal": start_local, "label": text}


@lru_cache(maxsize=4096)
def _local_texts(start: Minute, zone: ZoneInfo, voice: Voice) -> tuple[str, str]:
    """Return a start in local time and as text, cached because many callers request the same days.

    The key is the instant, because equal local times may differ in zone, or before and after clocks go back.
    """
    local = local_time(start, zone)
    return local.isoformat(), label(local, voice)


def show_clock(view: Viewpoint) -> ClockView:
    """Return the current time in the zone of the response."""
    return {"now": write_utc_ms(view.now_ms), "today": full_date(view.today, view.voice), "timezone": view.zone.key}


def show_booking_time(booking: Booking, view: Viewpoint) -> BookingTimeView:
    """Return the service, the time and the status of a booking."""
    claim = booking.claim
    return {
        "bookingId": booking.id,
        "status": booking.status.value,
        "serviceType": claim.service_id,
        **show_time(claim.start, claim.end, view),
    }


def show_booking(booking: Booking, technician: Technician, view: Viewpoint) -> BriefBookingView:
    """Return a booking and its status, without its customer."""
    return {
        **show_booking_time(booking, view),
        "technicianId": technician.id,
        "technicianName": technician.name,
    }


def show_visible_booking(
    booking: Booking, technician: Technician, view: Viewpoint, *, has_details: bool
) -> VisibleBookingView:
    """Return a booking, with its technician and its customer's details if the client may see them."""
    if not has_details:
        return cast("VisibleBookingView", show_booking_time(booking, view))
    return {
        **show_booking(booking, technician, view),
        "customerName": booking.customer.name if booking.customer else "",
        "address": booking.visit.address,
        "notes": booking.visit.notes,
    }


def show_offer(offer: Offer, view: Viewpoint, detail: Detail = "brief") -> list[SlotView]:
    """Return the slots of an offer, with their best candidates or with all of them."""
    return [_show_slot(slot, view, detail) for slot in offer.slots]


def starts_of(slots: Sequence[Slot]) -> list[Minute]:
    """Return the starts of slots."""
    return [slot.start for slot in slots]


def _show_slot(slot: Slot, view: Viewpoint, detail: Detail) -> SlotView:
    if detail == "full":
        candidates = [_show_full_candidate(candidate) for candidate in slot.candidates]
    else:  # built here, because a function would be called for each candidate of each slot
        candidates = [
            {"technicianId": one.technician_id}
            if one.eta_minutes is None
            else {"technicianId": one.technician_id, "etaMinutes": one.eta_minutes}
            for one in slot.candidates[:BRIEF_CANDIDATES]
        ]
    brief: BriefSlotView = {
        **show_time(slot.start, slot.end, view),
        "capacity": slot.capacity,
        "candidates": candidates,
    }
    if detail == "full" and len(candidates) == FULL_CANDIDATES < slot.capacity:
        return {**brief, "candidatesLeftOut": slot.capacity - FULL_CANDIDATES}
    return cast("SlotView", brief)


def add_left_out(response: LeftOut, entries: Sequence[object]) -> None:
    """Add to a response how many entries its list of at most MAX_LISTED lacks, if it lacks any."""
    if len(entries) > MAX_LISTED:
        response["leftOut"] = len(entries) - MAX_LISTED


def _show_full_candidate(candidate: Candidate) -> CandidateView:
    view: CandidateView = {"technicianId": candidate.technician_id}
    if candidate.eta_minutes is not None:
        view["etaMinutes"] = candidate.eta_minutes
    if candidate.score is not None:
        view |= {"bufferMinutes": candidate.buffer_minutes, "score": candidate.score}
    return {**view, "priority": candidate.priority, "bookingsThatDay": candidate.bookings_that_day}
