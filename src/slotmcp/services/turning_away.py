"""Turning away before the lock whoever the lock would turn away: in a rush that is nearly everybody.

What this process remembers is a hint, and only a start that is missing there is looked at twice. What decides is the
newest revision: one trip, and nobody waits for it. Whoever may be repeating a request is not turned away: their first
request may be what took the start.
"""

from dataclasses import dataclass

from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import SlotmcpError
from slotmcp.engine.availability import Availability
from slotmcp.engine.slots import check_start
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports import Store
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.contacts import normalised, references_of
from slotmcp.services.held import unknown_hold
from slotmcp.services.intents import Appointment, StartRequest, find_appointment


@dataclass(frozen=True, slots=True)
class Lost:
    """An appointment that cannot be had, and what is free instead."""

    availability: Availability
    appointment: Appointment


async def lost_beforehand(
    availability_cache: AvailabilityCache, project_id: str, asked: StartRequest, routed: TravelTimes | None
) -> Lost | None:
    """The appointment that is asked for, if it cannot be had by the newest revision; None: the lock has to decide.

    Raises:
        NotFound, Unavailable.
    """
    remembered = availability_cache.remembered(project_id)
    if remembered is None or _lost(remembered, asked, routed) is None:
        return None
    return _lost(await availability_cache.availability(project_id), asked, routed)


async def may_be_theirs(store: Store, project_id: str, customer: Customer, lost: Lost) -> bool:
    """Whether a customer has a booking at a lost start, or cannot be told: then the request may be a repeated one.

    Raises:
        Unavailable.
    """
    try:
        references = references_of(normalised(customer, lost.availability.schedule.project))
    except SlotmcpError:
        return True
    for reference in references:
        if any(one.claim.start == lost.appointment.start for one in await store.bookings_by(project_id, reference)):
            return True
    return False


async def check_hold_is_known(
    store: Store, availability_cache: AvailabilityCache, project_id: str, token: str, customer: Customer
) -> None:
    """Refuse a token that nobody was ever given, or so long ago that it is forgotten.

    Raises:
        HoldExpired: nobody knows it.
        InvalidArgument, NotFound, Unavailable.
    """
    if await store.hold(project_id, token) is not None:
        return
    availability = await availability_cache.availability(project_id)
    normalised(customer, availability.schedule.project)
    raise unknown_hold()


def _lost(availability: Availability, asked: StartRequest, routed: TravelTimes | None) -> Lost | None:
    try:
        appointment = find_appointment(availability.schedule, asked, routed)
    except SlotmcpError:
        return None
    is_there = check_start(availability, appointment.need, appointment.start) is not None
    return None if is_there else Lost(availability, appointment)
