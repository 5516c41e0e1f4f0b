"""Availability: a book at an instant, indexed. What every question about free time is asked of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from math import inf

from slotmcp.domain.book import Book, Diary
from slotmcp.domain.catalog import Project
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Minute, minute_at_or_after
from slotmcp.domain.offer import Candidate
from slotmcp.engine.closures import closed_dates
from slotmcp.engine.frame import Frame, frame_of
from slotmcp.engine.need import Need
from slotmcp.engine.openings import Dates, opening_hours, working_days
from slotmcp.engine.ranking import Policy, rank
from slotmcp.engine.relocation import Relocation
from slotmcp.engine.timeline import Timeline

_MARGIN = timedelta(days=3)
"""Spans of other zones, past midnight, and jobs of a day reach this far beyond the frame at most."""


Ranked = tuple[Candidate, Timeline]


class Index:
    """Timelines by technician, and what follows from them."""

    def __init__(self, timelines: Mapping[str, Timeline], book: Book) -> None:
        self.timelines = timelines
        self._book = book
        self._eligible: dict[frozenset[str], tuple[Timeline, ...]] = {}
        self._ranked: dict[tuple[frozenset[str], int, Policy], tuple[Ranked, ...]] = {}
        self.until_ms = min((line.until_ms for line in timelines.values()), default=inf)
        """From then on a hold in here has expired."""

    @cached_property
    def relocation(self) -> Relocation:
        """Which holds can make room."""
        return Relocation(self.timelines, self._book)

    def eligible(self, need: Need) -> tuple[Timeline, ...]:
        """Timelines of those who have the skills, or of the one who is wished for if they have."""
        found = self._eligible.get(need.skills)
        if found is None:
            found = tuple(line for line in self.timelines.values() if need.skills <= line.diary.technician.skills)
            self._eligible[need.skills] = found
        if need.technician_id is None:
            return found
        return tuple(line for line in found if line.diary.technician.id == need.technician_id)

    def ranked(self, need: Need, day: int, policy: Policy) -> tuple[Ranked, ...]:
        """Everybody with the skills, best first on a day of the frame; wish and way are not looked at."""
        key = need.skills, day, policy
        if key not in self._ranked:
            skilled = self.eligible(replace(need, technician_id=None))
            self._ranked[key] = tuple(
                sorted(((line.candidate(day), line) for line in skilled), key=lambda one: rank(one[0], policy))
            )
        return self._ranked[key]

    def without(self, claim: Claim) -> "Index":
        """The same, as if one claim were not there."""
        line = self.timelines.get(claim.technician_id)
        if line is None:
            return self
        return Index({**self.timelines, claim.technician_id: line.without(claim.id)}, self._book)


@dataclass(frozen=True, slots=True, eq=False)
class Availability:
    """A book, indexed, at one instant."""

    book: Book
    now_ms: int
    frame: Frame
    index: Index

    @classmethod
    def of(cls, book: Book, now_ms: int, previous: "Availability | None" = None) -> "Availability":
        """Index a book. Of an earlier availability, the timelines that still hold are taken over.

        They hold while the project and the date are the same, the diary is the same object, and none of its
        holds has expired since.
        """
        frame = frame_of(book.project, now_ms // MS_PER_MINUTE)
        if previous is None or not previous._holds_for(book.project, frame, now_ms):  # noqa: SLF001  our own kind
            return cls(book, now_ms, frame, _index(book, frame, now_ms, {}))
        if previous.book is book and now_ms < previous.index.until_ms:
            return replace(previous, now_ms=now_ms)
        return cls(book, now_ms, frame, _index(book, frame, now_ms, previous.index.timelines))

    @property
    def earliest_start(self) -> Minute:
        """The first minute that the notice allows (rule 15)."""
        return minute_at_or_after(self.now_ms) + self.book.project.min_notice_minutes

    def is_open_for(self, start: Minute) -> bool:
        """Whether notice and horizon allow a start (rules 15 and 16)."""
        return self.earliest_start <= start < self.frame.midnights[-1]

    def without(self, claim: Claim) -> "Availability":
        """The same, as if one claim were not there."""
        return replace(self, index=self.index.without(claim))

    def _holds_for(self, project: Project, frame: Frame, now_ms: int) -> bool:
        return self.frame is frame and self.book.project == project and self.now_ms <= now_ms


def _index(book: Book, frame: Frame, now_ms: int, known: Mapping[str, Timeline]) -> Index:
    dates = _dates(book.project, frame)
    timelines = {
        technician_id: _still_true(known.get(technician_id), diary, now_ms) or _timeline(diary, frame, dates, now_ms)
        for technician_id, diary in book.diaries.items()
    }
    return Index(timelines, book)


def _still_true(line: Timeline | None, diary: Diary, now_ms: int) -> Timeline | None:
    return line if line is not None and line.diary is diary and now_ms < line.until_ms else None


def _timeline(diary: Diary, frame: Frame, dates: Dates, now_ms: int) -> Timeline:
    live = tuple(claim for claim in diary.claims if claim.is_live(now_ms))
    return Timeline(diary, frame, opening_hours(diary.technician, dates), live, working_days(diary.technician, dates))


def _dates(project: Project, frame: Frame) -> Dates:
    first, last = frame.first_day - _MARGIN, frame.last_day + _MARGIN
    return Dates(first, last, closed_dates(project, range(first.year, last.year + 1)))
