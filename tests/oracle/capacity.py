"""Who can take a job, and how many callers a start can serve (rules 8 to 21), asked of every single minute.

Written from docs/reference/availability.md alone. It shares no code with slotmcp.engine; `Need` is a plain value.
"""

from collections.abc import Sequence
from functools import cached_property

from oracle.opening import opening_minutes
from oracle.wall_clock import DAY, day_of, minute_when, reading
from slotmcp.domain.book import Book
from slotmcp.domain.catalog import RankingKey, SlotAlignment, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.offer import Candidate, Slot
from slotmcp.engine.need import Need

MARGIN_DAYS = 4
"""Opening hours are worked out this many dates beyond today and the horizon: zones differ and shifts pass midnight."""


class Oracle:
    """The rules, word for word, over one book at one now."""

    def __init__(self, book: Book, now_ms: int) -> None:
        self.book = book
        self.project = book.project
        self.now_ms = now_ms
        self._open: dict[str, frozenset[int]] = {}
        self._origins: dict[tuple[str, int, str | None], dict[int, int]] = {}
        self._live: dict[str, list[Claim]] = {}
        self._to_spare: dict[str, list[Claim]] = {}

    # What is offered

    def slots(self, need: Need, start_from: int, start_to: int) -> list[Slot]:
        """What every minute of [start_from, start_to) offers."""
        offers = (self.slot(need, start) for start in range(start_from, start_to))
        return [offer for offer in offers if offer is not None]

    def slot(self, need: Need, start: int) -> Slot | None:
        """What one minute offers (rules 15 to 19 and 21)."""
        if not self.is_after_notice(start) or not self.is_within_horizon(start):
            return None
        if self.project.slot_alignment is SlotAlignment.CLOCK and not self.is_on_clock(start):
            return None
        wished = [one for one in self.technicians if need.technician_id in (None, one.id)]
        able = [one for one in wished if self.can_take(one, need, start)]
        if able:
            return self._offer(need, start, len(able), able)
        rescued = [one for one in wished if self.can_take_after_moves(one, need, start)]
        if rescued:
            return self._offer(need, start, 1, rescued)
        return None

    def _offer(self, need: Need, start: int, capacity: int, technicians: Sequence[Technician]) -> Slot:
        ranked = sorted(technicians, key=lambda one: (*self._rank(one, start), one.id))
        candidates = tuple(
            Candidate(technician_id=one.id, priority=one.priority, bookings_that_day=self.load(one, start))
            for one in ranked
        )
        return Slot(start=start, end=start + need.duration_minutes, capacity=capacity, candidates=candidates)

    def _rank(self, technician: Technician, start: int) -> list[int]:
        values = {RankingKey.PRIORITY: technician.priority, RankingKey.LOAD: self.load(technician, start)}
        return [values[key] for key in self.project.candidate_ranking]

    def load(self, technician: Technician, start: int) -> int:
        """Bookings, not holds, that start on the date of `start` in the project's zone (rule 21)."""
        bookings = [claim for claim in self.live_claims(technician) if not claim.is_hold]
        return sum(self.date(claim.start) == self.date(start) for claim in bookings)

    # Is it offered at all

    def is_after_notice(self, start: int) -> bool:
        """Rule 15."""
        return start * 60_000 >= self.now_ms + self.project.min_notice_minutes * 60_000

    def is_within_horizon(self, start: int) -> bool:
        """Rule 16."""
        return self.date(start) - self.today <= self.project.horizon_days

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

    # Can this technician take it

    def can_take(self, technician: Technician, need: Need, start: int, without: Claim | None = None) -> bool:
        """Rules 8 to 14, as if the claim `without` were not there."""
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

    # Making room (rule 18)

    def can_take_after_moves(self, technician: Technician, need: Need, start: int) -> bool:
        """Whether the technician could take it if one hold were not there, which can go elsewhere."""
        return any(self.can_take(technician, need, start, without=hold) for hold in self._holds_to_spare(technician))

    def _holds_to_spare(self, technician: Technician) -> list[Claim]:
        """Holds that another technician can take over, after at most one move more."""
        if technician.id not in self._to_spare:
            others = self._others(technician.id)
            holds = self._movable_holds(technician)
            self._to_spare[technician.id] = [
                hold for hold in holds if any(self._can_receive(other, hold) for other in others)
            ]
        return self._to_spare[technician.id]

    def _can_receive(self, technician: Technician, hold: Claim) -> bool:
        need = self._need_of(hold)
        if self.has_room(technician, need, hold.start):
            return True
        return any(
            self.has_room(technician, need, hold.start, without=second)
            and self._can_step_aside(second, hold.technician_id)
            for second in self._movable_holds(technician)
        )

    def _can_step_aside(self, hold: Claim, origin_id: str) -> bool:
        need = self._need_of(hold)
        others = self._others(hold.technician_id, origin_id)
        return any(self.has_room(third, need, hold.start) for third in others)

    def _movable_holds(self, technician: Technician) -> list[Claim]:
        return [claim for claim in self.live_claims(technician) if self.is_movable(claim)]

    def is_movable(self, claim: Claim) -> bool:
        """A live hold whose caller did not choose, of a service that still exists."""
        return claim.is_hold and not claim.technician_chosen and claim.service_id in self.book.services

    def _need_of(self, hold: Claim) -> Need:
        return Need(
            duration_minutes=hold.end - hold.start,
            buffer_before_minutes=hold.buffer_before_minutes,
            buffer_after_minutes=hold.buffer_after_minutes,
            skills=self.book.services[hold.service_id].skills,
        )

    # Plain facts

    @cached_property
    def technicians(self) -> list[Technician]:
        return [diary.technician for diary in self.book.diaries.values()]

    def _others(self, *left_out: str) -> list[Technician]:
        return [one for one in self.technicians if one.id not in left_out]

    def live_claims(self, technician: Technician, without: Claim | None = None) -> list[Claim]:
        """Bookings, and holds whose `expires_at_ms` is still to come."""
        if technician.id not in self._live:
            claims = self.book.diaries[technician.id].claims
            self._live[technician.id] = [claim for claim in claims if _is_live(claim, self.now_ms)]
        return [claim for claim in self._live[technician.id] if claim is not without]

    def open_minutes(self, technician: Technician) -> frozenset[int]:
        """Opening hours around the days in question."""
        if technician.id not in self._open:
            first, last = self.today - MARGIN_DAYS, self.today + self.project.horizon_days + MARGIN_DAYS
            self._open[technician.id] = opening_minutes(self.project, technician, first, last)
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
