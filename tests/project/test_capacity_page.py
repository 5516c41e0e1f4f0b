"""The pages on capacity and performance name rows of `make bench` that exist, and describe all of them."""

import re
from fnmatch import fnmatchcase

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


def test_each_row_is_described() -> None:
    page = prose(ROOT / "docs" / "explanation" / "performance.md")
    table = page.split("\n## Rows\n")[1].split("\n## ")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    patterns = [pattern for cell in first_cells for pattern in re.findall(r"`([^`]+)`", cell)]
    assert "stdio-start" in patterns
    described = [name for name in NAMES if any(fnmatchcase(name, pattern) for pattern in patterns)]
    assert sorted(NAMES.difference(described)) == []
