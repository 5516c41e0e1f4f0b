"""Moving a booking as an operator does: to another time, and to another technician where one is named."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from slotmcp.domain.booking import Booking
from slotmcp.domain.errors import InvalidArgument, SlotmcpError
from slotmcp.domain.moment import Moment, WallTime
from slotmcp.services.acting import own_credential
from slotmcp.services.app import App
from slotmcp.services.holds import HoldRequest
from slotmcp.services.intents import StartRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.trace_story import IN_THE_WAY
from slotmcp.web.dashboard.request import DashboardRequest

_LONGEST: Final = 9
"""Digits of a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What was asked for."""

    start: Moment
    technician_id: str
    """Empty: whoever has it, or else whoever can."""

    @classmethod
    def of(cls, visit: DashboardRequest) -> "Move":
        """What a form says.

        Raises:
            InvalidArgument.
        """
        return cls(start=_start(visit), technician_id=visit.field("technician"))


async def move_booking(visit: DashboardRequest, booking: Booking, move: Move) -> None:
    """Give a booking another time, and the technician who is named. Refused, it stays as it was.

    Raises:
        InvalidArgument, NotFound, SlotUnavailable, HoldExpired, Unavailable.
    """
    app, project_id = visit.app, visit.project_id
    if move.technician_id in {"", booking.claim.technician_id}:
        await app.bookings.reschedule_booking(
            RescheduleRequest(
                booking_id=booking.id, project_id=project_id, start=move.start, credential=own_credential()
            )
        )
        return
    token = await _hold(app, project_id, booking, move)
    try:
        await app.bookings.reschedule_booking(
            RescheduleRequest(
                booking_id=booking.id, project_id=project_id, hold_token=token, credential=own_credential()
            )
        )
    except SlotmcpError:
        await app.holds.release_hold(project_id, token)
        raise


async def why_not(visit: DashboardRequest, booking: Booking, move: Move) -> list[str]:
    """What is in the way of whoever would have to come, a sentence each; of all of them where nobody was named.

    Raises:
        InvalidArgument, NotFound, Unavailable.
    """
    claim = booking.claim
    request = StartRequest(
        project_id=visit.project_id,
        service_id=claim.service_id,
        start=move.start,
        duration_minutes=claim.end - claim.start,
        location=claim.location,
    )
    answer = await visit.app.explanations.explain_slot(request, instead_of=claim)
    return [
        f"{answer.technicians[one.technician_id].name} {IN_THE_WAY[one.reason]}."
        for one in answer.explanation.technicians
        if one.reason is not None and move.technician_id in {"", one.technician_id}
    ]


async def _hold(app: App, project_id: str, booking: Booking, move: Move) -> str:
    """A technician's time is kept first: only a hold says whose it is to be."""
    claim = booking.claim
    answer = await app.holds.create_hold(
        HoldRequest(
            project_id=project_id,
            service_id=claim.service_id,
            start=move.start,
            duration_minutes=claim.end - claim.start,
            technician_id=move.technician_id,
            location=claim.location,
            customer_reference="",
            credential=own_credential(),
        )
    )
    return answer.hold.token


def _start(visit: DashboardRequest) -> Moment:
    """A minute since the epoch from the board, or a date and a time of the project's clocks from the form."""
    if minute := visit.field("minute"):
        if not minute.isdecimal():
            raise InvalidArgument("minute", "give whole minutes since 1970.")
        return int(minute[:_LONGEST])
    try:
        return WallTime(datetime.fromisoformat(f"{visit.field('date')}T{visit.field('time')}").replace(tzinfo=None))
    except ValueError:
        raise InvalidArgument("start", "give a date and a time, such as 2026-11-26 and 14:30.") from None
