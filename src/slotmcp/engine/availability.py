"""Availability: a book at an instant, indexed. What every question about free time is asked of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from math import inf

from slotmcp.domain.catalog import Project
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import MS_PER_MINUTE, Minute, minute_at_or_after
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.engine.closures import closed_dates
from slotmcp.engine.day_slots import DaySlots
from slotmcp.engine.frame import Frame, frame_of
from slotmcp.engine.need import Need
from slotmcp.engine.openings import Dates, opening_hours, working_days
from slotmcp.engine.ranking import Policy
from slotmcp.engine.relocation import Relocation
from slotmcp.engine.timeline import Timeline
from slotmcp.engine.travel import TravelTimes

_MARGIN = timedelta(days=3)
"""Spans of other zones, past midnight, and jobs of a day reach this far beyond the frame at most."""

SlotsByNeed = dict[tuple[Need, Policy], dict[int, DaySlots]]
"""What `find_slots` has worked out, by day of the frame. Not yet cut to a range."""


class Index:
    """Timelines by technician, and what follows from them."""

    def __init__(
        self, timelines: Mapping[str, Timeline], schedule: Schedule, cached_travel: TravelTimes | None
    ) -> None:
        self.timelines = timelines
        self._schedule = schedule
        self._cached_travel = cached_travel
        self._eligible: dict[frozenset[str], tuple[Timeline, ...]] = {}
        self.slots_by_need: SlotsByNeed = {}
        self.until_ms = min((line.until_ms for line in timelines.values()), default=inf)
        """From then on a hold in here has expired."""

    @cached_property
    def relocation(self) -> Relocation:
        """Which holds can make room."""
        return Relocation(self.timelines, self._schedule, self._cached_travel)

    def eligible(self, need: Need) -> tuple[Timeline, ...]:
        """Timelines of those who have the skills, or of the one who is wished for if they have."""
        found = self._eligible.get(need.skills)
        if found is None:
            found = tuple(
                line for line in self.timelines.values() if need.skills <= line.technician_schedule.technician.skills
            )
            self._eligible[need.skills] = found
        if need.technician_id is None:
            return found
        return tuple(line for line in found if line.technician_schedule.technician.id == need.technician_id)

    def without(self, claim: Claim) -> "Index":
        """The same, as if one claim were not there."""
        line = self.timelines.get(claim.technician_id)
        if line is None:
            return self
        return Index(
            {**self.timelines, claim.technician_id: line.without(claim.id)}, self._schedule, self._cached_travel
        )


@dataclass(frozen=True, slots=True, eq=False)
class Availability:
    """A book, indexed, at one instant."""

    schedule: Schedule
    now_ms: int
    frame: Frame
    index: Index
    cached_travel: TravelTimes | None = None
    """The ways that a routing service has told so far; None: all are estimated."""

    @classmethod
    def of(
        cls,
        schedule: Schedule,
        now_ms: int,
        previous: "Availability | None" = None,
        cached_travel: TravelTimes | None = None,
    ) -> "Availability":
        """Index a book. Of an earlier availability, the timelines that still hold are taken over.

        They hold while the project and the date are the same, the diary is the same object, and none of its
        holds has expired since.
        """
        frame = frame_of(schedule.project, now_ms // MS_PER_MINUTE)
        if previous is None or not previous._holds_for(schedule.project, frame, now_ms):  # noqa: SLF001  our own kind
            return cls(schedule, now_ms, frame, _index(schedule, frame, now_ms, {}, cached_travel), cached_travel)
        if previous.schedule is schedule and now_ms < previous.index.until_ms:
            return cls(schedule, now_ms, frame, previous.index, previous.cached_travel)
        return cls(
            schedule,
            now_ms,
            frame,
            _index(schedule, frame, now_ms, previous.index.timelines, cached_travel),
            cached_travel,
        )

    @property
    def earliest_start(self) -> Minute:
        """The first minute that the notice allows (rule 15)."""
        return minute_at_or_after(self.now_ms) + self.schedule.project.min_notice_minutes

    def is_bookable_start(self, start: Minute) -> bool:
        """Whether notice, horizon, and the clock's grid where that is the grid, allow a start (rules 13, 15 and 16)."""
        return self.earliest_start <= start and self.frame.has(start)

    def without(self, claim: Claim) -> "Availability":
        """The same, as if one claim were not there."""
        return replace(self, index=self.index.without(claim))

    def _holds_for(self, project: Project, frame: Frame, now_ms: int) -> bool:
        return self.frame is frame and self.schedule.project == project and self.now_ms <= now_ms


def _index(
    schedule: Schedule, frame: Frame, now_ms: int, known: Mapping[str, Timeline], cached_travel: TravelTimes | None
) -> Index:
    dates = _dates(schedule.project, frame, frame.days)
    timelines: dict[str, Timeline] = {}
    for technician_id, technician_schedule in schedule.technician_schedules.items():
        line = known.get(technician_id)
        if line is None or line.technician_schedule is not technician_schedule or line.until_ms <= now_ms:
            line = _timeline(technician_schedule, schedule.project, frame, dates, now_ms)
        timelines[technician_id] = line
    return Index(timelines, schedule, cached_travel)


def _timeline(
    technician_schedule: TechnicianSchedule, project: Project, frame: Frame, dates: Dates, now_ms: int
) -> Timeline:
    live = technician_schedule.claims
    if held := [claim for claim in live if claim.expires_at_ms is not None]:
        live = tuple(claim for claim in live if claim.is_live(now_ms))
        held_days = max(frame.day_number(claim.start) + 1 for claim in held)
        if held_days > frame.days:  # the horizon shrank; what is held beyond it stays promised (rule 20)
            dates = _dates(project, frame, held_days)
    technician = technician_schedule.technician
    return Timeline(technician_schedule, frame, opening_hours(technician, dates), live, working_days(technician, dates))


def _dates(project: Project, frame: Frame, days: int) -> Dates:
    first, last = frame.first_day - _MARGIN, frame.first_day + timedelta(days=days - 1) + _MARGIN
    return Dates(first, last, closed_dates(project, range(first.year, last.year + 1)))
