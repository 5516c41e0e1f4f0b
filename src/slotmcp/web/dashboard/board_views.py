"""A day as the board shows it: blocks on a timeline, each with its words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval, Minute
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.board import BoardAnswer, TechnicianDay
from slotmcp.services.named import service_of
from slotmcp.web.dashboard.timeline import MINUTES, Timeline
from slotmcp.web.dashboard.words import counted

_MS_PER_SECOND: Final = 1000
_MOVABLE: Final = frozenset({BookingStatus.CONFIRMED, BookingStatus.RESCHEDULED})
NOBODY: Final = "no name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Something that takes a technician's time."""

    kind: str
    """booked, held, busy, pause, or away: how it is drawn."""
    place: str
    begins: str
    """By the business's clocks, such as "09:00"."""
    ends: str
    title: str
    more: str = ""
    start: int = 0
    booking_id: str = ""
    is_movable: bool = False
    attention: str = ""
    outcome: str = ""
    """What came of the visit, if that is known."""
    expires_at_ms: int = 0
    left: str = ""
    """Of a hold: minutes and seconds until it lapses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A technician's line."""

    technician_id: str
    name: str
    load: str
    is_off: bool
    shifts: Sequence[str]
    """Places in which work is done."""
    blocks: Sequence[Block]
    """By start."""
    is_empty: bool
    """Nobody works, and nothing is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """A day."""

    hours: Sequence[tuple[str, str]]
    """What the clock says, and where."""
    everything: str
    """The place of the whole line."""
    columns: int
    first: int
    """The minute of the first column."""
    minutes_a_column: int
    rows: Sequence[Row]
    now: str
    """Where the line of the present is; "": it is not shown."""
    is_empty: bool
    """Nobody works and nothing is booked."""
    summary: str


def view_of(answer: BoardAnswer) -> BoardView:
    """The answer, for the page."""
    zone_key = answer.schedule.project.timezone
    line = Timeline.around(answer.span, [span for one in answer.technicians for span in _spans(one)])
    now = answer.now_ms // MS_PER_MINUTE
    is_now = answer.day == answer.today and line.has(now)
    rows = [_Lines(answer, line).row(one) for one in answer.technicians]
    return BoardView(
        hours=[(clock(zone_key, at), line.place((at, at + 60))) for at in line.hours()],
        everything=line.place(line.shown),
        columns=line.columns,
        first=line.shown[0],
        minutes_a_column=MINUTES,
        rows=rows,
        now=line.place((now, now + MINUTES)) if is_now else "",
        is_empty=all(row.is_empty for row in rows),
        summary=_summary(answer),
    )


def clock(zone_key: str, minute: Minute) -> str:
    """What the clocks of a zone show, such as "09:00"."""
    return f"{utc_to_wall(zone_key, minute):%H:%M}"


def customer_of(booking: Booking) -> str:
    """Whom it is for, as far as that is known."""
    return booking.customer.name if booking.customer else NOBODY


def time_left(expires_at_ms: int, now_ms: int) -> str:
    """What is left until then in minutes and seconds, such as "1:05"."""
    minutes, seconds = divmod(max(0, -(-(expires_at_ms - now_ms) // _MS_PER_SECOND)), 60)
    return f"{minutes}:{seconds:02}"


class _Lines:
    """Makes technicians' lines."""

    def __init__(self, answer: BoardAnswer, line: Timeline) -> None:
        self._answer = answer
        self._line = line
        self._zone = answer.schedule.project.timezone

    def row(self, one: TechnicianDay) -> Row:
        blocks = sorted(self._blocks(one), key=lambda block: (block.start, block.kind))
        return Row(
            technician_id=one.technician.id,
            name=one.technician.name,
            load=counted(len(one.bookings), "booking"),
            is_off=one.technician.status is TechnicianStatus.OFF,
            shifts=[self._line.place(span) for span in one.shifts],
            blocks=blocks,
            is_empty=not one.shifts and not blocks,
        )

    def _blocks(self, one: TechnicianDay) -> Iterator[Block]:
        yield from map(self._booked, one.bookings)
        yield from map(self._held, one.holds)
        for busy in one.busy:
            more = "by the calendar" if busy.source else ""
            yield self._plain("busy", (busy.start, busy.end), "Busy", more)
        for span in one.breaks:
            yield self._plain("pause", span, "Break")
        for off in one.time_off:
            yield self._plain("away", (off.start, off.end), "Time off", off.reason)

    def _booked(self, booking: Booking) -> Block:
        claim = booking.claim
        is_to_come = booking.status in _MOVABLE
        return replace(
            self._plain("booked", claim.interval, *_titles(booking, service_of(self._answer.schedule, claim).name)),
            booking_id=booking.id,
            is_movable=is_to_come,
            attention=booking.attention,
            outcome="" if is_to_come else booking.status.value.replace("_", " "),
        )

    def _held(self, claim: Claim) -> Block:
        expires_at_ms = claim.expires_at_ms or 0
        return replace(
            self._plain("held", claim.interval, "Held", service_of(self._answer.schedule, claim).name),
            expires_at_ms=expires_at_ms,
            left=time_left(expires_at_ms, self._answer.now_ms),
        )

    def _plain(self, kind: str, span: Interval, title: str, more: str = "") -> Block:
        return Block(
            kind=kind,
            place=self._line.place(span),
            begins=clock(self._zone, span[0]),
            ends=clock(self._zone, span[1]),
            title=title,
            more=more,
            start=span[0],
        )


def _titles(booking: Booking, service: str) -> tuple[str, str]:
    """Whom it is for, and what; of a booking that a file has brought along, the other way round."""
    return (booking.customer.name, service) if booking.customer else (service, NOBODY)


def _spans(one: TechnicianDay) -> Iterator[Interval]:
    """What has to be seen of a technician's day. Time off may be weeks."""
    yield from one.shifts
    yield from (booking.claim.interval for booking in one.bookings)
    yield from (claim.interval for claim in one.holds)


def _summary(answer: BoardAnswer) -> str:
    bookings = sum(len(one.bookings) for one in answer.technicians)
    holds = sum(len(one.holds) for one in answer.technicians)
    working = sum(bool(one.shifts) and one.technician.status is TechnicianStatus.ACTIVE for one in answer.technicians)
    told = f"{counted(bookings, 'booking')}, {counted(working, 'technician')} at work"
    return f"{told}, {counted(holds, 'time')} held." if holds else f"{told}."
