"""The style of the source, the pages and the commits: plain words, short functions, no hidden imports."""

import re
import subprocess
from collections.abc import Iterator
from inspect import cleandoc, getdoc
from statistics import median

from comparison.structure import (
    QUESTION_WORDS,
    Module,
    duplicate_classes,
    first_word,
    function_lengths,
    modules_loaded_by_string,
    modules_of,
)
from project.repository import ROOT
from slotmcp.tools.server import TOOLS

SOURCE = modules_of(ROOT / "src")
WRITTEN = [module for module in SOURCE if not module.is_generated]
TESTS = [module for module in modules_of(ROOT / "tests") if "node_modules" not in module.path.parts]

DENIED_NAMES = {
    *("asked", "bell", "diaries", "diary", "door", "doorway", "doors", "entrance", "errand", "errands", "everybody"),
    *("faces", "flights", "glance", "heard", "house", "indoors", "lane", "meant", "noting", "nobody", "outdoors"),
    *("patience", "shelf", "sketch", "somebody", "told", "whatever", "whoever", "wished", "wish"),
}
"""Words that no name of a class, function, parameter, attribute or module may contain."""
STORED_NAMES = {"asked", "told", "wished"}
"""Database columns and stored or published keys that have always been called so."""
DENIED_PROSE = {"everybody", "nobody", "somebody", "whatever", "whoever", "whomever", "wherever"}
"""Words that no docstring and no comment contains: the actor has a name."""
PUBLISHED = {getdoc(tool.function) for tool in TOOLS}
"""Docstrings that are descriptions on the wire, which a snapshot fixes."""

FIRST_CHECKED_COMMIT = "03c5156"
MAX_SUBJECT_CHARACTERS = 72
MEDIAN_FUNCTION_LINES = 8
LONG_FUNCTION_LINES = 25
MAX_SHARE_OF_LONG_FUNCTIONS = 0.1
LONG_FILE_LINES = 300
MAX_SHARE_OF_LONG_FILES = 0.1


def identifiers(module: Module) -> Iterator[str]:
    """The names that a module defines."""
    definition = re.compile(
        r"^\s*(?:async )?(?:def|class) (\w+)|^\s*(\w+)\s*(?::[^=]+)?=[^=]|[(,]\s*\*{0,2}(\w+)\s*:", re.MULTILINE
    )
    yield module.path.stem
    for match in definition.finditer(module.text):
        yield next(name for name in match.groups() if name)


def words_of(name: str) -> set[str]:
    """The words of an identifier, in lower case."""
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def comments(module: Module) -> Iterator[str]:
    """The comments of a module."""
    return iter(re.findall(r"(?:^|\s)# (.*)$", module.text, re.MULTILINE))


def test_docstrings_open_with_a_verb_or_a_noun() -> None:
    opened = [
        f"{module.path}:{line}: {text.splitlines()[0]}"
        for module in (*WRITTEN, *TESTS)
        for line, text in module.docstrings
        if first_word(text) in QUESTION_WORDS
    ]
    assert opened == []


def test_names_use_standard_terms() -> None:
    denied = [
        f"{module.path}: {name}"
        for module in WRITTEN
        for name in identifiers(module)
        if words_of(name) & DENIED_NAMES and name not in STORED_NAMES
    ]
    assert denied == []


def test_docstrings_and_comments_name_the_actor() -> None:
    denied = [
        f"{module.path}: {text}"
        for module in WRITTEN
        for text in (*(text for _, text in module.docstrings), *comments(module))
        if set(re.findall(r"[a-z]+", text.lower())) & DENIED_PROSE and cleandoc(text) not in PUBLISHED
    ]
    assert denied == []


def test_functions_are_short() -> None:
    lengths = function_lengths(WRITTEN)
    long = [length for length in lengths if length > LONG_FUNCTION_LINES]
    assert median(lengths) <= MEDIAN_FUNCTION_LINES
    assert len(long) / len(lengths) < MAX_SHARE_OF_LONG_FUNCTIONS


def test_files_are_of_a_readable_length() -> None:
    lines = [module.lines for module in WRITTEN if module.path.name != "__init__.py"]
    assert 80 <= median(lines) <= LONG_FILE_LINES
    assert sum(length > LONG_FILE_LINES for length in lines) / len(lines) < MAX_SHARE_OF_LONG_FILES


def test_a_class_name_means_one_thing() -> None:
    assert duplicate_classes(SOURCE) == {}


def test_the_type_checker_sees_every_import_and_every_attribute() -> None:
    assert modules_loaded_by_string(SOURCE) == 0
    assert [module.name for module in SOURCE for node in module.functions if node.name == "__getattr__"] == []


def test_commit_subjects_are_short() -> None:
    command = ["git", "log", "--no-merges", "--format=%s", f"{FIRST_CHECKED_COMMIT}..HEAD"]
    log = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603  git as installed
    subjects = log.stdout.splitlines()  # empty in a checkout without the history
    assert [subject for subject in subjects if len(subject) > MAX_SUBJECT_CHARACTERS] == []
