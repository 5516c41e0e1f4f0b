"""Waiting for a time: joining the waitlist, and seeing who is on it."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from slotmcp.domain.booking import Customer
from slotmcp.domain.claim import Hold
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.domain.moment import Moment
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.acting import own_credential, own_key
from slotmcp.services.app import App
from slotmcp.services.intents import MAX_DURATION_MINUTES
from slotmcp.services.joining import JoinRequest
from slotmcp.services.waitlist import WaitAnswer
from slotmcp.tools import speech, waitlist_speech
from slotmcp.tools.arguments import ID, KEY, LOCALE, MOMENT, ZONE, OfProject, Text, WholeNumber
from slotmcp.tools.contacts import read_email, read_phone
from slotmcp.tools.moments import write_utc, write_utc_ms
from slotmcp.tools.places import LATITUDE, LONGITUDE, read_location
from slotmcp.tools.viewpoint import Viewpoint
from slotmcp.tools.views import ClockedAnswer, TimeView, show_clock, show_time

WAIT_URI: Final = "slotmcp://waitlist/{waitId}"
"""Where a wait can be read and subscribed to (RFC 6570)."""


_OF_A_CALL: Final = {"note", "replayed", "clock"}


def uri_of(wait_id: str) -> str:
    """Where one wait is."""
    return WAIT_URI.replace("{waitId}", wait_id)


class JoinWaitlist(OfProject):
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


class ListWaitlist(OfProject):
    """What list_waitlist is asked."""

    locale: Annotated[str, LOCALE] = Field("", description="E.g. es")


class OfferView(TimeView):
    """A time that is kept for somebody who waited, or that became their booking."""

    holdToken: str
    expiresAt: str


class WaitAnswered(ClockedAnswer):
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


class WaitlistAnswered(ClockedAnswer):
    """What list_waitlist answers."""

    waiting: list[WaitingView]


async def join_waitlist(app: App, asked: JoinWaitlist) -> WaitAnswered:
    """Put the caller on the waitlist when nothing fits, so that the first time to become free is kept for them.

    Ask again with the same arguments to see how they stand: an offer has a holdToken for book_slot.
    """
    answer = await app.waitlist.join_waitlist(_request(asked))
    return _show(answer, Viewpoint.of(answer.project, answer.now_ms, timezone=asked.timezone, locale=asked.locale))


async def list_waitlist(app: App, asked: ListWaitlist) -> WaitlistAnswered:
    """See who waits for a time to become free, in the order in which they joined, and for whom one is kept now."""
    answer = await app.waitlist.list_waitlist(asked.project_id)
    view = Viewpoint.of(answer.project, answer.now_ms, locale=asked.locale)
    return {
        "result": waitlist_speech.everybody(len(answer.waits), view),
        "note": view.note,
        "waiting": [_show_waiting(one, view) for one in answer.waits],
        "clock": show_clock(view),
    }


async def read_wait(app: App, wait_id: str, projects: Collection[str] | None = None) -> Mapping[str, object]:
    """What the resource of a wait says: how it stands, in the business's own language. It is one of some projects.

    Raises:
        NotFound, Unavailable.
    """
    answer = await app.waitlist.look_up(wait_id, projects)
    shown = _show(answer, Viewpoint.of(answer.project, answer.now_ms))
    return {key: value for key, value in shown.items() if key not in _OF_A_CALL}


def _request(asked: JoinWaitlist) -> JoinRequest:
    return JoinRequest(
        customer=Customer(name=asked.customer_name, phone=asked.customer_phone, email=asked.customer_email),
        from_=asked.from_,
        to=asked.to,
        project_id=asked.project_id,
        service_id=asked.service_type,
        duration_minutes=asked.duration_minutes,
        technician_id=asked.technician_id,
        location=read_location(asked.latitude, asked.longitude),
        timezone=asked.timezone,
        customer_reference=asked.customer_hash,
        idempotency_key=own_key(asked.idempotency_key),
        credential=own_credential(),
    )


def _show(answer: WaitAnswer, view: Viewpoint) -> WaitAnswered:
    shown: WaitAnswered = {
        "result": _say(answer, view),
        "note": view.note,
        "waitId": answer.wait.id,
        "resource": uri_of(answer.wait.id),
        "state": answer.wait.state.value,
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


def _show_waiting(answer: WaitAnswer, view: Viewpoint) -> WaitingView:
    wait = answer.wait
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


def _say(answer: WaitAnswer, view: Viewpoint) -> str:
    if answer.wait.state is WaitlistState.WAITING:
        return waitlist_speech.waiting(answer.position, view)
    if answer.wait.state is WaitlistState.EXPIRED:
        return waitlist_speech.in_vain(view)
    if answer.offer is None:
        return waitlist_speech.fulfilled(view)
    claim = answer.offer.claim
    if claim.expires_at_ms is None:
        return speech.held_and_booked(claim.start, view)
    return waitlist_speech.offered(claim.start, view, (claim.expires_at_ms - answer.now_ms) // MS_PER_MINUTE)
