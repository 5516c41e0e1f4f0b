"""Tools that hold a start while the caller decides, and release it."""

from typing import Annotated, NotRequired

from pydantic import Field

from slotmcp.domain.claim import ClaimState
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.engine.areas import area_of_job
from slotmcp.services.app import App
from slotmcp.services.callers import current_origin
from slotmcp.services.hold_creation import HoldAnswer
from slotmcp.services.hold_rules import MAX_TTL_SECONDS, MIN_TTL_SECONDS, HoldRequest
from slotmcp.services.holds import ReleaseAnswer
from slotmcp.tools import arguments
from slotmcp.tools.moments import write_utc_ms
from slotmcp.tools.service_views import InformationView, note_for, show_information
from slotmcp.tools.speech import areas, sentences, service_terms, waitlist
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import IDEMPOTENT, NOT_IDEMPOTENT, tool
from slotmcp.tools.views import ClockedResponse, TimeView, show_clock, show_time


class CreateHold(arguments.ProjectArguments):
    """Arguments of create_hold."""

    service_type: arguments.ServiceType = None
    start: arguments.Time = Field(description="As get_slots gave it")
    end: arguments.Time | None = Field(None, description="The slot's end, or durationMinutes")
    duration_minutes: arguments.Duration = None
    customer_hash: arguments.CustomerHash = ""
    phone: arguments.ProofPhone = ""
    email: arguments.ProofEmail = ""
    hold_token: arguments.Secret = Field("", description="Hold to replace")
    booking_id: arguments.MovedBooking = ""
    additional: bool = Field(default=False, description="Keep overlapping holds, too")
    technician_id: arguments.RequestedTechnician = None
    latitude: arguments.Latitude = None
    longitude: arguments.Longitude = None
    postal_code: arguments.PostalCode = ""
    priority: arguments.RequestedPriority = None
    ttl_seconds: Annotated[int, arguments.WholeNumber(MIN_TTL_SECONDS, MAX_TTL_SECONDS)] | None = Field(
        None, description="How long to keep it"
    )
    idempotency_key: arguments.IdempotencyKey = ""
    timezone: arguments.CallerZone = None
    locale: arguments.Locale = ""


class HoldResponse(ClockedResponse, TimeView, InformationView):
    """Response of create_hold. A hold that moves a booking has no information about the service."""

    holdToken: str
    serviceType: str
    expiresAt: str
    capacityLeft: int
    fee: NotRequired[str]
    replayed: bool


@tool("Hold a time", NOT_IDEMPOTENT)
async def create_hold(app: App, args: CreateHold) -> HoldResponse:
    """Reserve a slot temporarily: keep a time for the caller for about 90 seconds while they decide.

    Use it once the caller likes a start from get_slots; it replaces their overlapping hold of the service. Returns a
    holdToken for book_slot, and says price, terms and required questions. It books nothing. If the caller declines,
    use release_hold.
    """
    request = HoldRequest(
        start=args.start,
        customer_reference=args.customer_hash,
        phone=args.phone,
        email=args.email,
        hold_token=args.hold_token,
        booking_id=args.booking_id,
        is_additional=args.additional,
        project_id=args.project_id,
        service_id=args.service_type,
        end=args.end,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=arguments.read_location(args.latitude, args.longitude),
        postal_code=args.postal_code,
        priority=args.priority,
        timezone=args.timezone,
        ttl_seconds=args.ttl_seconds,
        idempotency_key=args.idempotency_key,
        origin=current_origin(),
    )
    return _show(args, await app.holds.create_hold(request))


class ReleaseHold(arguments.ProjectArguments):
    """Arguments of release_hold."""

    hold_token: arguments.Secret = Field(description="From create_hold, or a waitId")
    locale: arguments.Locale = ""


class ReleaseResponse(ClockedResponse):
    """Response of release_hold."""

    released: bool


@tool("Release a held time", IDEMPOTENT, search_hint="give up a held appointment time")
async def release_hold(app: App, args: ReleaseHold) -> ReleaseResponse:
    """Release a held time: give up a slot reserved by create_hold when the caller does not want it anymore.

    A waitId as holdToken leaves the waitlist. Returns whether anything was released. Safe to repeat. It cancels no
    booked appointment: use cancel_booking.
    """
    answer = await app.holds.release_hold(args.project_id, args.hold_token)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    return {
        "result": _describe_release(answer, view),
        "note": view.note,
        "released": answer.released,
        "clock": show_clock(view),
    }


def _show(args: CreateHold, answer: HoldAnswer) -> HoldResponse:
    claim = answer.hold.claim
    view = Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale)
    time = show_time(*claim.appointment, view)
    is_for_booking = not claim.moved_booking_id and claim.expires_at_ms is not None
    information = show_information(answer.service) if is_for_booking else InformationView()
    response: HoldResponse = {
        "result": _describe_hold(answer, view),
        "note": note_for(view, has_words=bool(information)),
        "holdToken": answer.hold.token,
        "serviceType": claim.service_id,
        "start": time["start"],
        "end": time["end"],
        "startLocal": time["startLocal"],
        "label": time["label"],
        "expiresAt": "" if claim.expires_at_ms is None else write_utc_ms(claim.expires_at_ms),
        "capacityLeft": answer.capacity_left,
        "replayed": answer.replayed,
        "clock": show_clock(view),
    }
    fee = areas.fee_of(area_of_job(answer.project, claim.postal_code))
    return {**response, **information, "fee": fee} if fee else {**response, **information}


def _describe_release(answer: ReleaseAnswer, view: Viewpoint) -> str:
    if answer.waited and answer.released:
        return waitlist.left(view)
    return sentences.released(view, is_booked=answer.booked, is_released=answer.released)


def _is_first_of_service(answer: HoldAnswer) -> bool:
    """Return whether the caller has not heard the words of the service with an earlier hold or booking of it."""
    is_other_choice = any(replaced.claim.service_id == answer.service.id for replaced in answer.replaced)
    return not answer.hold.claim.moved_booking_id and not is_other_choice


def _is_in_same_area(answer: HoldAnswer) -> bool:
    """Return whether the hold replaces one in its area, with which the caller has heard the fee."""
    areas_before = [area_of_job(answer.project, replaced.claim.postal_code) for replaced in answer.replaced]
    return area_of_job(answer.project, answer.hold.claim.postal_code) in areas_before


def _describe_hold(answer: HoldAnswer, view: Viewpoint) -> str:
    claim = answer.hold.claim
    if answer.hold.state is ClaimState.BOOKED or claim.expires_at_ms is None:
        return sentences.hold_booked(claim.appointment[0], view)
    ms_left = claim.expires_at_ms - answer.now_ms
    if answer.hold.state is ClaimState.HELD and ms_left > 0:
        start, seconds_left = claim.appointment[0], ms_left // MS_PER_SECOND
        fee = "" if _is_in_same_area(answer) else areas.say_fee(area_of_job(answer.project, claim.postal_code), view)
        if _is_first_of_service(answer) and service_terms.has_words(answer.service):
            return service_terms.held(answer.service, start, view, names_service=answer.names_service, fee=fee)
        if answer.names_service:
            return f"{fee} {sentences.held_service(answer.service, start, view, seconds_left)}".lstrip()
        return f"{fee} {sentences.held(start, view, seconds_left)}".lstrip()
    return sentences.hold_ended(claim.appointment[0], view)
