"""Technicians who can take a job, minute by minute (rules 8 to 14, and 23)."""

from functools import cached_property

from oracle.areas import is_served_by
from oracle.breaks import DueBreak, due_on, fit_together, grouped
from oracle.facts import MARGIN_DAYS
from oracle.journeys import Journeys
from oracle.wall_clock import DAY, minute_when, reading
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import SlotAlignment, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule
from slotmcp.engine.need import Need


class Jobs(Journeys):
    """Rules for taking a job."""

    def __init__(self, schedule: Schedule, now_ms: int) -> None:
        super().__init__(schedule, now_ms)
        self._due_breaks: dict[str, list[list[DueBreak]]] = {}
        self._origins: dict[tuple[object, ...], dict[int, int]] = {}

    def can_take(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rules 8 to 14, and 23."""
        return self.is_on_grid(technician, need, start, without) and self.has_room(technician, need, start, without)

    def is_on_grid(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rules 13 and 14."""
        if self.project.slot_alignment is SlotAlignment.OPENING:
            return self.is_on_opening_grid(technician, need, start, without)
        return self.is_on_clock(start)

    def has_room(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rules 8 to 12, 23 and 37."""
        return (
            need.skills <= technician.skills
            and is_served_by(need.area, technician)
            and self.is_open(technician, need, start)
            and not self.blocking_claims(technician, need, start, without)
            and not self.is_busy(technician, need, start)
            and self.leaves_breaks(technician, need, start, without)
            and not self.is_full_that_day(technician, start, without)
            and self.is_reached(technician, need, start, without)
        )

    def is_open(self, technician: Technician, need: Need, start: int) -> bool:
        """Rule 9."""
        return self.open_minutes(technician, need.priority).issuperset(range(start, start + need.duration_minutes))

    def blocking_claims(
        self, technician: Technician, need: Need, start: int, without: Claim | None = None
    ) -> list[Claim]:
        """Rule 10."""
        first, end = _job_with_buffers(need, start)
        spans = [(claim, *_with_buffers(claim)) for claim in self.live_claims(technician, without)]
        return [claim for claim, claim_first, claim_end in spans if first < claim_end and claim_first < end]

    def is_busy(self, technician: Technician, need: Need, start: int) -> bool:
        """Rule 11."""
        first, end = _job_with_buffers(need, start)
        return any(
            first < busy.end and busy.start < end for busy in self.schedule.technician_schedules[technician.id].busy
        )

    def leaves_breaks(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rule 35."""
        if not technician.floating_breaks:
            return True
        first, end = _job_with_buffers(need, start)
        free = (
            self.open_minutes(technician, Priority.NORMAL)
            - self._taken_minutes(technician, without)
            - set(range(first, end))
        )
        groups = self.due_breaks(technician)
        return all(
            fit_together(group, frozenset(free))
            for group in groups
            if any(window.start < end and first < window.stop for window, _ in group)
        )

    def due_breaks(self, technician: Technician) -> list[list[DueBreak]]:
        """Return the floating breaks of all dates, those together whose windows overlap."""
        if technician.id not in self._due_breaks:
            first, last = self.today - MARGIN_DAYS, self._last_day
            open_minutes = self.open_minutes(technician, Priority.NORMAL)
            self._due_breaks[technician.id] = [
                group for day in range(first, last + 1) for group in grouped(due_on(technician, day, open_minutes))
            ]
        return self._due_breaks[technician.id]

    def is_full_that_day(self, technician: Technician, start: int, without: Claim | None = None) -> bool:
        """Rule 12."""
        if technician.max_bookings_per_day is None:
            return False
        that_day = [one for one in self.live_claims(technician, without) if self.date(one.start) == self.date(start)]
        return len(that_day) >= technician.max_bookings_per_day

    def is_on_clock(self, start: int) -> bool:
        """Rule 13."""
        return reading(self.project.timezone, start) % DAY % self.project.slot_interval_minutes == 0

    def is_on_opening_grid(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rule 14."""
        key = (technician.id, need.buffer_before_minutes, without.id if without else None, need.priority)
        if key not in self._origins:
            self._origins[key] = self._walk(technician, need, without)
        origin = self._origins[key].get(start)
        return origin is not None and (start - origin) % self.project.slot_interval_minutes == 0

    def _walk(self, technician: Technician, need: Need, without: Claim | None) -> dict[int, int]:
        """Return, for each free minute, the start of the free run around it, or the midnight in that run."""
        opening, buffer_before = self.open_minutes(technician, need.priority), need.buffer_before_minutes
        taken = self._taken_minutes(technician, without)
        origins: dict[int, int] = {}
        for minute in range(min(self._midnights), max(self._midnights)):
            if minute in opening and taken.isdisjoint(range(minute - buffer_before, minute + 1)):
                origins[minute] = minute if minute in self._midnights else origins.get(minute - 1, minute)
        return origins

    def _taken_minutes(self, technician: Technician, without: Claim | None) -> set[int]:
        taken: set[int] = set()
        for claim in self.live_claims(technician, without):
            taken.update(range(*_with_buffers(claim)))
        for busy in self.schedule.technician_schedules[technician.id].busy:
            taken.update(range(busy.start, busy.end))
        return taken

    @cached_property
    def _midnights(self) -> frozenset[int]:
        """Every midnight of the project's zone from today to the end of the horizon."""
        last = self.today + self.longest_horizon + 1
        return frozenset(minute_when(self.project.timezone, day * DAY) for day in range(self.today, last + 1))


def _job_with_buffers(need: Need, start: int) -> tuple[int, int]:
    return start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes


def _with_buffers(claim: Claim) -> tuple[int, int]:
    return claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes
