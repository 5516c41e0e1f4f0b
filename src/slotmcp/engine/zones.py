"""Wall clocks and UTC. The only place, besides the views, that knows zones."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from slotmcp.domain.interval import MINUTES_PER_DAY, Minute

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1024)
def zone(key: str) -> ZoneInfo:
    """The zone with this IANA name."""
    return ZoneInfo(key)


def wall_to_utc(zone_key: str, at: datetime) -> Minute:
    """The instant at which the clocks of a zone show a naive time.

    One that does not exist moves forward by the gap; one that exists twice is its first.
    """
    return _minutes_since_epoch(at.replace(tzinfo=zone(zone_key), fold=0))


@lru_cache(maxsize=65536)
def utc_to_wall(zone_key: str, minute: Minute) -> datetime:
    """What the clocks of a zone show at an instant, with the zone."""
    return (_EPOCH + timedelta(minutes=minute)).astimezone(zone(zone_key))


def instants_showing(zone_key: str, at: datetime) -> tuple[datetime, ...]:
    """The instants, with their offsets, at which the clocks show a naive time: none, one or two."""
    tz = zone(zone_key)
    both = (at.replace(tzinfo=tz, fold=0), at.replace(tzinfo=tz, fold=1))
    real = [one for one in both if one.astimezone(UTC).astimezone(tz).replace(tzinfo=None) == at]
    if len(real) == len(both) and real[0].utcoffset() == real[1].utcoffset():
        return (real[0],)
    return tuple(real)


def instants_around_gap(zone_key: str, at: datetime) -> tuple[datetime, datetime]:
    """For a time that the clocks skip: the same reading by the offset after and before the gap.

    They lie before and after the gap, and both exist.
    """
    tz = zone(zone_key)
    after = at.replace(tzinfo=tz, fold=1).astimezone(UTC).astimezone(tz)
    before = at.replace(tzinfo=tz, fold=0).astimezone(UTC).astimezone(tz)
    return after, before


def local_date(zone_key: str, minute: Minute) -> date:
    """The date in a zone at an instant."""
    return utc_to_wall(zone_key, minute).date()


@lru_cache(maxsize=65536)
def midnight(zone_key: str, day: date) -> Minute:
    """The first instant of a date."""
    return wall_to_utc(zone_key, datetime(day.year, day.month, day.day))  # noqa: DTZ001  a wall time


def next_midnight(zone_key: str, day: date) -> Minute:
    """The first instant after a date."""
    return midnight(zone_key, day + _ONE_DAY)


@lru_cache(maxsize=65536)
def has_no_clock_change(zone_key: str, day: date) -> bool:
    """Whether a date's wall minutes simply follow from its midnight: no clock change that day."""
    today, tomorrow = midnight(zone_key, day), next_midnight(zone_key, day)
    return tomorrow - today == MINUTES_PER_DAY and (
        utc_to_wall(zone_key, today).utcoffset() == utc_to_wall(zone_key, tomorrow).utcoffset()
    )


def wall_minute_to_utc(zone_key: str, day: date, minute: int) -> Minute:
    """The instant at which the clock of a date shows so many minutes after its midnight.

    Minutes from 1440 on belong to the dates after it. Conversion as in `wall_to_utc`.
    """
    days, minute = divmod(minute, MINUTES_PER_DAY)
    day += timedelta(days=days)
    if has_no_clock_change(zone_key, day):
        return midnight(zone_key, day) + minute
    return wall_to_utc(zone_key, datetime(day.year, day.month, day.day) + timedelta(minutes=minute))  # noqa: DTZ001


def _minutes_since_epoch(at: datetime) -> Minute:
    since = at.astimezone(UTC) - _EPOCH
    return since.days * MINUTES_PER_DAY + since.seconds // 60
