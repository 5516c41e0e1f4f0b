"""docs/reference/project-file.md names every key with its bounds, and its examples are correct."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slotmcp.project_file import project_schema
from unit.project_file.files import edited, plan, problems

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference" / "project-file.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "how-to" / "describe-your-business.md").read_text(encoding="utf-8")


def keys() -> Iterator[tuple[str, dict[str, Any]]]:
    schema = project_schema()
    yield from schema["properties"].items()
    for entry in schema["$defs"].values():
        yield from entry["properties"].items()


def test_every_key_is_on_the_page() -> None:
    words = set(re.findall(r"[\w-]+", PAGE))
    assert {key for key, _ in keys()} <= words


def test_the_bounds_of_every_whole_number_are_on_the_page() -> None:
    bounds = {f"{about['minimum']} to {about['maximum']}" for _, about in keys() if about.get("type") == "integer"}
    assert len(bounds) >= 7
    assert [one for one in bounds if one not in PAGE] == []


def test_the_file_on_the_page_is_valid() -> None:
    first = next(iter(re.findall(r"```yaml\n(project:.*?)```", PAGE, re.DOTALL)))
    assert plan(first).technicians[0].id == "t-ana"


def test_the_files_of_the_guide_are_valid() -> None:
    files = [plan(text) for text in re.findall(r"```yaml\n(project:.*?)```", GUIDE, re.DOTALL)]
    assert [len(file.project.areas) for file in files] == [0, 2]


def test_the_problems_on_the_page_are_reported_so() -> None:
    reported = [problem.problem for problem in problems(edited("holdTtlSeconds: 90", "holdTtlSeconds: 30"))]
    reported += [problem.problem for problem in problems(edited("    shifts:", "    shfits:"))]
    assert [sentence for sentence in reported if sentence not in PAGE] == []
