"""The documentation: its table of contents, links, commands, file names and line widths."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from project.repository import PAGES, ROOT, anchors, command_names, headings, prose, pyproject, target_names

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_TARGET = re.compile(r"\]\([^)\s]+\)")
_PATH = re.compile(r"(?:src|tests|docs|examples|\.ci)/[\w./*-]+")


PROSE_CHARACTERS = 100
"""The maximum width of a line outside tables, code and links."""
SENTENCE_WORDS = 25
CONTRIBUTING_LINES = 45
DOCS = ROOT / "docs"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_of(page: Path) -> Iterator[str]:
    """Yield all code of a page: the lines of blocks, and the words between backticks."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from _CODE.findall(prose(page))


def test_there_are_pages() -> None:
    assert {"README.md", "docs/index.md", "docs/reference/glossary.md"} <= {name_of(page) for page in PAGES}


def links_of(page: Path) -> set[Path]:
    """Return the files to which a page links."""
    targets = {link.partition("#")[0] for link in _LINK.findall(prose(page))}
    return {(page.parent / target).resolve() for target in targets if target and "://" not in target}


def wide_lines(text: str) -> list[str]:
    """Return the lines of prose that are too wide: neither tables nor images, and shorter without links and code."""
    lines = [line for line in text.splitlines() if not line.startswith(("|", "!["))]
    return [line for line in lines if len(_TARGET.sub("]", line)) > PROSE_CHARACTERS and not _is_code(line)]


def long_sentences(text: str) -> list[str]:
    """Return the sentences with too many words, with code as one word and without tables, quotations and examples."""
    lines = [line for line in _TARGET.sub("]", text).splitlines() if not line.startswith(("|", "![", "#"))]
    blocks = re.split(r"\n\s*\n|\n\s*(?:[-*]|\d+\.) |^(?:[-*]|\d+\.) ", "\n".join(lines))
    sentences = [
        sentence
        for block in blocks
        for sentence in re.split(r"(?<=[.!?:;])\W*\s+", re.sub(r"`[^`]*`", "code", " ".join(block.split())))
    ]
    return [sentence for sentence in sentences if len(sentence.split()) > SENTENCE_WORDS]


def _is_code(line: str) -> bool:
    """Return whether code that cannot be broken is all that makes a line too wide."""
    longest = max((len(code) for code in _CODE.findall(line)), default=0)
    return longest > PROSE_CHARACTERS // 2


def test_the_table_of_contents_lists_every_page() -> None:
    index = DOCS / "index.md"
    pages = {page.resolve() for page in DOCS.rglob("*.md")} - {index}
    assert sorted(map(name_of, pages - links_of(index))) == []


def test_the_decisions_are_numbered_and_listed_with_their_titles() -> None:
    titles = [headings(page, 1)[0] for page in sorted((DOCS / "decisions").glob("0*.md"))]
    assert [title.partition(". ")[0] for title in titles] == [str(number + 1) for number in range(len(titles))]
    for page in (DOCS / "index.md", DOCS / "decisions" / "README.md"):
        text = re.sub(r"\n +", " ", page.read_text(encoding="utf-8"))
        assert re.findall(r"^(\d+\. )\[(.+?)\]\([^)]*\d{4}-", text, re.MULTILINE) == [
            (title[: title.index(" ") + 1], title.partition(". ")[2]) for title in titles
        ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_is_at_most_100_characters_wide(page: Path) -> None:
    assert wide_lines(prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_sentence_has_at_most_25_words(page: Path) -> None:
    assert long_sentences(prose(page)) == []


def test_long_sentences_are_found() -> None:
    words = " ".join(["word"] * 26)
    assert long_sentences(f"Short. {words}.\n\n- {words[:50]}: {words[:60]}") == [f"{words}."]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_one_title(page: Path) -> None:
    assert len(headings(page, 1)) == 1


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_and_anchors_resolve(page: Path) -> None:
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
def test_the_named_commands_and_make_targets_exist(page: Path) -> None:
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
    """Return the words after `slotmcp` at the beginning of command lines."""
    return re.findall(r"(?:^|[$>|(,] *|-- |/bin/)\"?slotmcp\"? ([a-z]+)\b", code)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_named_files_exist(page: Path) -> None:
    named = {match for code in code_of(page) for match in _PATH.findall(code)}
    assert [path for path in sorted(named) if not any(ROOT.glob(path.rstrip("/")))] == []
    modules = {code for code in code_of(page) if re.fullmatch(r"[\w/]+\.py", code)}
    folders = [ROOT, ROOT / "src" / "slotmcp", page.parent]
    listed = [*(ROOT / "src").rglob("*.py"), *page.parent.glob("*.py")]
    names = {path.name for path in listed}
    assert [
        module
        for module in sorted(modules)
        if not (any((folder / module).is_file() for folder in folders) if "/" in module else module in names)
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_named_modules_and_attributes_exist(page: Path) -> None:
    named = {name for code in code_of(page) for name in re.findall(r"\bslotmcp(?:\.[a-z]\w*)+(?:[.:]\w+)?", code)}
    files = re.compile(r"\.(?:db|db\.\d+|db(?:\.\w+)?\.backups?|toml|service)(?:-\w+)?$")
    assert [name for name in sorted(named) if not files.search(name) and not _is_importable(name)] == []


def _is_importable(dotted: str) -> bool:
    """Return whether a dotted name is a module, or an attribute of one."""
    parts = dotted.replace(":", ".").split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        return all((found := getattr(found, part, None)) is not None for part in parts[count:])
    return False


def test_the_contributing_guide_shows_the_layers_of_the_import_contract() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    shown = " > ".join(f"({layer})" if "|" in layer else layer for layer in layers)
    assert f"`{shown}`" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_contributing_fits_on_one_screen() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= CONTRIBUTING_LINES


def test_wrong_names_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`slotmcp fly` and `make tea` and `src/slotmcp/tea.py`\n\n```bash\nslotmcp dance\n```\n")
    code = list(code_of(page))
    assert [word for line in code for word in _commands_in(line)] == ["dance", "fly"]
    assert [word for line in code for word in _targets_in(line)] == ["tea"]
    assert [path for line in code for path in _PATH.findall(line)] == ["src/slotmcp/tea.py"]


def test_wide_lines_are_found() -> None:
    words = " ".join(["word"] * 25)
    assert wide_lines(words) == [words]
    assert wide_lines(f"| {words} |") == []
    assert wide_lines(f"{words[:80]} [a link](https://example.com/a/long/path/to/a/page/of/documentation)") == []


def test_each_picture_is_small_and_shown_on_a_page() -> None:
    pictures = sorted((ROOT / "docs" / "images").iterdir())
    linked = {(page.parent / link).resolve() for page in PAGES for link in _LINK.findall(prose(page))}
    assert pictures
    assert [picture.name for picture in pictures if picture not in linked] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > 200_000] == []
