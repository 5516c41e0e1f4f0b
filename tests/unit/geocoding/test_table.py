"""Locations from a table file of postal codes, and the lines with mistakes."""

from pathlib import Path

import pytest

from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import FixSetup
from slotmcp.geocoding import table
from slotmcp.geocoding.table import TableGeocoder
from slotmcp.ports import Place

HEADER = "postalCode,latitude,longitude,country\n"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


async def test_a_row_applies_to_its_country_or_to_all(tmp_path: Path) -> None:
    path = write(tmp_path / "codes.csv", "80202-1234,39.75,-104.99,", "10115,52.53,13.38,de", "10115,40.75,-73.99,US")
    geocoder = TableGeocoder.read(path)
    assert await geocoder.locate(Place(country="US", postal_code="80202")) == Location(39.75, -104.99)
    assert await geocoder.locate(Place(country="DE", postal_code="10115")) == Location(52.53, 13.38)
    assert await geocoder.locate(Place(country="US", postal_code="10115")) == Location(40.75, -73.99)
    assert await geocoder.locate(Place(country="FR", postal_code="10115")) is None
    assert await geocoder.locate(Place(country="US", postal_code="99999")) is None


async def test_a_file_of_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_bytes(b'\xef\xbb\xbflongitude,"latitude",postalCode\r\n-0.14,51.5,"sw1a 1aa"\r\n')
    assert await TableGeocoder.read(path).locate(Place(country="GB", postal_code="SW1A1AA")) == Location(51.5, -0.14)


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("postalCode,lat,lon\n", "80202,1,2", "Line 1 {} lacks the column latitude; begin with postalCode,latitude"),
        ("", "", "Line 1 {} lacks the column postalCode"),
        (HEADER, "unknown,1,2,", "Line 2 {} has no postal code such as 80202"),
        (HEADER, ",1,2,", "Line 2 {} has no postal code such as 80202"),
        (HEADER, "80202,north,2,", "Line 2 {} has no coordinates such as 39.7527,-104.9993"),
        (HEADER, "80202,1", "Line 2 {} has no coordinates"),
        (HEADER, "80202,91,2,", "Line 2 {} has coordinates out of range"),
        (HEADER, "80202,nan,2,", "Line 2 {} has coordinates out of range"),
        (HEADER, "80202,1,181,", "Line 2 {} has coordinates out of range"),
        (HEADER, "80202,1,2,USA", "Line 2 {} has a country that is not a code such as US"),
        (HEADER, '80202,"1', "cannot be read: unexpected end of data"),
    ],
)
def test_the_line_of_a_mistake_is_named(tmp_path: Path, header: str, row: str, problem: str) -> None:
    path = write(tmp_path / "codes.csv", row, header=header)
    with pytest.raises(FixSetup) as refusal:
        TableGeocoder.read(path)
    assert problem.format(f"of the table of postal codes {path}") in str(refusal.value)


def test_a_missing_file_and_other_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FixSetup, match="cannot be read"):
        TableGeocoder.read(tmp_path / "missing.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"80202,1,2,\xe9\n")
    with pytest.raises(FixSetup, match="cannot be read"):
        TableGeocoder.read(tmp_path / "latin.csv")


def test_the_number_of_rows_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_ROWS", 2)
    path = write(tmp_path / "codes.csv", *(f"8020{number},1,2," for number in range(3)))
    with pytest.raises(FixSetup, match=r"Line 4 .* keep at most 2 rows"):
        TableGeocoder.read(path)
