"""The gaps, in sentences that can be read aloud."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

from slotmcp.domain.report import ExtraHour, ExtraSkills, Gap, GapChange
from slotmcp.domain.schedule import Schedule
from slotmcp.services.named import technician_of
from slotmcp.services.reporting.reports import GapsAnswer
from slotmcp.web.dashboard.charts import percent_of
from slotmcp.web.dashboard.words import WEEKDAYS, counted, row_of


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
    if gaps.had_alternatives:
        told += f", of whom {gaps.had_alternatives} could have had a time even so"
    runs = groupby(enumerate(gaps.gaps), key=_run)
    rows = [_row([gap for _, gap in run], answer.schedule, most) for _, run in runs]
    return GapsView(lost=gaps.lost, told=told, rows=rows)


def _run(ranked: tuple[int, Gap]) -> Hashable:
    """The same for one hour after the other of a technician's day, each of which would have won as many."""
    place, gap = ranked
    change = gap.change
    if not isinstance(change, ExtraHour):
        return change
    return change.technician_id, change.weekday, gap.won, change.hour - place


def _row(gaps: Sequence[Gap], schedule: Schedule, most: int) -> GapRow:
    change, won = gaps[0].change, gaps[0].won
    return GapRow(
        change=_change(change, len(gaps), schedule),
        won=f"{counted(won, 'more caller')} would have booked",
        percent=percent_of(won, most),
    )


def _change(change: GapChange, hours: int, schedule: Schedule) -> str:
    match change:
        case ExtraHour():
            who, day = technician_of(schedule, change.technician_id).name, WEEKDAYS[change.weekday]
            begin, end = f"{change.hour:02}:00", f"{change.hour + hours:02}:00"
            when = f"{day}s {begin}-{end}" if hours == 1 else f"an hour of {day}s between {begin} and {end}"
            return f"If {who} also worked {when}"
        case ExtraSkills():
            return f"If {technician_of(schedule, change.technician_id).name} learned {row_of(change.skills)}"
        case _:
            service = schedule.services.get(change.service_id)
            like = technician_of(schedule, change.like_technician_id).name
            what = service.name if service else change.service_id
            return f"If there were one more technician for {what}, with the shifts of {like}"
