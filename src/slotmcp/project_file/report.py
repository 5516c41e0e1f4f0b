"""Collects what is wrong, and what is remarkable, while a file is read."""

from collections.abc import Callable

from slotmcp.project_file.document import Node, locate
from slotmcp.project_file.problems import Place, Problem, path_of


class Report:
    """Problems and notes, each at its line. Places are as in what is left of the file."""

    def __init__(self, root: Node, original: Callable[[Place], Place]) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []
        self._root = root
        self._original = original

    def problem(self, place: Place, sentence: str, *, at_key: bool = False) -> None:
        """Something that would have to change."""
        self.problems.append(self._at(self._original(place), sentence, at_key=at_key))

    def note(self, place: Place, sentence: str) -> None:
        """Something that may well be meant so."""
        self.notes.append(self._at(self._original(place), sentence, at_key=False))

    def line(self, place: Place) -> int:
        """The line on which a value stands."""
        return locate(self._root, self._original(place)).line

    def concerns(self, path: str) -> bool:
        """Whether there is a problem at a path, or at something in or around it."""
        return any(_within(one.path, path) or _within(path, one.path) for one in self.problems)

    def _at(self, original: Place, sentence: str, *, at_key: bool) -> Problem:
        mark = locate(self._root, original, at_key=at_key)
        return Problem(mark.line, mark.column, path_of(original), sentence)


def _within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))
