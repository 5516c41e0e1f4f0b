"""Postal codes: normalization, and the area of a code.

An entry of an area is a code ("80202"), a prefix ("802*"), or a range of two codes of equal length ("80210..80219").
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from slotmcp.domain.booking_rules import ServiceArea

PREFIX_MARK = "*"
RANGE_MARK = ".."
MAX_POSTAL_CODE_CHARACTERS = 12

_CODE = re.compile(rf"(?=.*[0-9])[A-Z0-9](?:[A-Z0-9-]{{1,{MAX_POSTAL_CODE_CHARACTERS - 2}}}[A-Z0-9])")
_ZIP_PLUS_4 = re.compile(r"([0-9]{5})-?[0-9]{4}")
_CACHED_PROJECTS = 64


def normalize_postal_code(text: str) -> str:
    """Return a code in uppercase without spaces; ZIP+4 by its first five digits.

    "80202-1234" is "80202", and "sw1a 1aa" is "SW1A1AA". The result is not always a postal code.
    """
    code = "".join(text.split()).upper()
    zip_plus_4 = _ZIP_PLUS_4.fullmatch(code)
    return zip_plus_4[1] if zip_plus_4 else code


def is_postal_code(code: str) -> bool:
    """Return whether a normalized text has the form of a postal code: letters, digits, hyphens, at least one digit."""
    return _CODE.fullmatch(code) is not None


def area_of(areas: tuple[ServiceArea, ...], postal_code: str) -> ServiceArea | None:
    """Return the area of a normalized code, or None if it is in no area.

    An exact entry precedes the longest prefix, which precedes a range. Otherwise the first area precedes.
    """
    return _index_of(areas).area_of(postal_code)


@dataclass(frozen=True, slots=True)
class _PostalCodeIndex:
    """Areas by the entries of their postal codes."""

    codes: Mapping[str, ServiceArea]
    prefixes: Mapping[str, ServiceArea]
    ranges: Sequence[tuple[str, str, ServiceArea]]
    """First and last code, both inclusive."""

    def area_of(self, postal_code: str) -> ServiceArea | None:
        return next(self._areas_of(postal_code), None)

    def _areas_of(self, postal_code: str) -> Iterator[ServiceArea]:
        """Yield the areas of a code, the most specific entry first."""
        if postal_code in self.codes:
            yield self.codes[postal_code]
        for length in range(len(postal_code), 0, -1):
            if postal_code[:length] in self.prefixes:
                yield self.prefixes[postal_code[:length]]
        for first, last, area in self.ranges:
            if len(first) == len(postal_code) and first <= postal_code <= last:
                yield area


@lru_cache(maxsize=_CACHED_PROJECTS)
def _index_of(areas: tuple[ServiceArea, ...]) -> _PostalCodeIndex:
    codes: dict[str, ServiceArea] = {}
    prefixes: dict[str, ServiceArea] = {}
    ranges: list[tuple[str, str, ServiceArea]] = []
    for area in areas:
        for entry in area.postal_codes:
            first, range_mark, last = entry.partition(RANGE_MARK)
            if range_mark:
                ranges.append((first, last, area))
            elif entry.endswith(PREFIX_MARK):
                prefixes.setdefault(entry.removesuffix(PREFIX_MARK), area)
            else:
                codes.setdefault(entry, area)
    return _PostalCodeIndex(codes, prefixes, ranges)
