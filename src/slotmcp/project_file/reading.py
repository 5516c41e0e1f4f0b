"""Reads a project file: all that it says, or all that is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slotmcp.project_file.collector import Problems
from slotmcp.project_file.decoding import decode, refuse_large
from slotmcp.project_file.document import Node, read_document
from slotmcp.project_file.mapping import plan_of
from slotmcp.project_file.notes import note_remarkable
from slotmcp.project_file.problems import Problem, ProjectFileError
from slotmcp.project_file.references import KnownIds, report_empty_sections
from slotmcp.project_file.shape import read_shape
from slotmcp.project_file.valid_values import ValidValues
from slotmcp.services.imports import ProjectPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A project file that is in order."""

    plan: ProjectPlan
    notes: tuple[Problem, ...]
    """What is worth a look, by line."""


def load_project_file(path: Path, *, now_ms: int) -> ProjectFile:
    """Read a file.

    Raises:
        ProjectFileError: it cannot be opened, or is not in order.
    """
    try:
        refuse_large(path.stat().st_size, source=str(path))
        content = path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be read ({(error.strerror or 'unknown').lower()}); name a YAML or JSON file"
        raise ProjectFileError(str(path), [Problem(1, 1, "", problem)]) from None
    return read_project_file(content, source=str(path), now_ms=now_ms)


def parse_project_file(text: str | bytes, *, source: str, now_ms: int) -> ProjectPlan:
    """What a file says. `source` is what to call it; relative dates count from `now_ms`.

    Raises:
        ProjectFileError: with all problems.
    """
    return read_project_file(text, source=source, now_ms=now_ms).plan


def read_project_file(text: str | bytes, *, source: str, now_ms: int) -> ProjectFile:
    """What a file says, and what is remarkable about it.

    Raises:
        ProjectFileError: with all problems.
    """
    root, mistakes = read_document(decode(text, source=source), source=source)
    return read_tree(root, mistakes, source=source, now_ms=now_ms)


def read_tree(root: Node, mistakes: Iterable[Problem], *, source: str, now_ms: int) -> ProjectFile:
    """What a tree of values says, given what is wrong with its YAML.

    Raises:
        ProjectFileError: with all problems.
    """
    valid_values = ValidValues(root)
    problems = Problems(root, valid_values.original, mistakes)
    known = KnownIds(root)
    report_empty_sections(root, problems)
    known.report_repeated(problems)
    plan = plan_of(read_shape(root, valid_values, problems), known, now_ms, problems)
    if problems.found:
        raise ProjectFileError(source, problems.found)
    note_remarkable(plan, problems)
    return ProjectFile(plan=plan, notes=tuple(sorted(problems.notes)))
