"""Suggestions for misspelled keys, ids, time zones and holiday regions."""

from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import available_timezones

from slotmcp.engine.zone_names import PLACE_BY_ABBREVIATION, PLACE_BY_FIXED_ZONE, nearest_place
from slotmcp.services.countries import currencies, is_country

_USUAL_CODES = {"UK": "GB", "USA": "US", "EN": "GB"}
"""Codes of ISO 3166 by other abbreviations."""
_CURRENCY_BY_SIGN = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_UTC = frozenset({"UTC", "Etc/UTC"})


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Return the most similar valid word regardless of case, or None when none is similar."""
    by_lower = {valid_word.lower(): valid_word for valid_word in valid}
    matches = get_close_matches(word.lower()[:200], by_lower, n=1)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, valid: Iterable[str], *, max_shown: int = 12) -> str:
    """Return a hint: the most similar word, else the first valid ones."""
    words = list(valid)
    if (match := nearest(word, words)) is not None:
        return f'did you mean "{match}"?'
    more = ", ..." if len(words) > max_shown else ""
    return f"valid here: {', '.join(words[:max_shown])}{more}"


def check_zone(text: str) -> str:
    """Return the IANA name of a geographic time zone, or UTC. Names without a place are accepted, and noted later.

    Raises:
        ValueError: it is not such a name; the message suggests one.
    """
    is_place = "/" in text and not text.startswith("Etc/")
    if text in _zones() and (is_place or text in _UTC or text in PLACE_BY_FIXED_ZONE):
        return text
    if (zone := PLACE_BY_ABBREVIATION.get(text.upper().removesuffix(" TIME"))) is not None:
        raise ValueError(f'"{text[:40]}" is not an IANA name; did you mean "{zone}"?')
    if text.upper().startswith(("UTC", "GMT", "ETC/", "+", "-")):
        raise ValueError(
            "an offset does not define clock changes; write a time zone by its IANA name, such as America/Denver"
        )
    suggestion = nearest_place(text)
    hint = f'did you mean "{suggestion}"?' if suggestion else "write an IANA name, such as America/Denver"
    raise ValueError(f'there is no time zone "{text[:40]}"; {hint}')


def check_country(text: str) -> str:
    """Return the ISO 3166 code of a country.

    Raises:
        ValueError: it is not such a code; the message suggests one.
    """
    code = text.strip().upper()
    code = _USUAL_CODES.get(code, code)
    if not is_country(code):
        raise ValueError(f'there is no country "{text[:40]}"; write its two letters of ISO 3166, such as US')
    if code != text:
        raise ValueError(f'"{text[:40]}" is not a code of ISO 3166; did you mean "{code}"?')
    return code


def check_currency(text: str) -> str:
    """Return the ISO 4217 code of a currency that a country uses.

    Raises:
        ValueError: it is not such a code; the message suggests one.
    """
    if text in currencies():
        return text
    code = _CURRENCY_BY_SIGN.get(text.strip(), text.strip().upper())
    if code in currencies():
        raise ValueError(f'"{text[:40]}" is not a code of ISO 4217; did you mean "{code}"?')
    raise ValueError(f'there is no currency "{text[:40]}"; write its three letters of ISO 4217, such as USD')


def check_region(text: str) -> str:
    """Return a country ("US") or one of its regions ("US-CO") whose public holidays are known.

    Raises:
        ValueError: it is not a known country or region; the message suggests one.
    """
    country, _, region = text.partition("-")
    regions = _regions_by_country()
    if country not in regions:
        usual = "write a country such as US, a region such as US-CO, or a date such as 2026-11-27"
        hint = f'did you mean "{text.upper()}"?' if country.upper() in regions else usual
        raise ValueError(f'the holidays of "{text[:40]}" are not known; {hint}')
    if region not in regions[country] and text != country:
        valid = ", ".join(f"{country}-{known}" for known in regions[country][:8]) or country
        match = nearest(region, regions[country])
        hint = f'did you mean "{country}-{match}"?' if match else f"for example: {valid}"
        raise ValueError(f'{country} has no region "{region[:40]}"; {hint}')
    return text


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _regions_by_country() -> dict[str, list[str]]:
    import holidays  # noqa: PLC0415  slow to import, and most commands never need it

    return holidays.list_supported_countries(include_aliases=False)
