"""Board: one day of all technicians on a time grid, with live updates."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from starlette.responses import Response, StreamingResponse

from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import InvalidArgument, NotFound, TryLater
from slotmcp.domain.interval import MS_PER_MINUTE, MS_PER_SECOND, Interval
from slotmcp.engine.floating_breaks import PlannedBreak
from slotmcp.services.board import MAX_AGE_SECONDS, BoardAnswer, TechnicianDay
from slotmcp.services.lookups import FindRequest, service_of
from slotmcp.services.open_streams import OpenStream
from slotmcp.web.dashboard.labels import (
    NO_CUSTOMER,
    attention_label,
    customer_name,
    format_clock,
    format_duration,
    format_minute,
    plural,
)
from slotmcp.web.dashboard.pages import PRIVATE_HEADERS
from slotmcp.web.dashboard.request import DashboardRequest, PageRoute
from slotmcp.web.dashboard.timeline import COLUMN_MINUTES, TimeGrid

POLLS_PER_KEEP_ALIVE: Final = 4
POLLS_PER_USE: Final = 60
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Booking, hold, busy time, break or time off of a technician."""

    kind: str
    """CSS classes: booked, held, busy, pause (with floats for a floating break) or away."""
    place: str
    """CSS classes of the position on the time grid."""
    begins: str
    """Local time, such as "09:00"."""
    ends: str
    title: str
    more: str = ""
    start: int = 0
    booking_id: str = ""
    is_movable: bool = False
    attention: str = ""
    outcome: str = ""
    """Final status of the booking, if it has one."""
    expires_at_ms: int = 0
    time_left: str = ""
    """Minutes and seconds until a hold expires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """Technician on the board."""

    technician_id: str
    name: str
    load: str
    is_off: bool
    shifts: Sequence[str]
    """CSS classes of the positions of working time."""
    on_call: Sequence[str]
    """CSS classes of the positions of on-call time."""
    on_call_times: str
    """Local times of the on-call time, such as "17:00-24:00"."""
    blocks: Sequence[Block]
    """Blocks by start."""
    is_empty: bool
    """True if the technician has neither a shift nor blocks."""


async def board(request: DashboardRequest) -> Response:
    """Show a day: ?day=2026-11-26."""
    answer = await request.app.board.board(request.project_id, _day(request))
    url = request.url()
    return request.page(
        "board.html",
        answer=answer,
        board=_layout(answer),
        date=f"{answer.day:%A, %B} {answer.day.day}, {answer.day.year}",
        previous_day=answer.day - _ONE_DAY,
        next_day=answer.day + _ONE_DAY,
        current_url=url if answer.day == answer.today else f"{url}?day={answer.day}",
        done=await _moved_message(request),
    )


async def events(request: DashboardRequest) -> Response:
    """Stream an event whenever the board has changed."""
    revision = request.http.headers.get("last-event-id", request.query("since"))
    stream = OpenStream(principal=request.principal, dashboard_session_id=request.session_id)
    headers = {**PRIVATE_HEADERS, "X-Accel-Buffering": "no"}
    return StreamingResponse(_changes(request, stream, revision), media_type="text/event-stream", headers=headers)


ROUTES: Final = (PageRoute(path="", handler=board), PageRoute(path="/events", handler=events))


async def _changes(request: DashboardRequest, stream: OpenStream, sent_revision: str) -> AsyncIterator[str]:
    """Yield an event for each new revision until the session or the server ends."""
    with request.app.open_streams.opened(stream):
        async for event in _events_until_end(request, stream, sent_revision):
            yield event
    yield "event: changed\ndata: over\n\n"


async def _events_until_end(request: DashboardRequest, stream: OpenStream, sent_revision: str) -> AsyncIterator[str]:
    polls = 0
    while not (stream.has_ended or request.context.shutdown.is_drained):
        try:
            revision = str(await request.app.board.revision(request.project_id))
            if revision != sent_revision:
                sent_revision = revision
                yield f"id: {revision}\nevent: changed\ndata: {revision}\n\n"
            elif polls % POLLS_PER_KEEP_ALIVE == 0:
                yield ": keep-alive\n\n"
            polls += 1
            if polls % POLLS_PER_USE == 0:
                await request.use_session()
        except TryLater:
            pass  # the database is unavailable: poll again
        except NotFound:
            break
        await stream.sleep(MAX_AGE_SECONDS)


async def _moved_message(request: DashboardRequest) -> str:
    """Return a confirmation for the booking that was moved from the board."""
    if not (booking_id := request.query("moved")):
        return ""
    answer = await request.app.bookings.find_bookings(FindRequest(project_id=request.project_id, booking_id=booking_id))
    if not answer.found:
        return ""
    found = answer.found[0]
    start = format_minute(answer.project.timezone, found.booking.claim.start)
    return f"Booking moved to {start}: {customer_name(found.booking)} with {found.technician.name}."


def _day(request: DashboardRequest) -> date | None:
    if not (text := request.query("day")):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidArgument("day", "give a date such as 2026-11-26.") from None


def _layout(answer: BoardAnswer) -> dict[str, object]:
    """Place a day's hours and rows on the time grid. `now` is empty if the current time is not visible."""
    zone_key = answer.schedule.project.timezone
    grid = TimeGrid.around(answer.span, [span for day in answer.technicians for span in _spans(day)])
    now = answer.now_ms // MS_PER_MINUTE
    shows_now = answer.day == answer.today and grid.shows(now)
    rows = [_RowBuilder(answer, grid).row(day) for day in answer.technicians]
    return {
        "hours": [(format_clock(zone_key, minute), grid.place((minute, minute + 60))) for minute in grid.hours()],
        "full_width": grid.place(grid.shown),
        "columns": grid.columns,
        "first_minute": grid.shown[0],
        "minutes_per_column": COLUMN_MINUTES,
        "rows": rows,
        "has_on_call": any(day.on_call for day in answer.technicians),
        "has_floating_breaks": any(day.floating_breaks for day in answer.technicians),
        "now": grid.place((now, now + COLUMN_MINUTES)) if shows_now else "",
        "is_empty": all(row.is_empty for row in rows),
        "summary": _summary(answer),
        "attention": _attention(answer.needing_attention),
    }


