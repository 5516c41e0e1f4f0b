"""Where the checkout is, and what its pages say."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slotmcp.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path, level: int) -> list[str]:
    """The headings of one level."""
    return re.findall(rf"^{'#' * level} (.+)$", prose(page), re.MULTILINE)


def anchors(page: Path) -> Iterator[str]:
    """What a link may name after the #."""
    for heading in _HEADING.findall(prose(page)):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def pyproject() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def command_names() -> set[str]:
    """The commands of the command line, and its groups of commands."""
    groups = {one.name or "" for one in app.registered_groups}
    return groups | {one.name or (one.callback.__name__ if one.callback else "") for one in app.registered_commands}


def target_names() -> set[str]:
    """The targets of the Makefile that help names."""
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
