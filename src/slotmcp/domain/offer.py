"""Offer: free slots, each with its capacity and candidate technicians."""

from dataclasses import dataclass
from typing import NamedTuple

from slotmcp.domain.catalog import Project, Technician
from slotmcp.domain.interval import Minute

_MAX_SCORE = 1 << 60


class Candidate(NamedTuple):
    """A technician who could take a slot, with the values that rank them."""

    technician_id: str
    priority: int
    bookings_that_day: int
    eta_minutes: int | None = None
    """Travel time from the previous job, or from home; None when a location is unknown."""
    buffer_minutes: int = 0
    """Buffers between the previous job and this one."""

    @property
    def score(self) -> int | None:
        """Minutes of travel and buffers. None when the travel time is unknown."""
        return None if self.eta_minutes is None else self.eta_minutes + self.buffer_minutes

    @property
    def sortable_score(self) -> int:
        """The score; above every other score when it is unknown."""
        return _MAX_SCORE if self.score is None else self.score


class Slot(NamedTuple):
    """A free start, without an assigned technician. A tuple, because one search creates hundreds."""

    start: Minute
    end: Minute
    capacity: int
    """Number of additional jobs that can start at this time."""
    candidates: tuple[Candidate, ...]
    """Best first, by the project's candidate ranking."""

    def with_best(self, count: int) -> "Slot":
        """Return the slot with at most `count` candidates; the same object if it has no more."""
        start, end, capacity, candidates = self
        return self if len(candidates) <= count else Slot(start, end, capacity, candidates[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailableTechnician:
    """A requested technician who cannot take a start, and the technicians who can."""

    technician: Technician
    others: tuple[Technician, ...]
    """Best first, by the project's candidate ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Slots in order of time, and the time zone for presenting them."""

    project: Project
    timezone: str
    """IANA name; the project's unless the request names another."""
    slots: tuple[Slot, ...]
    now_ms: int
    """Time of the offer, which determines "tomorrow"."""
    unavailable_technician: UnavailableTechnician | None = None
    """Set when the request named a technician who cannot take the start."""
