"""Normalization of postal codes, and the area of a code: the index agrees with a comparison of all entries."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slotmcp.domain.booking_rules import ServiceArea
from slotmcp.domain.postal_codes import area_of, is_postal_code, normalize_postal_code

CODES = st.text("012A", min_size=1, max_size=4)
RANGES = st.integers(1, 4).flatmap(lambda size: st.tuples(*[st.text("012A", min_size=size, max_size=size)] * 2))
ENTRIES = st.one_of(CODES, CODES.map("{}*".format), RANGES.map(sorted).map(lambda ends: f"{ends[0]}..{ends[1]}"))
AREAS = st.lists(st.lists(ENTRIES, min_size=1, max_size=4), max_size=4)


def areas_of(*entries: list[str]) -> tuple[ServiceArea, ...]:
    return tuple(ServiceArea(id=str(number), postal_codes=tuple(codes)) for number, codes in enumerate(entries))


def rank(entry: str, code: str) -> tuple[int, int] | None:
    """Return the specificity of an entry for a code, smaller is better; None: it does not contain the code."""
    if entry == code:
        return 0, 0
    if entry.endswith("*"):
        return (1, -len(entry)) if code.startswith(entry[:-1]) else None
    if ".." in entry:
        first, last = entry.split("..")
        is_between = len(code) == len(first) and sorted([first, code, last])[1] == code
        return (2, 0) if is_between else None
    return None


@given(AREAS, CODES)
@example([["0*"], ["00*"]], "001")
@example([["0*"], ["0*"]], "001")
@example([["0"], ["0"]], "0")
@example([["0..2"], ["1*"], ["1"]], "1")
@example([["0..2"], ["1..2"]], "1")
@example([["00..22"]], "1")
def test_the_area_has_the_most_specific_entry(entries: list[list[str]], code: str) -> None:
    ranked = [
        (place, number)
        for number, codes in enumerate(entries)
        for entry in codes
        if (place := rank(entry, code)) is not None
    ]
    area = area_of(areas_of(*entries), code)
    assert (area and int(area.id)) == (min(ranked)[1] if ranked else None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("80202", "80202"),
        (" 80202 ", "80202"),
        ("80202-1234", "80202"),
        ("80202 1234", "80202"),
        ("802021234", "80202"),
        ("80202-123", "80202-123"),
        ("sw1a 1aa", "SW1A1AA"),
        ("SW1A\u00a01AA", "SW1A1AA"),
        ("k1a 0b6", "K1A0B6"),
        ("00-950", "00-950"),
        ("01310-100", "01310-100"),
    ],
)
def test_codes_are_compared_in_uppercase_without_spaces(text: str, code: str) -> None:
    assert normalize_postal_code(text) == code
    assert is_postal_code(code)


@given(st.text(max_size=20))
def test_a_normalized_code_stays_as_it_is(text: str) -> None:
    code = normalize_postal_code(text)
    assert normalize_postal_code(code) == code


@pytest.mark.parametrize("text", ["", "*", "Denver", "80", "802*", "80210..80219", "-80202", "8020212345678", "٨٠٢٠٢"])
def test_other_texts_are_not_postal_codes(text: str) -> None:
    assert not is_postal_code(normalize_postal_code(text))
