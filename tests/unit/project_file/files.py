"""A valid file, its edits, and the problems of invalid files."""

from pathlib import Path

import pytest

from slotmcp.project_file import Problem, ProjectFile, ProjectFileError, read_project_file
from slotmcp.services.imports import ProjectPlan

SUNDAY_NOV_22_2026_MS = 1_795_374_000_000
"""Noon in Denver."""

GOOD = (Path(__file__).parent / "good.yaml").read_text(encoding="utf-8")
"""A valid file that uses every section."""


def read(text: str | bytes, *, now_ms: int = SUNDAY_NOV_22_2026_MS) -> ProjectFile:
    return read_project_file(text, source="test.yaml", now_ms=now_ms)


def plan(text: str | bytes, *, now_ms: int = SUNDAY_NOV_22_2026_MS) -> ProjectPlan:
    return read(text, now_ms=now_ms).plan


def problems_of(text: str | bytes) -> tuple[Problem, ...]:
    """Return the problems of any text; none if it is valid."""
    try:
        read(text)
    except ProjectFileError as error:
        return error.problems
    return ()


def problems(text: str | bytes) -> tuple[Problem, ...]:
    """Return the problems of an invalid text."""
    with pytest.raises(ProjectFileError) as refusal:
        read(text)
    return refusal.value.problems


def edited(old: str, new: str) -> str:
    """Return the valid file with one edit."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)
