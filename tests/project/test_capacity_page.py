"""The page on capacity: each row of `make bench` that it leans on is there."""

import re

from benchmarks import bookings, engine, fleet, over_http, postgres, start, tools
from project.repository import ROOT, prose

NAMES = {row.name for group in (engine, tools, over_http, fleet, bookings, postgres, start) for row in group.rows()}


def test_each_row_that_is_named_exists() -> None:
    page = prose(ROOT / "docs" / "explanation" / "capacity.md")
    named = re.findall(r"`((?:engine|get_slots|book_slot|hold-and-book|postgres)-[\w-]+)", page)
    assert len(named) > 5
    assert [name for name in named if name not in NAMES] == []
