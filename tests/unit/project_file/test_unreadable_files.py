"""Files that are rejected quickly while they are read, before values are built."""

from pathlib import Path

import pytest

from slotmcp.project_file import ProjectFileError, load_project_file
from slotmcp.project_file.yaml_reader import MAX_BYTES
from unit.project_file.files import GOOD, SUNDAY_NOV_22_2026_MS, edited, problems

BILLION_LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)


@pytest.mark.parametrize(
    ("content", "line", "sentence"),
    [
        (b"x" * 10_000_000, 1, "the file has 10.0 MB; a project file has at most 4 MB"),
        ("[" * 1_000_000, 1, "values are nested more than 24 levels deep"),
        ("a: " * 1_000, 1, "a colon is not allowed here"),
        ("{a: " * 100_000, 1, "values are nested more than 24 levels deep"),
        ("- " * 100_000, 1, "values are nested more than 24 levels deep"),
        (BILLION_LAUGHS, 6, "more than 600,000 values once its *aliases are expanded"),
        (b"project:\n  name: Caf\xe9\n", 2, "this byte is not UTF-8; save the file as UTF-8"),
        (GOOD.encode("utf-16"), 1, "the file looks like UTF-16; save the file as UTF-8"),
        ("", 1, "the file is empty; write at least project, services and technicians"),
        ("# only a comment\n", 1, "the file is empty"),
        ("---\n", 2, "the file is empty"),
        ("- project\n", 1, "the file is a list; write the keys project, services and technicians"),
        ("project", 1, "the file is a single value"),
        (edited("name: Ben", "name: Ben\x07"), 37, "the control character U+0007 is not allowed; remove it"),
        (edited("name: Ben", "name: Ben\x00"), 37, "the control character U+0000 is not allowed; remove it"),
        (edited("name: Ben", "name: Ben\ud83d"), 37, "the control character U+D83D is not allowed; remove it"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_an_unreadable_file_is_rejected_with_a_sentence(content: str | bytes, line: int, sentence: str) -> None:
    """Reject a file early; reading it to its end would exceed the time limit of the test."""
    (problem,) = problems(content)
    assert problem.line == line
    assert sentence in problem.problem


def test_at_most_twenty_control_characters_are_reported() -> None:
    assert [problem.line for problem in problems("\x01\n" * 30)] == list(range(1, 21))


def test_an_empty_mapping_reports_all_required_sections() -> None:
    assert [problem.path for problem in problems("{}")] == ["project", "services", "technicians"]


def test_a_large_file_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(1000 * MAX_BYTES)
    with pytest.raises(ProjectFileError, match=r"the file has 4,000\.0 MB"):
        load_project_file(path, now_ms=SUNDAY_NOV_22_2026_MS)


@pytest.mark.parametrize(("name", "why"), [("missing.yaml", "no such file or directory"), (".", "is a directory")])
def test_a_file_that_cannot_be_opened_is_rejected(tmp_path: Path, name: str, why: str) -> None:
    with pytest.raises(ProjectFileError) as refusal:
        load_project_file(tmp_path / name, now_ms=SUNDAY_NOV_22_2026_MS)
    assert str(refusal.value) == (f"{tmp_path / name}:1:1: the file cannot be read ({why}); pass a YAML or JSON file")


def test_a_valid_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert load_project_file(path, now_ms=SUNDAY_NOV_22_2026_MS).plan.project.id == "denver"
