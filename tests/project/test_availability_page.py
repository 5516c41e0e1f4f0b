"""The page on availability: its reasons are those of the code, and so are the changes on the page of tools."""

import re

from project.repository import ROOT
from slotmcp.domain.reasons import Change, Reason

REFERENCE = ROOT / "docs" / "reference"


def first_cells(page: str, heading: str) -> list[str]:
    """What stands as code in the first column of the tables below a heading."""
    section = (REFERENCE / page).read_text("utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_each_reason_is_told() -> None:
    assert sorted(first_cells("availability.md", "Why not")) == sorted(Reason)


def test_each_change_that_opens_a_start_is_told() -> None:
    assert set(Change) <= set(first_cells("tools/catalog-and-slots.md", "explain_slot"))
