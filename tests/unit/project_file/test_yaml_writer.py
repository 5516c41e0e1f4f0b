"""The quick writer of YAML returns the text that ruamel.yaml writes, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotmcp.domain.booking import BookingStatus
from slotmcp.project_file import dump_project
from slotmcp.project_file.export import export_booking
from slotmcp.project_file.yaml_writer import Flow, Keys, Quoted, quick_text, to_yaml, to_yaml_lines
from unit.project_file.files import GOOD, plan
from unit.project_file.plans import BOOKING_IDS, NAMES, SLUGS

WORDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,9}", fullmatch=True)
INSTANTS = st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?", fullmatch=True)
CODES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6).map(Quoted)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(BookingStatus),
    st.one_of(NAMES, SLUGS, BOOKING_IDS, WORDS, INSTANTS, CODES),
)
KEYS = st.sampled_from(["id", "start", "end", "location", "status"])
ENTRIES = st.dictionaries(KEYS, st.one_of(SCALARS, st.dictionaries(KEYS, SCALARS, max_size=2).map(Flow)), min_size=1)
ALL_WORDS = [
    "null",
    "off",
    "y",
    "1e3",
    "1e-3",
    "12",
    "0x1F",
    "0o7",
    "1_000",
    "10:20",
    "2026-01-01",
    "2026-01-01T10:00:00Z",
]


def as_ruamel(entry: Keys) -> str:
    return to_yaml({"bookings": [Flow(entry)]}).removeprefix("bookings:\n  - ").removesuffix("\n")


@given(st.lists(ENTRIES, max_size=3))
def test_lines_are_those_of_ruamel(entries: list[Keys]) -> None:
    whole = to_yaml({"bookings": list(map(Flow, entries))}) if entries else ""
    assert "".join(to_yaml_lines("bookings", entries)) == whole


@given(ENTRIES)
def test_a_quick_text_is_that_of_ruamel(entry: Keys) -> None:
    assert quick_text(entry) in {None, as_ruamel(entry)}


@pytest.mark.parametrize("word", ALL_WORDS)
def test_a_word_that_is_no_text_in_yaml_is_written_as_by_ruamel(word: str) -> None:
    assert quick_text({"id": word}) in {None, as_ruamel({"id": word})}


def test_usual_bookings_need_no_ruamel() -> None:
    good = plan(GOOD)
    services = {service.id: service for service in good.services}
    texts = [quick_text(export_booking(booking, services)) for booking in good.bookings]
    assert all(f"  - {text}\n" in dump_project(good) for text in texts)
    assert quick_text({"postalCode": Quoted("80202"), "location": {"latitude": 39.7}, "technicianChosen": True})
