"""Reader of project files. It returns the plan with notes, or reports all problems."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from slotmcp.project_file.checks import KnownIds, Problems, check_required_sections
from slotmcp.project_file.document import Node, read_document
from slotmcp.project_file.mapping import plan_of
from slotmcp.project_file.notes import add_notes
from slotmcp.project_file.problems import Problem, ProjectFileError
from slotmcp.project_file.shape import ValidValues, read_shape
from slotmcp.project_file.yaml_reader import check_size, decode
from slotmcp.services.imports import ProjectPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """A valid project file."""

    plan: ProjectPlan
    notes: tuple[Problem, ...]
    """Valid but unusual values, by line."""


def load_project_file(path: Path, *, now_ms: int) -> ProjectFile:
    """Read a file.

    Raises:
        ProjectFileError: the file cannot be read, or it has problems.
    """
    try:
        check_size(path.stat().st_size, source=str(path))
        content = path.read_bytes()
    except OSError as error:
        problem = f"the file cannot be read ({(error.strerror or 'unknown').lower()}); pass a YAML or JSON file"
        raise ProjectFileError(str(path), [Problem(1, 1, "", problem)]) from None
    return read_project_file(content, source=str(path), now_ms=now_ms)


def read_project_file(text: str | bytes, *, source: str, now_ms: int) -> ProjectFile:
    """Return the plan and the notes of a file.

    `source` is the file's name in messages; relative dates count from `now_ms`.

    Raises:
        ProjectFileError: the file has problems.
    """
    root, mistakes = read_document(decode(text, source=source), source=source)
    return read_tree(root, mistakes, source=source, now_ms=now_ms)


def read_tree(root: Node, mistakes: Iterable[Problem], *, source: str, now_ms: int) -> ProjectFile:
    """Return the plan and the notes of a tree of values. `mistakes` are the problems of its YAML.

    Raises:
        ProjectFileError: the file has problems.
    """
    valid_values = ValidValues(root)
    problems = Problems.of(root, valid_values.original, mistakes)
    known = KnownIds(root)
    check_required_sections(root, problems)
    known.check_unique(problems)
    plan = plan_of(read_shape(root, valid_values, problems), known, now_ms, problems)
    if problems.all:
        raise ProjectFileError(source, problems.all)
    add_notes(plan, now_ms, problems)
    return ProjectFile(plan=plan, notes=problems.notes)
