"""The reference pages list the reasons and changes of the code."""

import re

from project.repository import ROOT
from slotmcp.domain.reasons import Change, Reason

REFERENCE = ROOT / "docs" / "reference"


def first_cells(page: str, heading: str) -> list[str]:
    """Return the code in the first column of the tables below a heading."""
    section = (REFERENCE / page).read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_each_reason_is_listed() -> None:
    assert sorted(first_cells("availability.md", "Why not")) == sorted(Reason)


def test_each_change_of_an_opening_is_listed() -> None:
    assert set(Change) <= set(first_cells("tools/catalog-and-slots.md", "explain_slot"))
