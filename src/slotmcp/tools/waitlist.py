"""Tools of the waitlist, and the content of the resource for one entry."""

from collections.abc import Collection, Mapping
from typing import Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.access import Scope
from slotmcp.domain.booking import Booking, BookingStatus, Customer
from slotmcp.domain.catalog import Project
from slotmcp.domain.claim import Claim, Hold
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.engine.areas import area_of_job
from slotmcp.services.app import App
from slotmcp.services.callers import current_origin
from slotmcp.services.waitlist import WaitlistEntryStatus
from slotmcp.services.waitlist_joining import JoinRequest
from slotmcp.tools import arguments
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.service_views import InformationView, note_for, show_information
from slotmcp.tools.speech import areas, sentences, service_terms
from slotmcp.tools.speech import waitlist as waitlist_sentences
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import IDEMPOTENT, READ_ONLY, tool
from slotmcp.tools.views import (
    MAX_LISTED,
    BookingTimeView,
    ClockedResponse,
    LeftOut,
    TimeView,
    add_left_out,
    show_booking_time,
    show_clock,
    show_time,
)

WAITLIST_ENTRY_URI: Final = "slotmcp://waitlist/{waitId}"
"""Template (RFC 6570) of the URI under which clients read an entry and subscribe to it."""

_CALL_KEYS: Final = {"note", "replayed", "clock"}
"""Keys of a response that describe the call, not the entry."""


def entry_uri(entry_id: str) -> str:
    """Return the URI of an entry."""
    return WAITLIST_ENTRY_URI.replace("{waitId}", entry_id)


class JoinWaitlist(arguments.ProjectArguments):
    """Arguments of join_waitlist."""

    service_type: arguments.ServiceType = None
    duration_minutes: arguments.Duration = None
    from_: arguments.WaitStart = Field(alias="from", description="As asked of get_slots")
    to: arguments.WaitEnd = Field(description="As asked of get_slots")
    technician_id: arguments.RequestedTechnician = None
    customer_name: arguments.CustomerName
    customer_phone: arguments.CustomerPhone = ""
    customer_email: arguments.CustomerEmail = ""
    customer_hash: arguments.Secret = Field("", description="As given to create_hold")
    latitude: arguments.Latitude = None
    longitude: arguments.Longitude = None
    postal_code: arguments.PostalCode = ""
    priority: arguments.RequestedPriority = None
    idempotency_key: arguments.IdempotencyKey = ""
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""
    any_of = (arguments.A_CONTACT,)


class ListWaitlist(arguments.ProjectArguments):
    """Arguments of list_waitlist."""

    locale: arguments.Locale = ""


class OfferView(TimeView, InformationView):
    """Time that is held for a waiting caller, or that became their booking. An open offer has what to say first."""

    holdToken: str
    expiresAt: str
    fee: NotRequired[str]


WindowView = TypedDict("WindowView", {"from": str, "to": str})
"""Window in which the caller waits for a start, in UTC."""


class WaitlistEntryResponse(ClockedResponse, WindowView):
    """Response of join_waitlist: the state of an entry."""

    waitId: str
    resource: str
    state: str
    position: int
    offer: NotRequired[OfferView]
    booking: NotRequired[BookingTimeView]
    replayed: bool


WaitingView = TypedDict(
    "WaitingView",
    {
        "customerName": str,
        "serviceType": str,
        "durationMinutes": int,
        "from": str,
        "to": str,
        "technicianId": NotRequired[str],
        "joinedAt": str,
        "state": str,
        "position": int,
        "offer": NotRequired[TimeView],
    },
)
"""Entry as an operator sees it, without contact details and without its secret id."""


class WaitlistResponse(ClockedResponse, LeftOut):
    """Response of list_waitlist."""

    waiting: list[WaitingView]


@tool("Join the waitlist", IDEMPOTENT, search_hint="waiting list for an earlier appointment")
async def join_waitlist(app: App, args: JoinWaitlist) -> WaitlistEntryResponse:
    """Put the caller on a waiting list when no time suits: the first that becomes free is kept for them.

    It also serves a caller who wants an earlier appointment. It books nothing and sends no message. Returns waitId
    and position. Repeat the call for news: an offer has a holdToken for book_slot. release_hold leaves the list.
    """
    request = JoinRequest(
        customer=Customer(name=args.customer_name, phone=args.customer_phone, email=args.customer_email),
        from_=args.from_,
        to=args.to,
        project_id=args.project_id,
        service_id=args.service_type,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=arguments.read_location(args.latitude, args.longitude),
        postal_code=args.postal_code,
        priority=args.priority,
        timezone=args.timezone,
        customer_reference=args.customer_hash,
        idempotency_key=args.idempotency_key,
        origin=current_origin(),
    )
    answer = await app.waitlist.join_waitlist(request)
    return _show(answer, Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale))


