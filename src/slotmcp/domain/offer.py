"""An offer: starts that can be had, with how many callers each can serve and by whom."""

from dataclasses import dataclass

from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import Minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A technician who could take it, with what ranks them."""

    technician_id: str
    priority: int
    bookings_that_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One start. `capacity` is how many more callers it can serve now; nobody is assigned yet."""

    start: Minute
    end: Minute
    capacity: int
    candidates: tuple[Candidate, ...]
    """Best first, by the project's candidate ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Slots in order of time, and the zone in which the caller reads them."""

    project: Project
    timezone: str
    """IANA name; the project's unless the caller asked for another."""
    slots: tuple[Slot, ...]
