"""Points in time in a request: an instant, a local time, or a day in words."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from slotmcp.domain.interval import Minute


@dataclass(frozen=True, slots=True)
class WallTime:
    """A local date and time without an offset; the context determines the zone."""

    at: datetime
    """Naive, on a whole minute."""
    plus_minutes: int = 0
    """Minutes after that instant. They are elapsed time, regardless of clock changes."""


@dataclass(frozen=True, slots=True)
class WallDate:
    """A date without a time zone; the context determines the zone."""

    day: date


Moment = Minute | WallTime | WallDate


class PartOfDay(StrEnum):
    """Part of a day in local time. The project's `PartsOfDay` define the hours."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"
    """The rest of the date, before morning and after evening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeMoment:
    """A day in words, such as "tomorrow 14:00". The zone and the current time determine the date."""

    days_ahead: int = 0
    """Days after today, if `weekday` is None."""
    weekday: int | None = None
    """Monday is 0."""
    is_next: bool = False
    """True for "next Tuesday", which people use for two different days."""
    clock: time | None = None
    """Time of day; None with a part of the day or without both: the whole part or day."""
    part: PartOfDay | None = None


@dataclass(frozen=True, slots=True)
class EitherDay:
    """Two moments a week apart, because the words can mean either."""

    first: Moment
    second: Moment
    days: tuple[date, date]
    """Local dates of the two."""
    part: PartOfDay | None = None
    """Part of the day that the words name."""
