"""The checkout and the text of its documentation."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slotmcp.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])

_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def headings(page: Path, level: int) -> list[str]:
    """Return the headings of one level."""
    return re.findall(rf"^{'#' * level} (.+)$", prose(page), re.MULTILINE)


def anchors(page: Path) -> Iterator[str]:
    """Yield the anchors of a page, as links name them after the #."""
    for heading in _HEADING.findall(prose(page)):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def pyproject() -> dict[str, Any]:
    """Return the content of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def command_names() -> set[str]:
    """Return the names of the commands and of the groups of commands."""
    groups = {group.name or "" for group in app.registered_groups}
    commands = app.registered_commands
    return groups | {command.name or (command.callback.__name__ if command.callback else "") for command in commands}


def target_names() -> set[str]:
    """Return the targets that `make help` lists."""
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
