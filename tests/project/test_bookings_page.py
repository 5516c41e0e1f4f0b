"""The page on bookings: its statuses and transitions are those of the code."""

import re

from project.repository import ROOT
from slotmcp.domain.booking import TRANSITIONS, BookingStatus
from slotmcp.services.technicians import OFF, TIME_OFF

PAGE = (ROOT / "docs" / "reference" / "bookings.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its rule."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_each_status_is_told_with_whether_it_takes_time() -> None:
    _, *told = rows("Status")
    assert [row[0] for row in told] == [status.value for status in BookingStatus]
    assert [row[0] for row in told if row[2] == "no"] == [BookingStatus.CANCELLED]


def test_the_transitions_are_those_of_the_code() -> None:
    (_, *to), *told = rows("Transitions")
    table = {
        BookingStatus(before): {BookingStatus(after) for after, mark in zip(to, marks, strict=True) if mark == "yes"}
        for before, *marks in told
    }
    assert table == {before: set(after) for before, after in TRANSITIONS.items()}


def test_what_needs_attention_is_said_in_sentences() -> None:
    assert all(re.fullmatch(r"[A-Z].+\.", said) for said in (OFF, TIME_OFF))
