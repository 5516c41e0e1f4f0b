"""Tests of the names of time zones."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from slotmcp.engine.zone_names import PLACE_BY_FIXED_ZONE, find_zone

COUNTRIES = {"Iceland", "Japan"}
SYNONYMS_OF_UTC = {"UTC", "UCT", "Universal", "Zulu"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("America/Denver", "America/Denver"),
        ("america/denver", "America/Denver"),
        ("AMERICA/NEW YORK", "America/New_York"),
        ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
        (" Europe/Paris ", "Europe/Paris"),
        ("us/mountain", "US/Mountain"),
        ("utc", "UTC"),
        ("etc/utc", "Etc/UTC"),
        ("Japan", "Japan"),
    ],
)
def test_a_zone_is_found_in_any_letter_case(text: str, name: str) -> None:
    assert find_zone(text) == name


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("EST", "America/New_York"),
        ("est", "America/New_York"),
        ("MST", "America/Denver"),
        ("HST", "Pacific/Honolulu"),
        ("GMT", "Europe/London"),
        ("Greenwich", "Europe/London"),
        ("Etc/GMT+6", "America/Chicago"),
        ("Etc/GMT-9", "Asia/Tokyo"),
        ("etc/gmt0", "Europe/London"),
        ("localtime", "America/Denver or Europe/Paris"),
        ("posixrules", "America/Denver or Europe/Paris"),
        ("Factory", "America/Denver or Europe/Paris"),
        ("right/America/Denver", "America/Denver"),
        ("posix/Europe/Paris", "Europe/Paris"),
        ("PST", "America/Los_Angeles"),
        ("Mountain Standard Time", "America/Denver"),
        ("Denver", "America/Denver"),
        ("America/Dever", "America/Denver"),
        ("+07:00", "America/Denver or Europe/Paris"),
        ("../../etc/passwd", "America/Denver or Europe/Paris"),
        ("x" * 1000, "America/Denver or Europe/Paris"),
    ],
)
def test_a_name_that_is_no_place_is_refused_with_the_place_meant(text: str, place: str) -> None:
    with pytest.raises(ValueError, match=f"must be the IANA name of a place such as {place}$"):
        find_zone(text)


def test_every_zone_without_a_place_is_refused() -> None:
    for name in sorted(available_timezones()):
        check_zone(name)


def check_zone(name: str) -> None:
    """Check one name. A name without a region whose offset never changed since 1970 is an offset, not a place."""
    zone, short = ZoneInfo(name), name.removeprefix("Etc/")
    days = [datetime(year, month, 1, tzinfo=UTC) for year in range(1971, 2027) for month in (1, 7)]
    is_fixed = "/" not in short and len({day.astimezone(zone).utcoffset() for day in days}) == 1
    if is_fixed and short not in SYNONYMS_OF_UTC | COUNTRIES:
        with pytest.raises(ValueError, match="must be the IANA name of a place"):
            find_zone(name)
    else:
        assert find_zone(name.swapcase()) == name


def test_the_places_are_places_with_that_offset() -> None:
    for name, place in PLACE_BY_FIXED_ZONE.items():
        if "or" not in place.split():
            assert find_zone(place) == place
            winter = datetime(2026, 1, 1, tzinfo=UTC)
            summer = datetime(2026, 7, 1, tzinfo=UTC)
            offsets = {at.astimezone(ZoneInfo(place)).utcoffset() for at in (winter, summer)}
            assert winter.astimezone(ZoneInfo(name)).utcoffset() in offsets