def _attention(bookings: int) -> str:
    return f"{plural(bookings, 'booking')} {'needs' if bookings == 1 else 'need'} attention." if bookings else ""


def _format_time_left(expires_at_ms: int, now_ms: int) -> str:
    """Format the time until a hold expires, such as "1:05"."""
    minutes, seconds = divmod(max(0, -(-(expires_at_ms - now_ms) // MS_PER_SECOND)), 60)
    return f"{minutes}:{seconds:02}"


class _RowBuilder:
    """Builder of rows and their blocks."""

    def __init__(self, answer: BoardAnswer, grid: TimeGrid) -> None:
        self._answer = answer
        self._grid = grid
        self._zone = answer.schedule.project.timezone

    def row(self, day: TechnicianDay) -> BoardRow:
        blocks = sorted(self._blocks(day), key=lambda block: (block.start, block.kind))
        return BoardRow(
            technician_id=day.technician.id,
            name=day.technician.name,
            load=plural(len(day.bookings), "booking"),
            is_off=day.technician.status is TechnicianStatus.OFF,
            shifts=[self._grid.place(span) for span in day.shifts],
            on_call=[self._grid.place(span) for span in day.on_call if self._grid.overlaps(span)],
            on_call_times=", ".join(map(self._times, day.on_call)),
            blocks=blocks,
            is_empty=not day.shifts and not day.on_call and not blocks,
        )

    def _times(self, span: Interval) -> str:
        """Format a span of the day. Its last midnight is 24:00."""
        ends = "24:00" if span[1] == self._answer.span[1] else format_clock(self._zone, span[1])
        return f"{format_clock(self._zone, span[0])}-{ends}"

    def _blocks(self, day: TechnicianDay) -> Iterator[Block]:
        yield from map(self._booking, day.bookings)
        yield from map(self._hold, day.holds)
        for busy in day.busy:
            yield self._block("busy", (busy.start, busy.end), "Busy", "Calendar" if busy.source else "")
        for span in day.breaks:
            yield self._block("pause", span, "Break")
        yield from map(self._floating_break, day.floating_breaks)
        for off in day.time_off:
            yield self._block("away", (off.start, off.end), "Time off", off.reason)

    def _floating_break(self, planned: PlannedBreak) -> Block:
        """Show a floating break where it fits now, or its window if no room is left."""
        window = planned.due.window
        if planned.place is None:
            return self._block("pause floats", window, "No room for break", format_duration(planned.due.minutes))
        between = f"any time {format_clock(self._zone, window[0])}-{format_clock(self._zone, window[1])}"
        return self._block("pause floats", planned.place, "Break", between)

    def _booking(self, booking: Booking) -> Block:
        claim = booking.claim
        service = service_of(self._answer.schedule, claim).name
        title, more = (booking.customer.name, service) if booking.customer else (service, NO_CUSTOMER)
        is_open = booking.is_active
        return replace(
            self._block("booked", claim.interval, title, more),
            booking_id=booking.id,
            is_movable=is_open and not booking.is_over(self._answer.now_ms),
            attention=attention_label(booking.attention),
            outcome="" if is_open else booking.status.value.replace("_", "-"),
        )

    def _hold(self, claim: Claim) -> Block:
        expires_at_ms = claim.expires_at_ms or 0
        return replace(
            self._block("held", claim.interval, "Held", service_of(self._answer.schedule, claim).name),
            expires_at_ms=expires_at_ms,
            time_left=_format_time_left(expires_at_ms, self._answer.now_ms),
        )

    def _block(self, kind: str, span: Interval, title: str, more: str = "") -> Block:
        return Block(
            kind=kind,
            place=self._grid.place(span),
            begins=format_clock(self._zone, span[0]),
            ends=format_clock(self._zone, span[1]),
            title=title,
            more=more,
            start=span[0],
        )


def _spans(day: TechnicianDay) -> Iterator[Interval]:
    """Yield the spans that must be visible. Time off and on-call time are left out, because they may last all day."""
    yield from day.shifts
    yield from (booking.claim.interval for booking in day.bookings)
    yield from (claim.interval for claim in day.holds)


def _summary(answer: BoardAnswer) -> str:
    bookings = sum(len(day.bookings) for day in answer.technicians)
    holds = sum(len(day.holds) for day in answer.technicians)
    working = sum(bool(day.shifts) and day.technician.status is TechnicianStatus.ACTIVE for day in answer.technicians)
    counts = [plural(bookings, "booking"), f"{plural(working, 'technician')} working"]
    on_call = sum(bool(day.on_call) for day in answer.technicians)
    counts += [f"{on_call} on call"] * bool(on_call)
    return f"{', '.join(counts + [plural(holds, 'hold')] * bool(holds))}."
