"""A point in time as a caller gives it: an instant, or a reading of some wall clock."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from slotmcp.domain.interval import Minute


@dataclass(frozen=True, slots=True)
class WallTime:
    """A date and time without an offset. Which instant it is depends on the zone."""

    at: datetime
    """Naive, on a whole minute."""


@dataclass(frozen=True, slots=True)
class WallDate:
    """A whole date, in a zone to be named."""

    day: date


Moment = Minute | WallTime | WallDate


class PartOfDay(StrEnum):
    """What callers say instead of a time. Local wall time, half-open."""

    MORNING = "morning"
    """From midnight to 12:00."""
    AFTERNOON = "afternoon"
    """From 12:00 to 17:00."""
    EVENING = "evening"
    """From 17:00 to midnight."""
