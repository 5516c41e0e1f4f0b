"""Conversion between local wall-clock time and UTC."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def zone(key: str) -> ZoneInfo:
    """Return the time zone with an IANA name."""
    return ZoneInfo(key)


def wall_to_utc(zone_key: str, at: datetime) -> Minute:
    """Return the instant of a naive local time.

    A local time that the clocks skip moves forward by the gap. One that occurs twice means the first occurrence.
    """
    return _minutes_since_epoch(at.replace(tzinfo=zone(zone_key), fold=0))


@lru_cache(maxsize=65536)
def utc_to_wall(zone_key: str, minute: Minute) -> datetime:
    """Return the local time of an instant, with the zone attached."""
    return (_EPOCH + timedelta(minutes=minute)).astimezone(zone(zone_key))


def instants_at(zone_key: str, at: datetime) -> tuple[datetime, ...]:
    """Return the instants, with their offsets, of a naive local time: none, one or two."""
    tz = zone(zone_key)
    both = (at.replace(tzinfo=tz, fold=0), at.replace(tzinfo=tz, fold=1))
    existing = [instant for instant in both if instant.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == at]
    if len(existing) == len(both) and existing[0].utcoffset() == existing[1].utcoffset():
        return (existing[0],)
    return tuple(existing)


def instants_around_gap(zone_key: str, at: datetime) -> tuple[datetime, datetime]:
    """Return existing times before and after the gap that a skipped local time falls into.

    The first interprets the local time with the offset after the gap, the second with the offset before it (PEP 495).
    """
    tz = zone(zone_key)
    before_gap = at.replace(tzinfo=tz, fold=1).astimezone(UTC).astimezone(tz)
    after_gap = at.replace(tzinfo=tz, fold=0).astimezone(UTC).astimezone(tz)
    return before_gap, after_gap


def local_date(zone_key: str, minute: Minute) -> date:
    """Return the local date of an instant."""
    return utc_to_wall(zone_key, minute).date()


@lru_cache(maxsize=65536)
def midnight(zone_key: str, day: date) -> Minute:
    """Return the first instant of a local date."""
    return wall_to_utc(zone_key, datetime(day.year, day.month, day.day))  # noqa: DTZ001  a wall time


def next_midnight(zone_key: str, day: date) -> Minute:
    """Return the first instant after a local date."""
    return midnight(zone_key, day + _ONE_DAY)


@lru_cache(maxsize=65536)
def has_no_clock_change(zone_key: str, day: date) -> bool:
    """Return whether the UTC offset stays the same during a local date."""
    today, tomorrow = midnight(zone_key, day), next_midnight(zone_key, day)
    return tomorrow - today == MINUTES_PER_DAY and (
        utc_to_wall(zone_key, today).utcoffset() == utc_to_wall(zone_key, tomorrow).utcoffset()
    )


def wall_minute_to_utc(zone_key: str, day: date, minute: int) -> Minute:
    """Return the instant of a wall-clock minute of a local date, counted from its midnight.

    Minutes from 1440 on belong to the following dates. Conversion as in `wall_to_utc`.
    """
    days, minute = divmod(minute, MINUTES_PER_DAY)
    day += timedelta(days=days)
    if has_no_clock_change(zone_key, day):
        return midnight(zone_key, day) + minute
    return wall_to_utc(zone_key, datetime(day.year, day.month, day.day) + timedelta(minutes=minute))  # noqa: DTZ001


def _minutes_since_epoch(at: datetime) -> Minute:
    since = at.astimezone(UTC) - _EPOCH
    return since.days * MINUTES_PER_DAY + since.seconds // 60
