"""Names of time zones: lookup in any letter case, and the place for names that define an offset only."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

ANY_PLACE: Final = "America/Denver or Europe/Paris"
_MAX_COMPARED_CHARACTERS: Final = 200
_PLACE_BY_OFFSET: Final = {
    -11: "Pacific/Pago_Pago",
    -10: "Pacific/Honolulu",
    -9: "America/Anchorage",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    -3: "America/Sao_Paulo",
    -2: "America/Noronha",
    -1: "Atlantic/Azores",
    0: "Europe/London",
    1: "Europe/Paris",
    2: "Europe/Athens",
    3: "Europe/Istanbul",
    4: "Asia/Dubai",
    5: "Asia/Karachi",
    6: "Asia/Dhaka",
    7: "Asia/Bangkok",
    8: "Asia/Singapore",
    9: "Asia/Tokyo",
    10: "Australia/Sydney",
    11: "Pacific/Guadalcanal",
    12: "Pacific/Auckland",
    13: "Pacific/Tongatapu",
    14: "Pacific/Kiritimati",
}
PLACE_BY_FIXED_ZONE: Final[Mapping[str, str]] = {
    "EST": "America/New_York",
    "MST": "America/Denver",
    "HST": "Pacific/Honolulu",
    **dict.fromkeys(("GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich"), "Europe/London"),
    **dict.fromkeys(("Etc/GMT", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "Etc/Greenwich"), "Europe/London"),
    **{f"Etc/GMT{-hours:+}": place for hours, place in _PLACE_BY_OFFSET.items() if hours},
    **dict.fromkeys(("Etc/GMT+12", "localtime", "posixrules", "Factory"), ANY_PLACE),
}
"""Names of the zone database that define no place, with the place that was probably meant.

Their clocks never change, so that their times are an hour off for half of the year in most places, or depend on the
server. UTC and its synonyms are not among them.
"""
PLACE_BY_ABBREVIATION: Final[Mapping[str, str]] = {
    abbreviation: zone
    for zone, abbreviations in {
        "America/New_York": "EST EDT ET EST5EDT EASTERN",
        "America/Chicago": "CST CDT CT CST6CDT CENTRAL",
        "America/Denver": "MST MDT MT MST7MDT MOUNTAIN",
        "America/Los_Angeles": "PST PDT PT PST8PDT PACIFIC",
        "America/Anchorage": "AKST AKDT",
        "Pacific/Honolulu": "HST",
        "Europe/London": "GMT BST GB UK",
        "Europe/Berlin": "CET CEST MET MEZ",
        "Europe/Athens": "EET EEST",
        "Europe/Lisbon": "WET WEST",
        "Asia/Kolkata": "IST",
        "Asia/Tokyo": "JST",
        "Australia/Sydney": "AEST AEDT",
    }.items()
    for abbreviation in abbreviations.split()
}


def find_zone(text: str) -> str:
    """Return the IANA name of a zone that is written in any letter case, with spaces or underscores.

    Raises:
        ValueError: there is no such zone, or it defines no place; the message suggests one.
    """
    name = _zone_by_key().get(_key(text))
    if name is not None and name not in PLACE_BY_FIXED_ZONE:
        return name
    raise ValueError(f"must be the IANA name of a place such as {_place(text, name)}")


def nearest_place(text: str) -> str | None:
    """Return the zone with the most similar name or city, or None if none is similar."""
    wanted = _key(text)[:_MAX_COMPARED_CHARACTERS]
    zones = {key: zone for key, zone in _zone_by_key().items() if "/" in zone and not zone.startswith("Etc/")}
    by_city = {key.rpartition("/")[2]: zone for key, zone in sorted(zones.items(), reverse=True)}
    names, cities = get_close_matches(wanted, zones, n=1), get_close_matches(wanted.rpartition("/")[2], by_city, n=1)
    return zones[names[0]] if names else by_city[cities[0]] if cities else None


def _place(text: str, name: str | None) -> str:
    if name is not None:
        return PLACE_BY_FIXED_ZONE[name]
    if place := PLACE_BY_FIXED_ZONE.get(text):
        return place
    abbreviation = text[:_MAX_COMPARED_CHARACTERS].upper().removesuffix(" TIME").removesuffix(" STANDARD")
    return PLACE_BY_ABBREVIATION.get(abbreviation) or nearest_place(text) or ANY_PLACE


def _key(text: str) -> str:
    return text.strip().replace(" ", "_").casefold()


@lru_cache(maxsize=1)
def _zone_by_key() -> Mapping[str, str]:
    return {name.casefold(): name for name in available_timezones()}
