"""An offer: starts that can be had, with how many callers each can serve and by whom."""

from dataclasses import dataclass
from typing import NamedTuple

from slotmcp.domain.catalog import Project, Technician
from slotmcp.domain.interval import Minute

_MORE_THAN_ANY = 1 << 60


class Candidate(NamedTuple):
    """A technician who could take it, with what ranks them."""

    technician_id: str
    priority: int
    bookings_that_day: int
    eta_minutes: int | None = None
    """The way there from the job before, or from home; None where a place is not known."""
    buffer_minutes: int = 0
    """The buffers between the job before and this one."""

    @property
    def score(self) -> int | None:
        """Minutes lost on the way and in buffers; breaks ties. None where the way is not known."""
        return None if self.eta_minutes is None else self.eta_minutes + self.buffer_minutes

    @property
    def sortable_score(self) -> int:
        """The score, or more than any score can be."""
        return _MORE_THAN_ANY if self.score is None else self.score


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
class UnavailableTechnician:
    """A technician who was wished for and cannot take a start, and who else could."""

    technician: Technician
    others: tuple[Technician, ...]
    """Best first, by the project's candidate ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Slots in order of time, and the zone in which the caller reads them."""

    project: Project
    timezone: str
    """IANA name; the project's unless the caller asked for another."""
    slots: tuple[Slot, ...]
    now_ms: int
    """When it was true. What is "tomorrow" follows from it."""
    unavailable_technician: UnavailableTechnician | None = None
    """Of an offer instead of a start that was asked for with a technician."""
