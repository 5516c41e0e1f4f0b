"""Dates on which a whole business is closed."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from slotmcp.domain.catalog import Project


def closed_dates(project: Project, years: Iterable[int]) -> frozenset[date]:
    """The project's public holidays in these years, and the dates that it names itself."""
    dates = set(project.closed_dates)
    for region in project.holiday_regions:
        for year in years:
            dates |= public_holidays(region, year)
    return frozenset(dates)


@lru_cache(maxsize=512)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """Public holidays of a country ("US") or of one of its regions ("US-CO"), as observed there.

    Source: the `holidays` package.
    """
    import holidays  # noqa: PLC0415  costs a tenth of a second, and most projects name no region

    country, _, subdivision = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
