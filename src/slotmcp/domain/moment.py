"""Points in time in a request: an instant, or a local time."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from slotmcp.domain.interval import Minute


@dataclass(frozen=True, slots=True)
class WallTime:
    """A local date and time without an offset; the context determines the zone."""

    at: datetime
    """Naive, on a whole minute."""


@dataclass(frozen=True, slots=True)
class WallDate:
    """A date without a time zone; the context determines the zone."""

    day: date


Moment = Minute | WallTime | WallDate


class PartOfDay(StrEnum):
    """Part of a day in local time, half-open."""

    MORNING = "morning"
    """From midnight to 12:00."""
    AFTERNOON = "afternoon"
    """From 12:00 to 17:00."""
    EVENING = "evening"
    """From 17:00 to midnight."""
