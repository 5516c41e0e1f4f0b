"""The gaps, in sentences that can be read aloud."""

from collections.abc import Sequence
from dataclasses import dataclass

from slotmcp.domain.book import Book
from slotmcp.domain.report import ExtraHour, ExtraSkills, Gap, GapChange
from slotmcp.services.named import technician_of
from slotmcp.services.reports import GapsAnswer
from slotmcp.web.dashboard.charts import percent_of
from slotmcp.web.dashboard.words import WEEKDAYS, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """A change, and what it would have won."""

    change: str
    won: str
    percent: int
    """Of what the best one wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapsView:
    """All that is said of the gaps."""

    lost: int
    told: str
    """How many were lost, and what of them."""
    rows: Sequence[GapRow]


def gaps_view(answer: GapsAnswer) -> GapsView:
    """The ranked list."""
    gaps = answer.gaps
    most = max((one.won for one in gaps.gaps), default=0)
    told = f"{counted(gaps.lost, 'caller')} left without a booking"
    if gaps.had_a_choice:
        told += f", of whom {gaps.had_a_choice} could have had a time even so"
    return GapsView(lost=gaps.lost, told=told, rows=[_row(one, answer.book, most) for one in gaps.gaps])


def _row(gap: Gap, book: Book, most: int) -> GapRow:
    won = f"{counted(gap.won, 'more caller')} would have booked"
    return GapRow(change=_change(gap.change, book), won=won, percent=percent_of(gap.won, most))


def _change(change: GapChange, book: Book) -> str:
    match change:
        case ExtraHour():
            who, day, hour = technician_of(book, change.technician_id).name, WEEKDAYS[change.weekday], change.hour
            return f"If {who} also worked {day}s {hour:02}:00-{hour + 1:02}:00"
        case ExtraSkills():
            return f"If {technician_of(book, change.technician_id).name} learned {_row_of(change.skills)}"
        case _:
            service = book.services.get(change.service_id)
            like = technician_of(book, change.like_technician_id).name
            what = service.name if service else change.service_id
            return f"If there were one more technician for {what}, with the shifts of {like}"


def _row_of(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
