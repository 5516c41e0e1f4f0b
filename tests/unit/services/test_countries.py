"""The country of a project: its own, else that of its locale, else that of its time zone."""

from zoneinfo import available_timezones

import pytest

from slotmcp.domain.catalog import Project
from slotmcp.services.countries import country_of, country_of_zone, is_country


@pytest.mark.parametrize(
    ("country", "locale", "zone_key", "expected"),
    [
        ("FR", "de-AT", "America/Denver", "FR"),
        (None, "de-AT", "America/Denver", "AT"),
        (None, "zh-Hans-CN", "America/Denver", "CN"),
        (None, "de", "Europe/Berlin", "DE"),
        (None, "es-419", "America/Bogota", "CO"),
        (None, "en-US", "Australia/Sydney", "AU"),
        (None, "en-US", "America/Denver", "US"),
        (None, "en-US", "UTC", "US"),
        (None, "en-GB", "UTC", "GB"),
        (None, "de", "UTC", None),
        (None, "en-US", "EST", "US"),  # an alias of America/Panama
        (None, "en-GB", "EST", "GB"),
        (None, "en-US", "GMT", "US"),
        (None, "en-US", "Etc/GMT+6", "US"),
        (None, "de", "EST", None),
    ],
)
def test_a_country_is_derived(country: str | None, locale: str, zone_key: str, expected: str | None) -> None:
    project = Project(id="shop", name="Shop", timezone=zone_key, locale=locale, country=country)
    assert country_of(project) == expected


@pytest.mark.parametrize(
    ("zone_key", "country"),
    [("Europe/Kiev", "UA"), ("Europe/Kyiv", "UA"), ("Asia/Calcutta", "IN"), ("US/Mountain", "US"), ("Etc/UTC", None)],
)
def test_old_names_of_a_zone_have_its_country(zone_key: str, country: str | None) -> None:
    assert country_of_zone(zone_key) == country


def test_nearly_every_geographic_zone_has_a_country() -> None:
    zones = [zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")]
    unknown = [zone for zone in zones if country_of_zone(zone) is None]
    assert len(zones) > 400
    assert len(unknown) <= 3, unknown


def test_codes_of_regions_and_unknown_countries_are_not_countries() -> None:
    assert [code for code in ("US", "DE", "XX", "ZZ", "001", "us", "", "USA") if is_country(code)] == ["US", "DE"]
