"""Countries by ISO 3166 code: of a project, of a locale and of a time zone; and their currencies by ISO 4217 code."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from slotmcp.domain.catalog import Project
from slotmcp.engine.zone_names import PLACE_BY_FIXED_ZONE

_REGION: Final = re.compile(r"[-_]([A-Za-z]{2})(?:[-_.@]|$)")
_NO_COUNTRIES: Final = frozenset({"001", "ZZ"})
DEFAULT_LOCALE: Final = Project(id="", name="", timezone="").locale


def country_of(project: Project) -> str | None:
    """Return a project's country: its own, else that of its locale, else that of its time zone.

    The default locale counts last, because a project need not choose it.
    """
    if project.country is not None:
        return project.country
    by_zone, by_locale = country_of_zone(project.timezone), region_of(project.locale)
    return (by_zone or by_locale) if project.locale == DEFAULT_LOCALE else (by_locale or by_zone)


def region_of(locale: str) -> str | None:
    """Return the country of a locale such as "en-US", if it names one."""
    match = _REGION.search(locale)
    return match[1].upper() if match else None


def country_of_zone(zone_key: str) -> str | None:
    """Return the country of an IANA time zone, if it belongs to one. A zone without a place, such as EST, does not."""
    if zone_key in PLACE_BY_FIXED_ZONE:
        return None
    canonical = _table("zone_aliases").get(zone_key, zone_key)
    country = _table("zone_territories").get(canonical)
    return None if country in _NO_COUNTRIES else country


def is_country(code: str) -> bool:
    """Return whether a country with a time zone has this code."""
    return code not in _NO_COUNTRIES and code in _table("zone_territories").values()


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Return the currencies that are legal tender in a country."""
    by_country = _table("territory_currencies")
    return frozenset(
        code for uses in by_country.values() for code, _, end, is_tender in uses if end is None and is_tender
    )


def currency_decimals(code: str) -> int:
    """Return the number of decimal places of a currency's amounts."""
    fractions = _table("currency_fractions")
    decimals: int = fractions.get(code, fractions["DEFAULT"])[0]
    return decimals


def _table(
    name: Literal["zone_aliases", "zone_territories", "territory_currencies", "currency_fractions"],
) -> Mapping[str, Any]:
    from babel.core import get_global  # noqa: PLC0415  takes 0.03 s, which would slow down the start

    table: Mapping[str, Any] = get_global(name)
    return table
