"""Facts of one schedule at one instant: technicians, live claims, opening hours and dates."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Self

from oracle.opening import on_call_minutes, opening_minutes, shift_minutes
from oracle.wall_clock import day_of
from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule

MARGIN_DAYS = 4
"""Additional dates of opening hours on both sides, for other time zones and shifts past midnight."""


class Facts:
    """One schedule at one instant. The claim `without`, where it is an argument, takes no time."""

    def __init__(self, schedule: Schedule, now_ms: int) -> None:
        self.schedule = schedule
        self.project = schedule.project
        self.now_ms = now_ms
        self._open: dict[tuple[str, Priority], frozenset[int]] = {}
        self._working_days: dict[str, list[range]] = {}
        self._live: dict[str, list[Claim]] = {}

    def with_claims(self, technician_id: str, claims: Sequence[Claim]) -> Self:
        """Return the facts with other claims of one technician."""
        technician_schedule = replace(self.schedule.technician_schedules[technician_id], claims=tuple(claims))
        other = type(self)(
            replace(
                self.schedule,
                technician_schedules={**self.schedule.technician_schedules, technician_id: technician_schedule},
            ),
            self.now_ms,
        )
        other._open = self._open  # noqa: SLF001  of its own class; hours do not depend on claims and take long
        other._working_days = self._working_days  # noqa: SLF001  likewise
        return other

    @cached_property
    def technicians(self) -> list[Technician]:
        return [technician_schedule.technician for technician_schedule in self.schedule.technician_schedules.values()]

    def live_claims(self, technician: Technician, without: Claim | None = None) -> list[Claim]:
        """Return the bookings, and the holds that have not expired."""
        if technician.id not in self._live:
            claims = self.schedule.technician_schedules[technician.id].claims
            self._live[technician.id] = [claim for claim in claims if _is_live(claim, self.now_ms)]
        return [claim for claim in self._live[technician.id] if claim is not without]

    def open_minutes(self, technician: Technician, priority: Priority) -> frozenset[int]:
        """Return the opening hours for a priority, up to the horizon and to the last claim."""
        key = technician.id, priority
        if key not in self._open:
            first, last = self.today - MARGIN_DAYS, self._last_day
            self._open[key] = opening_minutes(self.project, technician, first, last, priority)
        return self._open[key]

    def working_day(self, technician: Technician, minute: int) -> range | None:
        """Return the shift that contains a minute, with breaks and time off left in (rule 23)."""
        if technician.id not in self._working_days:
            first, last = self.today - MARGIN_DAYS, self._last_day
            on_shift = shift_minutes(self.project, technician, first, last)
            self._working_days[technician.id] = runs(on_shift | on_call_minutes(technician, first, last))
        return next((day for day in self._working_days[technician.id] if minute in day), None)

    @cached_property
    def _last_day(self) -> int:
        claimed = [
            self.date(claim.end)
            for technician_schedule in self.schedule.technician_schedules.values()
            for claim in technician_schedule.claims
        ]
        return max(self.today + self.longest_horizon, *claimed, 0) + MARGIN_DAYS

    @property
    def longest_horizon(self) -> int:
        """Longest horizon of the project and its services, in days."""
        own = [one.horizon_days for one in self.schedule.services.values() if one.horizon_days is not None]
        return max(self.project.horizon_days, *own, 0)

    def date(self, minute: int) -> int:
        """Return the local date of a minute, in days since 1970-01-01."""
        return day_of(self.project.timezone, minute)

    @cached_property
    def today(self) -> int:
        """Local date of the current time."""
        return self.date(self.now_ms // 60_000)


def _is_live(claim: Claim, now_ms: int) -> bool:
    return claim.expires_at_ms is None or claim.expires_at_ms > now_ms


def runs(minutes: set[int]) -> list[range]:
    """Return the uninterrupted runs of minutes."""
    firsts = sorted(minute for minute in minutes if minute - 1 not in minutes)
    ends = sorted(minute + 1 for minute in minutes if minute + 1 not in minutes)
    return [range(first, end) for first, end in zip(firsts, ends, strict=True)]
