"""Problems of a project file, with their lines."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""Location of a value in the file: keys, and indexes of lists from 0."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem, or one note. Lines and columns count from 1."""

    line: int
    column: int
    path: str
    """Path of the value, such as `technicians[2].shifts[0].end`; empty for the whole file."""
    problem: str
    """A sentence that states the valid form."""

    def __str__(self) -> str:
        path = f"{self.path}: " if self.path else ""
        return f"{self.line}:{self.column}: {path}{self.problem}"


class ProjectFileError(Exception):
    """The file has problems. `problems` lists all of them by line."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        """Name of the file in messages."""
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(f"{source}:{problem}" for problem in self.problems))


def path_of(place: Place) -> str:
    """Return a place in path notation: `technicians[2].shifts[0].end`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")
