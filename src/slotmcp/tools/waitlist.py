"""Waiting for a time: joining the waitlist, and seeing who is on it."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.access import Scope
from slotmcp.domain.booking import Customer
from slotmcp.domain.claim import Hold
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.moment import Moment
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.app import App
from slotmcp.services.appointments import MAX_DURATION_MINUTES
from slotmcp.services.current_principal import current_credential, scoped_key
from slotmcp.services.waitlist import JoinRequest, WaitlistEntryStatus
from slotmcp.tools.arguments import (
    ID,
    KEY,
    LATITUDE,
    LOCALE,
    LONGITUDE,
    MOMENT,
    ZONE,
    ProjectArguments,
    Text,
    WholeNumber,
    read_email,
    read_location,
    read_phone,
)
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.speech import sentences, waitlist
from slotmcp.tools.speech.viewpoint import Viewpoint
from slotmcp.tools.tool import IDEMPOTENT, READ_ONLY, tool
from slotmcp.tools.views import ClockedResponse, TimeView, show_clock, show_time

WAITLIST_ENTRY_URI: Final = "slotmcp://waitlist/{waitId}"
"""Where a wait can be read and subscribed to (RFC 6570)."""


_OF_A_CALL: Final = {"note", "replayed", "clock"}


def entry_uri(wait_id: str) -> str:
    """Where one wait is."""
    return WAITLIST_ENTRY_URI.replace("{waitId}", wait_id)


class JoinWaitlist(ProjectArguments):
    """What join_waitlist is asked."""

    service_type: Annotated[str, ID] | None = Field(None, description="As asked of get_slots")
    duration_minutes: Annotated[int, WholeNumber(1, MAX_DURATION_MINUTES)] | None = Field(
        None, description="If not the service's own"
    )
    from_: Annotated[Moment, MOMENT] = Field(alias="from", description="As asked of get_slots")
    to: Annotated[Moment, MOMENT] = Field(description="As asked of get_slots")
    technician_id: Annotated[str, ID] | None = Field(None, description="If the caller wants this one")
    customer_name: Annotated[str, Text(200)] = Field(description="As the caller gave it")
    customer_phone: Annotated[str, Text(40, read_phone)] = Field("", description="Or customerEmail, or both")
    customer_email: Annotated[str, Text(254, read_email)] = Field("", description="Or customerPhone, or both")
    customer_hash: Annotated[str, Text(256)] = Field("", description="As given to create_hold")
    latitude: Annotated[float, LATITUDE] | None = Field(None, description="Of the job")
    longitude: Annotated[float, LONGITUDE] | None = Field(None, description="Of the job")
    idempotency_key: Annotated[str, KEY] = Field("", description="Same on a retry, else new")
    timezone: Annotated[str, ZONE] | None = Field(None, description="Caller's zone")
    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class ListWaitlist(ProjectArguments):
    """What list_waitlist is asked."""

    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class OfferView(TimeView):
    """A time that is kept for somebody who waited, or that became their booking."""

    holdToken: str
    expiresAt: str


class WaitlistEntryResponse(ClockedResponse):
    """What join_waitlist answers: how a wait stands."""

    waitId: str
    resource: str
    state: str
    position: int
    offer: NotRequired[OfferView]
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
"""Who waits for what, as an operator sees it: nothing by which they could be reached, and no secret."""


class WaitlistResponse(ClockedResponse):
    """What list_waitlist answers."""

    waiting: list[WaitingView]


@tool("Join the waitlist", IDEMPOTENT)
async def join_waitlist(app: App, args: JoinWaitlist) -> WaitlistEntryResponse:
    """Put the caller on the waitlist when nothing fits, so that the first time to become free is kept for them.

    Ask again with the same arguments to see how they stand: an offer has a holdToken for book_slot.
    """
    answer = await app.waitlist.join_waitlist(_request(args))
    return _show(answer, Viewpoint.of(answer.project, answer.now_ms, timezone=args.timezone, locale=args.locale))


@tool("List the waitlist", READ_ONLY, Scope.OPERATOR)
async def list_waitlist(app: App, args: ListWaitlist) -> WaitlistResponse:
    """See who waits for a time to become free, in the order in which they joined, and for whom one is kept now."""
    answer = await app.waitlist.list_waitlist(args.project_id)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=args.locale)
    return {
        "result": waitlist.everybody(len(answer.entries), view),
        "note": view.note,
        "waiting": [_show_waiting(one, view) for one in answer.entries],
        "clock": show_clock(view),
    }


async def read_waitlist_entry(app: App, wait_id: str, projects: Collection[str] | None = None) -> Mapping[str, object]:
    """What the resource of a wait says: how it stands, in the business's own language. It is one of some projects.

    Raises:
        NotFound, Unavailable.
    """
    answer = await app.waitlist.look_up(wait_id, projects)
    shown = _show(answer, Viewpoint.of(answer.project, answer.now_ms))
    return {key: value for key, value in shown.items() if key not in _OF_A_CALL}


def _request(args: JoinWaitlist) -> JoinRequest:
    return JoinRequest(
        customer=Customer(name=args.customer_name, phone=args.customer_phone, email=args.customer_email),
        from_=args.from_,
        to=args.to,
        project_id=args.project_id,
        service_id=args.service_type,
        duration_minutes=args.duration_minutes,
        technician_id=args.technician_id,
        location=read_location(args.latitude, args.longitude),
        timezone=args.timezone,
        customer_reference=args.customer_hash,
        idempotency_key=scoped_key(args.idempotency_key),
        credential=current_credential(),
    )


def _show(answer: WaitlistEntryStatus, view: Viewpoint) -> WaitlistEntryResponse:
    shown: WaitlistEntryResponse = {
        "result": _say(answer, view),
        "note": view.note,
        "waitId": answer.entry.id,
        "resource": entry_uri(answer.entry.id),
        "state": answer.entry.state.value,
        "position": answer.position,
        "replayed": answer.replayed,
        "clock": show_clock(view),
    }
    if answer.offer is not None:
        shown["offer"] = _show_offer(answer.offer, view)
    return shown


def _show_offer(hold: Hold, view: Viewpoint) -> OfferView:
    claim = hold.claim
    return {
        **show_time(claim.start, claim.end, view),
        "holdToken": hold.token,
        "expiresAt": "" if claim.expires_at_ms is None else write_utc_ms(claim.expires_at_ms),
    }


def _show_waiting(answer: WaitlistEntryStatus, view: Viewpoint) -> WaitingView:
    wait = answer.entry
    shown: WaitingView = {
        "customerName": wait.customer.name,
        "serviceType": wait.service_id,
        "durationMinutes": wait.duration_minutes,
        "from": write_utc(wait.start_from),
        "to": write_utc(wait.start_to),
        "joinedAt": write_utc_ms(wait.joined_at_ms),
        "state": wait.state.value,
        "position": answer.position,
    }
    if wait.technician_id is not None:
        shown["technicianId"] = wait.technician_id
    if answer.offer is not None:
        shown["offer"] = show_time(answer.offer.claim.start, answer.offer.claim.end, view)
    return shown


def _say(answer: WaitlistEntryStatus, view: Viewpoint) -> str:
    if answer.entry.state is WaitlistState.WAITING:
        return waitlist.waiting(answer.position, view)
    if answer.entry.state is WaitlistState.EXPIRED:
        return waitlist.in_vain(view)
    if answer.offer is None:
        return waitlist.fulfilled(view)
    claim = answer.offer.claim
    if claim.expires_at_ms is None:
        return sentences.held_and_booked(claim.start, view)
    return waitlist.offered(claim.start, view, (claim.expires_at_ms - answer.now_ms) // MS_PER_MINUTE)
