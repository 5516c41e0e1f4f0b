"""The pages on capacity and performance name rows of `make bench` that exist."""

import re

import pytest

from benchmarks.catalog import rows
from project.repository import ROOT, prose

NAMES = {row.name for row in rows()}


@pytest.mark.parametrize("page", ["capacity", "performance"])
def test_each_named_row_exists(page: str) -> None:
    text = prose(ROOT / "docs" / "explanation" / f"{page}.md")
    named = re.findall(r"`((?:engine|file|get_slots|book_slot|hold-and-book|postgres|stdio)-[\w-]+)`", text)
    assert len(named) > 5
    assert [name for name in named if name not in NAMES] == []
