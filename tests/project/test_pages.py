"""The pages: what they link to, run and name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.repository import PAGES, ROOT, anchors, command_names, prose, target_names

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"(?:src|tests|docs|examples|\.ci)/[\w./*-]+")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_of(page: Path) -> Iterator[str]:
    """Everything that is set as code: blocks line by line, and words between backticks."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from _CODE.findall(prose(page))


def test_there_are_pages() -> None:
    assert {"README.md", "docs/index.md", "docs/reference/glossary.md"} <= {name_of(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in _LINK.findall(prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in set(anchors(target))):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_and_targets_that_are_named_exist(page: Path) -> None:
    unknown = []
    for code in code_of(page):
        unknown += [
            f"make {word}" for word in re.findall(r"(?:^|\s)make ([a-z]+)\b", code) if word not in target_names()
        ]
        unknown += [f"slotmcp {word}" for word in _commands_in(code) if word not in command_names()]
    assert unknown == []


def _targets_in(code: str) -> list[str]:
    return re.findall(r"(?:^|\s)make ([a-z]+)\b", code)


def _commands_in(code: str) -> list[str]:
    """What follows `slotmcp` where a command line begins with it."""
    return re.findall(r"(?:^|[$>|(,] *|-- |/bin/)\"?slotmcp\"? ([a-z]+)\b", code)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_exist(page: Path) -> None:
    named = {found for code in code_of(page) for found in _PATH.findall(code)}
    assert [path for path in sorted(named) if not any(ROOT.glob(path.rstrip("/")))] == []


def test_the_checks_see_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`slotmcp fly` and `make tea` and `src/slotmcp/tea.py`\n\n```bash\nslotmcp dance\n```\n")
    code = list(code_of(page))
    assert [word for line in code for word in _commands_in(line)] == ["dance", "fly"]
    assert [word for line in code for word in _targets_in(line)] == ["tea"]
    assert [path for line in code for path in _PATH.findall(line)] == ["src/slotmcp/tea.py"]


def test_pictures_are_small_and_shown_somewhere() -> None:
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    linked = {(page.parent / link).resolve() for page in PAGES for link in _LINK.findall(prose(page))}
    assert pictures
    assert [picture.name for picture in pictures if picture not in linked] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > 200_000] == []
