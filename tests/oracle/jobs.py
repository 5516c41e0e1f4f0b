"""Who can take a job, asked of every single minute (rules 8 to 14)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Self

from oracle.opening import opening_minutes
from oracle.wall_clock import DAY, day_of, minute_when, reading
from slotmcp.domain.book import Book
from slotmcp.domain.catalog import SlotAlignment, Technician
from slotmcp.domain.claim import Claim
from slotmcp.engine.need import Need

MARGIN_DAYS = 4
"""Opening hours are worked out this many dates around the others: zones differ and shifts pass midnight."""


class Jobs:
    """One book at one now. Every question may be asked as if the claim `without` were not there."""

    def __init__(self, book: Book, now_ms: int) -> None:
        self.book = book
        self.project = book.project
        self.now_ms = now_ms
        self._open: dict[str, frozenset[int]] = {}
        self._origins: dict[tuple[str, int, str | None], dict[int, int]] = {}
        self._live: dict[str, list[Claim]] = {}

    def with_claims(self, technician_id: str, claims: Sequence[Claim]) -> Self:
        """The same with other claims on one technician."""
        diary = replace(self.book.diaries[technician_id], claims=tuple(claims))
        other = type(self)(replace(self.book, diaries={**self.book.diaries, technician_id: diary}), self.now_ms)
        other._open = self._open  # noqa: SLF001  of its own class; hours do not depend on claims and take long
        return other

    def can_take(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rules 8 to 14."""
        if self.project.slot_alignment is SlotAlignment.OPENING:
            on_grid = self.is_on_opening_grid(technician, need, start, without)
        else:
            on_grid = self.is_on_clock(start)
        return on_grid and self.has_room(technician, need, start, without)

    def has_room(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rules 8 to 12."""
        return (
            need.skills <= technician.skills
            and self.open_minutes(technician).issuperset(range(start, start + need.duration_minutes))
            and not self.claims_in_the_way(technician, need, start, without)
            and not self.is_busy(technician, need, start)
            and not self.is_full_that_day(technician, start, without)
        )

    def claims_in_the_way(
        self, technician: Technician, need: Need, start: int, without: Claim | None = None
    ) -> list[Claim]:
        """Rule 10."""
        first, end = _job_with_buffers(need, start)
        spans = [(claim, *_with_buffers(claim)) for claim in self.live_claims(technician, without)]
        return [claim for claim, claim_first, claim_end in spans if first < claim_end and claim_first < end]

    def is_busy(self, technician: Technician, need: Need, start: int) -> bool:
        """Rule 11."""
        first, end = _job_with_buffers(need, start)
        return any(first < busy.end and busy.start < end for busy in self.book.diaries[technician.id].busy)

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
        key = (technician.id, need.buffer_before_minutes, without.id if without else None)
        if key not in self._origins:
            self._origins[key] = self._walk(technician, need.buffer_before_minutes, without)
        origin = self._origins[key].get(start)
        return origin is not None and (start - origin) % self.project.slot_interval_minutes == 0

    def _walk(self, technician: Technician, buffer_before: int, without: Claim | None) -> dict[int, int]:
        """Where the free run around each free minute begins, or the midnight in it."""
        opening = self.open_minutes(technician)
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
        for busy in self.book.diaries[technician.id].busy:
            taken.update(range(busy.start, busy.end))
        return taken

    # Plain facts

    @cached_property
    def technicians(self) -> list[Technician]:
        return [diary.technician for diary in self.book.diaries.values()]

    def live_claims(self, technician: Technician, without: Claim | None = None) -> list[Claim]:
        """Bookings, and holds whose `expires_at_ms` is still to come."""
        if technician.id not in self._live:
            claims = self.book.diaries[technician.id].claims
            self._live[technician.id] = [claim for claim in claims if _is_live(claim, self.now_ms)]
        return [claim for claim in self._live[technician.id] if claim is not without]

    def open_minutes(self, technician: Technician) -> frozenset[int]:
        """Opening hours around the days in question: up to the horizon, and to the last claim."""
        if technician.id not in self._open:
            claimed = [self.date(claim.end) for diary in self.book.diaries.values() for claim in diary.claims]
            last = max(self.today + self.project.horizon_days, *claimed, 0) + MARGIN_DAYS
            self._open[technician.id] = opening_minutes(self.project, technician, self.today - MARGIN_DAYS, last)
        return self._open[technician.id]

    @cached_property
    def _midnights(self) -> frozenset[int]:
        """Every midnight of the project's zone from today to the end of the horizon."""
        last = self.today + self.project.horizon_days + 1
        return frozenset(minute_when(self.project.timezone, day * DAY) for day in range(self.today, last + 1))

    def date(self, minute: int) -> int:
        """The date of a minute in the project's zone, in days since 1970-01-01."""
        return day_of(self.project.timezone, minute)

    @cached_property
    def today(self) -> int:
        """The date of now in the project's zone."""
        return self.date(self.now_ms // 60_000)


def _is_live(claim: Claim, now_ms: int) -> bool:
    return claim.expires_at_ms is None or claim.expires_at_ms > now_ms


def _job_with_buffers(need: Need, start: int) -> tuple[int, int]:
    return start - need.buffer_before_minutes, start + need.duration_minutes + need.buffer_after_minutes


def _with_buffers(claim: Claim) -> tuple[int, int]:
    return claim.start - claim.buffer_before_minutes, claim.end + claim.buffer_after_minutes
