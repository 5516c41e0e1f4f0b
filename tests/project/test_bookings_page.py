"""The page on bookings lists the statuses and transitions of the code."""

from project.repository import ROOT
from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.booking import TRANSITIONS, BookingStatus

PAGE = (ROOT / "docs" / "reference" / "bookings.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its separator line."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_each_status_is_listed_with_its_effect_on_time() -> None:
    _, *listed = rows("Status")
    assert [row[0] for row in listed] == [status.value for status in BookingStatus]
    assert [row[0] for row in listed if row[2] == "no"] == [BookingStatus.CANCELLED]


def test_the_transitions_are_those_of_the_code() -> None:
    (_, *to), *listed = rows("Transitions")
    table = {
        BookingStatus(before): {BookingStatus(after) for after, mark in zip(to, marks, strict=True) if mark == "yes"}
        for before, *marks in listed
    }
    assert table == {before: set(after) for before, after in TRANSITIONS.items()}


def test_each_cause_of_attention_is_listed() -> None:
    _, *listed = rows("Attention")
    assert [row[0] for row in listed] == [cause.value for cause in AttentionCause]
