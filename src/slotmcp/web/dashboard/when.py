"""Times as the dashboard's panels write them, by a business's clocks."""

from datetime import UTC, datetime

from slotmcp.domain.interval import MS_PER_MINUTE, Minute
from slotmcp.engine.zones import utc_to_wall

_MS_PER_SECOND = 1000


def written(zone_key: str, minute: Minute) -> str:
    """A minute, such as "Thu 26 Nov 14:05"."""
    wall = utc_to_wall(zone_key, minute)
    return f"{wall:%a} {wall.day} {wall:%b %H:%M}"


def written_ms(zone_key: str, at_ms: int) -> str:
    """The same, to the second."""
    return f"{written(zone_key, at_ms // MS_PER_MINUTE)}:{at_ms // _MS_PER_SECOND % 60:02}"


def utc_ms(at_ms: int) -> str:
    """For programs: "2026-11-26T21:05:07Z"."""
    return f"{datetime.fromtimestamp(at_ms // _MS_PER_SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def ago(now_ms: int, at_ms: int) -> str:
    """How long ago, such as "3 minutes ago", in the largest unit of which there is a whole one."""
    seconds = max(0, now_ms - at_ms) // _MS_PER_SECOND
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "just now"
