"""Reasons against a start for a technician: every rule that fails, not only the first.

The rules are those of docs/reference/availability.md; the names of the reasons are those of slotmcp.domain.reasons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from oracle.areas import is_served_by, is_served_on
from oracle.capacity import Oracle
from oracle.facts import MARGIN_DAYS, runs
from oracle.opening import absences, break_minutes, on_call_minutes, shift_minutes
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Project, Technician, TechnicianStatus
from slotmcp.domain.reasons import Reason
from slotmcp.engine.need import Need

Until = int | None
RULES_OF_SERVICE = frozenset(
    {Reason.AREA_DAY, Reason.NOT_BOOKABLE_THEN, Reason.EMERGENCY_ONLY, Reason.SERVICE_DAY_FULL}
)
"""Reasons of the service, or of the area."""
COMMON_REASONS = frozenset({Reason.PAST, Reason.NOTICE, Reason.HORIZON, Reason.OFF_GRID})
"""Reasons that apply to all technicians."""
ABSENCES = (
    Reason.INACTIVE,
    Reason.TOO_LONG,
    Reason.OUTSIDE_SHIFT,
    Reason.HOLIDAY,
    Reason.CLOSED,
    Reason.TIME_OFF,
    Reason.BREAK,
    Reason.ON_CALL_ONLY,
)
"""Reasons that keep a technician from any job at a time. Each makes a sentence about those before it true, too."""


class Reasons(Oracle):
    """Oracle for reasons."""

    @cached_property
    def _longest_spans(self) -> dict[tuple[str, Priority], int]:
        return {}

    def blocking_reasons(self, technician: Technician, need: Need, start: int) -> Mapping[Reason, frozenset[Until]]:
        """Return each reason with the minutes that are valid as its end."""
        found: dict[Reason, set[Until]] = {}
        for reason, until in self._all(technician, need, start):
            found.setdefault(reason, set()).add(until)
        return {reason: frozenset(ends) for reason, ends in found.items()}

    def _all(self, technician: Technician, need: Need, start: int) -> Iterator[tuple[Reason, Until]]:
        if technician.status is TechnicianStatus.OFF:
            yield Reason.INACTIVE, None  # rule 6
        if not need.skills <= technician.skills:
            yield Reason.SKILL_MISSING, None  # rule 8
        if not is_served_by(need.area, technician):
            yield Reason.OUTSIDE_AREA, None  # rule 37
        if self.is_longer_than_each_span(technician, need):
            yield Reason.TOO_LONG, None  # rule 9
        yield from self._closed(technician, need, start)
        for claim in self.blocking_claims(technician, need, start):
            yield Reason.HELD if claim.is_hold else Reason.BOOKED, claim.end  # rule 10
        if self.is_busy(technician, need, start):
            first, end = start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes
            busy = self.schedule.technician_schedules[technician.id].busy
            yield Reason.BUSY, max(one.end for one in busy if first < one.end and one.start < end)  # rule 11
        if not self.leaves_breaks(technician, need, start):
            yield Reason.BREAK, None  # rule 35
        if self.is_full_that_day(technician, start):
            yield Reason.DAY_FULL, None  # rule 12
        if not self.is_reached(technician, need, start):
            yield Reason.TRAVEL, None  # rule 23
        yield from self._common_reasons(technician, need, start)

    def team_reasons(self, need: Need, start: int) -> frozenset[Reason]:
        """Return the reasons that may be stated for all technicians together.

        A reason has to be true of a technician with the skills who serves the area. An absence has to be true of each
        of them, or be an absence that goes less far than theirs: "everybody who could come has a break" while one is
        on vacation.
        """
        skilled = [
            one for one in self.technicians if need.skills <= one.skills and need.technician_id in {None, one.id}
        ]
        if not skilled:
            return frozenset({Reason.SKILL_MISSING})
        serving = [one for one in skilled if is_served_by(need.area, one)]
        if not serving:
            return frozenset({Reason.OUTSIDE_AREA})
        found = [set(self.blocking_reasons(one, need, start)) for one in serving]
        is_true_of_all = {
            absence: all(not reasons.isdisjoint(ABSENCES[: number + 1]) for reasons in found)
            for number, absence in enumerate(ABSENCES)
        }
        return frozenset(reason for reason in set().union(*found) if is_true_of_all.get(reason, True))

    def is_longer_than_each_span(self, technician: Technician, need: Need) -> bool:
        """Return whether a job is longer than each unbroken span of work that overlaps the bookable dates."""
        longest = self._longest_spans.get((technician.id, need.priority))
        if longest is None:
            minutes = self._working_minutes(technician, need.priority)
            minutes -= break_minutes(technician, self.today - MARGIN_DAYS, self._last_day)
            spans = runs(minutes)
            lengths = [len(span) for span in spans if any(map(self.is_bookable_date, (span[0], span[-1])))]
            longest = self._longest_spans[technician.id, need.priority] = max(lengths, default=0)
        return 0 < longest < need.duration_minutes

    def is_bookable_date(self, minute: int) -> bool:
        """Return whether a minute is on a date from today to the longest horizon."""
        return self.today <= self.date(minute) <= self.today + self.longest_horizon

    def _working_minutes(self, technician: Technician, priority: Priority, project: Project | None = None) -> set[int]:
        """Return the shifts, for an emergency with on-call time."""
        first, last = self.today - MARGIN_DAYS, self._last_day
        minutes = shift_minutes(project or self.project, technician, first, last)
        if priority is Priority.EMERGENCY:
            minutes |= on_call_minutes(technician, first, last)
        return minutes

    def _closed(self, technician: Technician, need: Need, start: int) -> Iterator[tuple[Reason, Until]]:
        """Rules 2 to 6 and 9."""
        job = range(start, start + need.duration_minutes)
        if not self._working_minutes(technician, need.priority).issuperset(job):
            yield self._reason_without_shift(technician, need.priority, job), None
        is_normal = need.priority is Priority.NORMAL and not self.is_open(technician, need, start)
        if is_normal and self.is_open(technician, replace(need, priority=Priority.EMERGENCY), start):
            yield Reason.ON_CALL_ONLY, None  # rule 32
        away = absences(technician, self.today - MARGIN_DAYS, self._last_day)
        hit = [one for one in away if one.start < job.stop and job.start < one.stop]
        if hit:
            yield Reason.TIME_OFF, max(one.stop for one in hit)
        yield from ((Reason.BREAK, until) for until in self._ends_of_breaks(technician, job))

    def _reason_without_shift(self, technician: Technician, priority: Priority, job: range) -> Reason:
        open_always = replace(self.project, closures=(), holiday_regions=(), closed_dates=())
        if self._working_minutes(technician, priority, replace(self.project, closures=())).issuperset(job):
            return Reason.CLOSED
        if self._working_minutes(technician, priority, open_always).issuperset(job):
            return Reason.HOLIDAY
        return Reason.OUTSIDE_SHIFT

    def _ends_of_breaks(self, technician: Technician, job: range) -> Iterator[int]:
        """Yield the ends of the breaks that overlap the job; touching breaks count as one."""
        pauses = break_minutes(technician, self.today - MARGIN_DAYS, self._last_day)
        for minute in sorted(pauses.intersection(job)):
            end = minute + 1
            while end in pauses:
                end += 1
            yield end

    def _common_reasons(self, technician: Technician, need: Need, start: int) -> Iterator[tuple[Reason, Until]]:
        """Rules 13 to 16, 29 to 31, and 38."""
        if not is_served_on(need.area, self.date(start)):
            yield Reason.AREA_DAY, None
        if not self.is_in_span(need, start, need.priority):
            is_for_emergency = self.is_in_span(need, start, Priority.EMERGENCY)
            yield Reason.EMERGENCY_ONLY if is_for_emergency else Reason.NOT_BOOKABLE_THEN, None
        elif self.is_service_full(need, start):
            yield Reason.SERVICE_DAY_FULL, None
        if start * 60_000 < self.now_ms:
            yield Reason.PAST, None
        elif not self.is_after_notice(need, start):
            yield Reason.NOTICE, None
        if not self.is_within_horizon(need, start):
            yield Reason.HORIZON, None
        if not self.is_on_grid(technician, need, start):
            yield Reason.OFF_GRID, None
