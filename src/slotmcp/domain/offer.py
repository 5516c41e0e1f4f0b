"""An offer: starts that can be had, with how many callers each can serve and by whom."""

from dataclasses import dataclass
from typing import NamedTuple

from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import Minute


class Candidate(NamedTuple):
    """A technician who could take it, with what ranks them."""

    technician_id: str
    priority: int
    bookings_that_day: int


class Slot(NamedTuple):
    """One start. Nobody is assigned yet. A tuple: one answer makes hundreds."""

    start: Minute
    end: Minute
    capacity: int
    """How many more callers this start can serve now."""
    candidates: tuple[Candidate, ...]
    """Best first, by the project's candidate ranking."""

    def with_best(self, count: int) -> "Slot":
        """The same with at most so many candidates: the same object where it has no more."""
        start, end, capacity, candidates = self
        return self if len(candidates) <= count else Slot(start, end, capacity, candidates[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Slots in order of time, and the zone in which the caller reads them."""

    project: Project
    timezone: str
    """IANA name; the project's unless the caller asked for another."""
    slots: tuple[Slot, ...]
    now_ms: int
    """When it was true. What is "tomorrow" follows from it."""
