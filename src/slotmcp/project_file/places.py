"""Zones and countries: is there one of this name, and which is meant."""

from functools import lru_cache
from zoneinfo import available_timezones

from slotmcp.project_file.nearest import nearest

_PLACE_OF_ABBREVIATION = {
    "America/New_York": {"EST", "EDT", "ET", "EST5EDT", "EASTERN"},
    "America/Chicago": {"CST", "CDT", "CT", "CST6CDT", "CENTRAL"},
    "America/Denver": {"MST", "MDT", "MT", "MST7MDT", "MOUNTAIN"},
    "America/Los_Angeles": {"PST", "PDT", "PT", "PST8PDT", "PACIFIC"},
    "America/Anchorage": {"AKST", "AKDT"},
    "Pacific/Honolulu": {"HST"},
    "Europe/London": {"GMT", "BST", "GB", "UK"},
    "Europe/Berlin": {"CET", "CEST", "MET", "MEZ"},
    "Europe/Athens": {"EET", "EEST"},
    "Europe/Lisbon": {"WET", "WEST"},
    "Asia/Kolkata": {"IST"},
    "Asia/Tokyo": {"JST"},
    "Australia/Sydney": {"AEST", "AEDT"},
}
_UTC = "UTC"


def check_zone(text: str) -> str:
    """The IANA name of a zone whose clocks follow a place's rules, or UTC.

    Raises:
        ValueError: it is none, with the one that is meant.
    """
    if text == _UTC or (text in _zones() and "/" in text and not text.startswith("Etc/")):
        return text
    if (place := _place_of(text)) is not None:
        raise ValueError(f'"{text[:40]}" is not the name of a place; write the zone of one, such as {place}')
    if text.upper().startswith(("UTC", "GMT", "ETC/", "+", "-")):
        raise ValueError("an offset does not say when clocks change; write the zone of a place, such as America/Denver")
    meant = _meant(text)
    hint = f'did you mean "{meant}"?' if meant else "write the IANA name of a place, such as America/Denver"
    raise ValueError(f'there is no zone "{text[:40]}"; {hint}')


def check_region(text: str) -> str:
    """A country ("US") or a region of one ("US-CO") whose public holidays are known.

    Raises:
        ValueError: it is none, with the ones that are.
    """
    country, _, region = text.partition("-")
    regions = _regions_by_country()
    if country not in regions:
        usual = "write a country such as US, a region such as US-CO, or a date such as 2026-11-27"
        hint = f'did you mean "{text.upper()}"?' if country.upper() in regions else usual
        raise ValueError(f'the holidays of "{text[:40]}" are not known; {hint}')
    if region not in regions[country] and text != country:
        valid = ", ".join(f"{country}-{one}" for one in regions[country][:8]) or country
        match = nearest(region, regions[country])
        hint = f'did you mean "{country}-{match}"?' if match else f"known are, for example: {valid}"
        raise ValueError(f'{country} has no region "{region[:40]}"; {hint}')
    return text


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _place_of(text: str) -> str | None:
    word = text.upper().removesuffix(" TIME")
    return next((place for place, words in _PLACE_OF_ABBREVIATION.items() if word in words), None)


def _meant(text: str) -> str | None:
    places = [zone for zone in _zones() if "/" in zone and not zone.startswith("Etc/")]
    by_city = {zone.rpartition("/")[2]: zone for zone in sorted(places, reverse=True)}
    wanted = text.replace(" ", "_")
    city = nearest(wanted.rpartition("/")[2], by_city)
    return nearest(wanted, places) or (by_city[city] if city is not None else None)


@lru_cache(maxsize=1)
def _regions_by_country() -> dict[str, list[str]]:
    import holidays  # noqa: PLC0415  takes half a second, and most commands never ask

    return holidays.list_supported_countries(include_aliases=False)
