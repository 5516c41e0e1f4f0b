"""From where a caller reads time."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from slotmcp.domain.interval import Minute

_SECONDS_PER_MINUTE = 60
_MS_PER_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """The zone in which times are read, and today's date there."""

    zone: ZoneInfo
    today: date

    @classmethod
    def at(cls, timezone: str, now_ms: int) -> Self:
        """The view from a zone (IANA name) at an instant."""
        zone = ZoneInfo(timezone)
        return cls(zone, datetime.fromtimestamp(now_ms / _MS_PER_SECOND, zone).date())

    def read(self, minute: Minute) -> datetime:
        """A minute as the clock here shows it; its fold tells the second of two equal readings."""
        return datetime.fromtimestamp(minute * _SECONDS_PER_MINUTE, self.zone)
