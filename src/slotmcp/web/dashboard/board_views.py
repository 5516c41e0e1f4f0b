"""A day as the board shows it: blocks on a timeline, each with its words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.claim import BusyTime, Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Interval
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.board import BoardAnswer, TechnicianDay
from slotmcp.services.named import service_of
from slotmcp.web.dashboard.timeline import MINUTES, PER_HOUR, Timeline
from slotmcp.web.dashboard.words import counted

_MS_PER_SECOND: Final = 1000
_MOVABLE: Final = frozenset({BookingStatus.CONFIRMED, BookingStatus.RESCHEDULED})
NOBODY: Final = "No name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Something that takes a technician's time."""

    kind: str
    """booked, held, busy, pause, or away: how it is drawn."""
    place: str
    when: str
    """ "09:00-10:00"."""
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
    zone_key = answer.book.project.timezone
    line = Timeline.around(answer.span, [span for one in answer.technicians for span in _spans(one)])
    now = answer.now_ms // MS_PER_MINUTE
    is_now = answer.day == answer.today and line.has(now)
    rows = [_Lines(answer, line).row(one) for one in answer.technicians]
    return BoardView(
        hours=[
            (f"{utc_to_wall(zone_key, minute):%H:%M}", line.place((minute, minute + 60))) for minute in line.hours()
        ],
        everything=line.place(line.shown),
        columns=line.columns,
        first=line.shown[0],
        minutes_a_column=MINUTES,
        rows=rows,
        now=line.place((now, now + MINUTES)) if is_now else "",
        is_empty=all(row.is_empty for row in rows),
        summary=_summary(answer),
    )


def clock(zone_key: str, span: Interval) -> str:
    """A span by the clocks of a zone, such as "09:00-10:00"."""
    start, end = (f"{utc_to_wall(zone_key, minute):%H:%M}" for minute in span)
    return f"{start}\N{EN DASH}{end}"


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
        self._zone = answer.book.project.timezone

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
        yield from map(self._busy, one.busy)
        yield from (self._block("pause", span, "Break") for span in one.breaks)
        yield from (self._block("away", (off.start, off.end), "Time off", off.reason) for off in one.time_off)

    def _booked(self, booking: Booking) -> Block:
        claim = booking.claim
        service = service_of(self._answer.book, claim).name
        return self._block(
            "booked",
            claim.interval,
            customer_of(booking),
            service,
            booking_id=booking.id,
            is_movable=booking.status in _MOVABLE,
            attention=booking.attention,
            outcome="" if booking.status in _MOVABLE else booking.status.value.replace("_", " "),
        )

    def _held(self, claim: Claim) -> Block:
        expires_at_ms = claim.expires_at_ms or 0
        service = service_of(self._answer.book, claim).name
        left = time_left(expires_at_ms, self._answer.now_ms)
        return self._block("held", claim.interval, "Held", service, expires_at_ms=expires_at_ms, left=left)

    def _busy(self, busy: BusyTime) -> Block:
        return self._block("busy", (busy.start, busy.end), "Busy", "by the calendar" if busy.source else "")

    def _block(self, kind: str, span: Interval, title: str, more: str = "", **facts: object) -> Block:
        told = {"kind": kind, "place": self._line.place(span), "when": clock(self._zone, span), "title": title}
        return Block(**told, more=more, start=span[0], **facts)  # type: ignore[arg-type]  fields by name


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


__all__ = ["PER_HOUR", "Block", "BoardView", "Row", "clock", "customer_of", "time_left", "view_of"]