@tool("List the waitlist", READ_ONLY, Scope.OPERATOR, search_hint="customers waiting for an appointment")
async def list_waitlist(app: App, args: ListWaitlist) -> WaitlistResponse:
    """List the customers on the waiting list for a time to become free, in the order in which they joined.

    Use it to see who waits, and for whom a time is kept now. Returns names without contact details. Read only. To
    add a caller, use join_waitlist.
    """
    answer = await app.waitlist.list_waitlist(args.project_id)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    response: WaitlistResponse = {
        "result": waitlist_sentences.overview(len(answer.entries), view),
        "note": view.note,
        "waiting": [_show_waiting(entry, view) for entry in answer.entries[:MAX_LISTED]],
        "clock": show_clock(view),
    }
    add_left_out(response, answer.entries)
    return response


async def read_waitlist_entry(app: App, entry_id: str, projects: Collection[str] | None = None) -> Mapping[str, object]:
    """Return the content of an entry's resource, in the business's language. The entry must be in one of `projects`.

    Raises:
        NotFound, Unavailable.
    """
    answer = await app.waitlist.look_up(entry_id, projects)
    response = _show(answer, Viewpoint.of(answer.project, answer.now_ms))
    return {key: value for key, value in response.items() if key not in _CALL_KEYS}


def _show(answer: WaitlistEntryStatus, view: Viewpoint) -> WaitlistEntryResponse:
    entry, offer = answer.entry, answer.offer
    response: WaitlistEntryResponse = {
        "result": _describe(answer, view),
        "note": view.note,
        "waitId": entry.id,
        "resource": entry_uri(entry.id),
        "state": entry.state.value,
        "position": answer.position,
        "from": write_utc(entry.start_from),
        "to": write_utc(entry.start_to),
        "replayed": answer.replayed,
        "clock": show_clock(view),
    }
    if offer is not None:
        response["offer"] = _show_offer(offer, answer.project, view)
        if answer.entry.is_offered:
            response["offer"] = {**response["offer"], **show_information(answer.service)}
            response["note"] = note_for(view, has_words=service_terms.has_words(answer.service))
    if answer.booking is not None:
        response["booking"] = show_booking_time(answer.booking, view)
    return response


def _show_offer(offer: Hold, project: Project, view: Viewpoint) -> OfferView:
    time, expires_at_ms = show_time(offer.claim.start, offer.claim.end, view), offer.claim.expires_at_ms
    shown: OfferView = {
        "start": time["start"],
        "end": time["end"],
        "startLocal": time["startLocal"],
        "label": time["label"],
        "holdToken": offer.token,
        "expiresAt": "" if expires_at_ms is None else write_utc_ms(expires_at_ms),
    }
    if fee := areas.fee_of(area_of_job(project, offer.claim.postal_code)):
        shown["fee"] = fee
    return shown


def _show_waiting(answer: WaitlistEntryStatus, view: Viewpoint) -> WaitingView:
    entry = answer.entry
    waiting: WaitingView = {
        "customerName": entry.customer.name,
        "serviceType": entry.service_id,
        "durationMinutes": entry.duration_minutes,
        "from": write_utc(entry.start_from),
        "to": write_utc(entry.start_to),
        "joinedAt": write_utc_ms(entry.joined_at_ms),
        "state": entry.state.value,
        "position": answer.position,
    }
    if entry.technician_id is not None:
        waiting["technicianId"] = entry.technician_id
    if answer.offer is not None:
        waiting["offer"] = show_time(answer.offer.claim.start, answer.offer.claim.end, view)
    return waiting


def _describe(answer: WaitlistEntryStatus, view: Viewpoint) -> str:
    state = _describe_state(answer, view)
    return f"{waitlist_sentences.changed(view)} {state}" if answer.is_changed else state


def _describe_state(answer: WaitlistEntryStatus, view: Viewpoint) -> str:
    match answer.entry.state:
        case WaitlistState.WAITING:
            return waitlist_sentences.waiting(answer.position, view)
        case WaitlistState.OFFERED if answer.offer is not None:
            return _describe_offer(answer, answer.offer.claim, view)
        case WaitlistState.EXPIRED:
            return waitlist_sentences.expired(view)
        case _:
            return _describe_end(answer.booking, view)


def _describe_offer(answer: WaitlistEntryStatus, offer: Claim, view: Viewpoint) -> str:
    fee = areas.say_fee(area_of_job(answer.project, offer.postal_code), view)
    if service_terms.has_words(answer.service):
        return service_terms.offered(answer.service, offer.start, view, fee=fee)
    minutes_left = ((offer.expires_at_ms or answer.now_ms) - answer.now_ms) // MS_PER_MINUTE
    return f"{fee} {waitlist_sentences.offered(offer.start, view, minutes_left)}".lstrip()


def _describe_end(booking: Booking | None, view: Viewpoint) -> str:
    if booking is None:
        return waitlist_sentences.fulfilled(view)
    if booking.status is BookingStatus.CANCELLED:
        return waitlist_sentences.canceled(view)
    return sentences.hold_booked(booking.claim.start, view)
