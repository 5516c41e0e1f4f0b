"""Reasons against a start for a technician: every rule that fails, not only the first.

The rules are those of docs/reference/availability.md; the names of the reasons are those of slotmcp.domain.reasons.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from oracle.capacity import Oracle
from oracle.facts import MARGIN_DAYS
from oracle.opening import break_minutes, shift_minutes
from slotmcp.domain.catalog import Technician, TechnicianStatus
from slotmcp.domain.reasons import Reason
from slotmcp.engine.need import Need

Until = int | None
COMMON_REASONS = frozenset({Reason.NOTICE, Reason.HORIZON, Reason.OFF_GRID})
"""Reasons that apply to all technicians."""


class Reasons(Oracle):
    """Oracle for reasons."""

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
        yield from self._closed(technician, need, start)
        for claim in self.blocking_claims(technician, need, start):
            yield Reason.HELD if claim.is_hold else Reason.BOOKED, claim.end  # rule 10
        if self.is_busy(technician, need, start):
            first, end = start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes
            busy = self.schedule.technician_schedules[technician.id].busy
            yield Reason.BUSY, max(one.end for one in busy if first < one.end and one.start < end)  # rule 11
        if self.is_full_that_day(technician, start):
            yield Reason.DAY_FULL, None  # rule 12
        if not self.is_reached(technician, need, start):
            yield Reason.TRAVEL, None  # rule 23
        yield from self._common_reasons(technician, need, start)

    def _closed(self, technician: Technician, need: Need, start: int) -> Iterator[tuple[Reason, Until]]:
        """Rules 2 to 6 and 9."""
        job = range(start, start + need.duration_minutes)
        day = self.working_day(technician, start)
        if day is None or job[-1] not in day:
            would_work = self._shifts_without_holidays(technician).issuperset(job)
            yield Reason.HOLIDAY if would_work else Reason.OUTSIDE_SHIFT, None
        absences = [one for one in technician.time_off if one.start < job.stop and job.start < one.end]
        if absences:
            yield Reason.TIME_OFF, max(one.end for one in absences)
        yield from ((Reason.BREAK, until) for until in self._ends_of_breaks(technician, job))

    def _shifts_without_holidays(self, technician: Technician) -> set[int]:
        always_open = replace(self.project, holiday_regions=(), closed_dates=())
        return shift_minutes(always_open, technician, self.today - MARGIN_DAYS, self._last_day)

    def _ends_of_breaks(self, technician: Technician, job: range) -> Iterator[int]:
        """Yield the ends of the breaks that overlap the job; touching breaks count as one."""
        pauses = break_minutes(technician, self.today - MARGIN_DAYS, self._last_day)
        for minute in sorted(pauses.intersection(job)):
            end = minute + 1
            while end in pauses:
                end += 1
            yield end

    def _common_reasons(self, technician: Technician, need: Need, start: int) -> Iterator[tuple[Reason, Until]]:
        """Rules 13 to 16."""
        if not self.is_after_notice(start):
            yield Reason.NOTICE, None
        if not self.is_within_horizon(start):
            yield Reason.HORIZON, None
        if not self.is_on_grid(technician, need, start):
            yield Reason.OFF_GRID, None
