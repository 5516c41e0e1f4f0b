"""Implementation of the port Geocoder with a table file of postal codes.

The file is CSV in UTF-8 with a header. Its columns are `postalCode`, `latitude`, `longitude`, and optionally `country`
(ISO 3166), without which a row applies to every country.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self, TextIO

from slotmcp.domain.catalog import Location
from slotmcp.domain.errors import FixSetup
from slotmcp.domain.postal_codes import is_postal_code, normalize_postal_code
from slotmcp.ports import Place

MAX_ROWS: Final = 200_000
_REQUIRED: Final = ("postalCode", "latitude", "longitude")
_COUNTRY_LENGTH: Final = 2

_Key = tuple[str, str]
"""Country, or empty for every country, and normalized postal code."""


class TableGeocoder:
    """Coordinates of postal codes from a table."""

    def __init__(self, locations: Mapping[_Key, Location]) -> None:
        self._locations = locations

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a table file.

        Raises:
            FixSetup: the file cannot be read, or a row is invalid; the message names the line.
        """
        try:
            with path.expanduser().open(encoding="utf-8-sig", newline="") as file:
                return cls(dict(_rows(path, file)))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise FixSetup(f"The table of postal codes {path} cannot be read: {error}.") from None

    async def locate(self, place: Place) -> Location | None:
        for country in (place.country, ""):
            location = self._locations.get((country, place.postal_code))
            if location is not None:
                return location
        return None


def _rows(path: Path, file: TextIO) -> Iterator[tuple[_Key, Location]]:
    reader = csv.DictReader(file, strict=True)
    missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
    if missing:
        raise _invalid(path, 1, f"lacks the column {missing[0]}; begin with postalCode,latitude,longitude")
    for number, row in enumerate(reader, start=1):
        if number > MAX_ROWS:
            raise _invalid(path, reader.line_num, f"is row {MAX_ROWS + 1:,}; keep at most {MAX_ROWS:,} rows")
        yield _key(path, reader.line_num, row), _location(path, reader.line_num, row)


def _key(path: Path, line: int, row: Mapping[str, str | None]) -> _Key:
    code, country = normalize_postal_code(row["postalCode"] or ""), (row.get("country") or "").strip().upper()
    if not is_postal_code(code):
        raise _invalid(path, line, "has no postal code such as 80202")
    if country and (len(country) != _COUNTRY_LENGTH or not country.isalpha()):
        raise _invalid(path, line, "has a country that is not a code such as US")
    return country, code


def _location(path: Path, line: int, row: Mapping[str, str | None]) -> Location:
    try:
        location = Location(float(row["latitude"] or ""), float(row["longitude"] or ""))
    except ValueError:
        raise _invalid(path, line, "has no coordinates such as 39.7527,-104.9993") from None
    if not location.is_valid:
        raise _invalid(path, line, "has coordinates out of range: latitude -90 to 90, longitude -180 to 180")
    return location


def _invalid(path: Path, line: int, problem: str) -> FixSetup:
    return FixSetup(f"Line {line} of the table of postal codes {path} {problem}.")
