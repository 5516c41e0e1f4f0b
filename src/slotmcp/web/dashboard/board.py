"""The board: a day, technician by technician, which changes as the business does."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Final

from starlette.responses import Response, StreamingResponse

from slotmcp.domain.errors import InvalidArgument, NotFound, TryLater
from slotmcp.services.board import LOOK_SECONDS, BoardAnswer
from slotmcp.services.finding import FindRequest
from slotmcp.web.dashboard.board_views import customer_of, view_of
from slotmcp.web.dashboard.request import DashboardRequest, Panel
from slotmcp.web.dashboard.security import PRIVATE
from slotmcp.web.dashboard.when import written

LOOKS_BETWEEN_CHECKS: Final = 4
"""After so many looks it is asked whether whoever looks may go on looking."""
_A_DAY: Final = timedelta(days=1)


async def board(visit: DashboardRequest) -> Response:
    """The page of a day: ?day=2026-11-26."""
    answer = await visit.app.board.board(visit.project_id, _day(visit))
    return visit.page(
        "board.html",
        answer=answer,
        board=view_of(answer),
        named=f"{answer.day:%A} {answer.day.day} {answer.day:%B %Y}",
        before=answer.day - _A_DAY,
        after=answer.day + _A_DAY,
        here=_address(visit, answer),
        done=await _done(visit),
    )


async def events(visit: DashboardRequest) -> Response:
    """A stream that says when to look again."""
    known = visit.request.headers.get("last-event-id", visit.asked("since"))
    headers = {**PRIVATE, "X-Accel-Buffering": "no"}
    return StreamingResponse(_changes(visit, known), media_type="text/event-stream", headers=headers)


async def _changes(visit: DashboardRequest, known: str) -> AsyncIterator[str]:
    """One event for each revision that is seen, until the visit is over."""
    looks = 0
    while not visit.context.stopping.has_begun:
        try:
            revision = str(await visit.app.board.revision(visit.project_id))
            if revision != known:
                known = revision
                yield f"id: {revision}\nevent: changed\ndata: {revision}\n\n"
            elif looks % LOOKS_BETWEEN_CHECKS == 0:
                yield ": still here\n\n"  # so that no proxy takes it for dead
            looks += 1
            if looks % LOOKS_BETWEEN_CHECKS == 0 and not await visit.is_still_good():
                break
        except TryLater:
            pass  # the database is away: there is nothing to tell
        except NotFound:
            break
        await asyncio.sleep(LOOK_SECONDS)
    yield "event: changed\ndata: over\n\n"


async def _done(visit: DashboardRequest) -> str:
    """What was done to a booking on the way here."""
    if not (moved := visit.asked("moved")):
        return ""
    answer = await visit.app.bookings.find_bookings(FindRequest(project_id=visit.project_id, booking_id=moved))
    one = next(iter(answer.found), None)
    if one is None:
        return ""
    start = written(answer.project.timezone, one.booking.claim.start)
    return f"Moved. {one.technician.name} comes to {customer_of(one.booking)} on {start}."


def _day(visit: DashboardRequest) -> date | None:
    if not (asked := visit.asked("day")):
        return None
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise InvalidArgument("day", "give a date such as 2026-11-26.") from None


def _address(visit: DashboardRequest, answer: BoardAnswer) -> str:
    is_today = answer.day == answer.today
    return visit.url() if is_today else f"{visit.url()}?day={answer.day}"


PANELS: Final = (Panel(path="", handler=board), Panel(path="/events", handler=events))
