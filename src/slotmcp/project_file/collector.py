"""Collects what is wrong, and what is remarkable, while a file is read."""

from collections.abc import Callable, Iterable

from slotmcp.project_file.document import Node, locate
from slotmcp.project_file.problems import Place, Problem, path_of


class Problems:
    """Problems and notes, each at its line. Places are as in what is left of the file.

    A path has one problem: what is found there later follows from the first, or can wait for it.
    """

    def __init__(self, root: Node, original: Callable[[Place], Place], mistakes: Iterable[Problem]) -> None:
        self.notes: list[Problem] = []
        self._root = root
        self._original = original
        self._by_path = {mistake.path: mistake for mistake in mistakes}
        self._concerned: set[Place] = set()

    @property
    def found(self) -> tuple[Problem, ...]:
        """All that would have to change."""
        return tuple(self._by_path.values())

    def add(self, place: Place, sentence: str, *, at_key: bool = False) -> None:
        """Something that would have to change."""
        original = self._original(place)
        problem = self._at(original, sentence, at_key=at_key)
        self._by_path.setdefault(problem.path, problem)
        self._concerned.update(_from_the_root(original))

    def add_note(self, place: Place, sentence: str) -> None:
        """Something that may well be meant so."""
        self.notes.append(self._at(self._original(place), sentence, at_key=False))

    def line_of(self, place: Place) -> int:
        """The line on which a value stands."""
        return locate(self._root, self._original(place)).line

    def has_problem_at(self, place: Place) -> bool:
        """Whether there is a problem at a place, in what it holds, or at what holds it."""
        original = self._original(place)
        return original in self._concerned or any(path_of(one) in self._by_path for one in _from_the_root(original))

    def _at(self, original: Place, sentence: str, *, at_key: bool) -> Problem:
        mark = locate(self._root, original, at_key=at_key)
        return Problem(mark.line, mark.column, path_of(original), sentence)


def _from_the_root(place: Place) -> Iterable[Place]:
    return (place[: length + 1] for length in range(len(place)))
