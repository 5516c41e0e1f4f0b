"""The pages on capacity and performance name rows of `make bench` that exist."""

import re

import pytest

from benchmarks import bookings, engine, fleet, over_http, postgres, start, tools
from project.repository import ROOT, prose

NAMES = {row.name for group in (engine, tools, over_http, fleet, bookings, postgres, start) for row in group.rows()}


@pytest.mark.parametrize("page", ["capacity", "performance"])
def test_each_named_row_exists(page: str) -> None:
    text = prose(ROOT / "docs" / "explanation" / f"{page}.md")
    named = re.findall(r"`((?:engine|get_slots|book_slot|hold-and-book|postgres|stdio)-[\w-]+)`", text)
    assert len(named) > 5
    assert [name for name in named if name not in NAMES] == []
