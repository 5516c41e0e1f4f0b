"""Problems and notes of a project file, and checks that several sections share."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from slotmcp.project_file.document import Node, locate
from slotmcp.project_file.problems import Place, Problem, path_of
from slotmcp.project_file.suggestions import did_you_mean

_ID_SECTIONS = ("services", "technicians", "bookings")
_REQUIRED_SECTIONS = ("services", "technicians")
LISTED_TWICE = "this is listed twice; remove one"


class _Findings:
    """Problems and notes of a file. `original` maps places in the remaining values to places in the file."""

    def __init__(self, root: Node, original: Callable[[Place], Place], mistakes: Iterable[Problem]) -> None:
        self.notes: list[Problem] = []
        self.by_path = {mistake.path: mistake for mistake in mistakes}
        self.affected: set[Place] = set()
        self.original = original
        self.root = root

    def problem(self, original: Place, sentence: str, *, at_key: bool = False) -> Problem:
        mark = locate(self.root, original, at_key=at_key)
        return Problem(mark.line, mark.column, path_of(original), sentence)


class Problems:
    """Problems and notes at one place of a project file.

    A path has one problem. Later ones at the same path usually follow from the first.
    """

    def __init__(self, findings: _Findings, place: Place = ()) -> None:
        self._findings = findings
        self._place = place

    @classmethod
    def of(cls, root: Node, original: Callable[[Place], Place], mistakes: Iterable[Problem]) -> "Problems":
        """Return the problems of a file, starting with its YAML mistakes."""
        return cls(_Findings(root, original, mistakes))

    def at(self, *steps: str | int) -> "Problems":
        """Return the problems at a place below this one."""
        return Problems(self._findings, (*self._place, *steps))

    def add(self, sentence: str, *, at_key: bool = False) -> None:
        """Add a problem that makes the file unusable."""
        original = self._original
        problem = self._findings.problem(original, sentence, at_key=at_key)
        self._findings.by_path.setdefault(problem.path, problem)
        self._findings.affected.update(_from_the_root(original))

    def add_note(self, sentence: str) -> None:
        """Add a warning about something that is allowed but unusual."""
        self._findings.notes.append(self._findings.problem(self._original, sentence))

    @property
    def all(self) -> tuple[Problem, ...]:
        """All problems of the file."""
        return tuple(self._findings.by_path.values())

    @property
    def notes(self) -> tuple[Problem, ...]:
        """All notes of the file, by line."""
        return tuple(sorted(self._findings.notes))

    @property
    def line(self) -> int:
        """Line of this place."""
        return locate(self._findings.root, self._original).line

    @property
    def exist(self) -> bool:
        """True if there is a problem at this place, below it, or above it."""
        original = self._original
        return original in self._findings.affected or any(
            path_of(place) in self._findings.by_path for place in _from_the_root(original)
        )

    @property
    def _original(self) -> Place:
        return self._findings.original(self._place)


class KnownIds:
    """Ids that a file defines, including those of entries with other problems."""

    def __init__(self, root: Node) -> None:
        self._ids = {section: list(_ids(root, section)) for section in _ID_SECTIONS}
        self._names = {section: dict.fromkeys(name for _, name in ids) for section, ids in self._ids.items()}

    def check_unique(self, problems: Problems) -> None:
        """Report ids that are defined twice. Call it before any value is removed from the file."""
        for section, ids in self._ids.items():
            first: dict[str, int] = {}
            for index, name in ids:
                if name in first:
                    line = problems.at(section, first[name], "id").line
                    problems.at(section, index, "id").add(f'"{name}" is already the id on line {line}; use another one')
                first.setdefault(name, index)

    def check(self, section: str, name: str, problems: Problems) -> None:
        """Report a name that is not an id in a section. A section without ids is not checked."""
        ids = self._names[section]
        if ids and name not in ids:
            kind = section.removesuffix("s")
            problems.add(f'there is no {kind} "{name}" in {section}; {did_you_mean(name, ids)}')


def check_required_sections(root: Node, problems: Problems) -> None:
    """Report empty lists that need at least one entry."""
    for section in _REQUIRED_SECTIONS:
        entries = root.child(section)
        if entries is not None and entries.value == []:
            problems.at(section).add(f"add at least one {section.removesuffix('s')} here")


def check_repeated(values: Sequence[object], problems: Problems) -> None:
    """Report values that a list contains twice."""
    for index, value in enumerate(values):
        if value in values[:index]:
            problems.at(index).add(LISTED_TWICE)


def _from_the_root(place: Place) -> Iterator[Place]:
    return (place[: length + 1] for length in range(len(place)))


def _ids(root: Node, section: str) -> Iterator[tuple[int, str]]:
    entries = root.child(section)
    if entries is None:
        return
    for index, entry in entries.children():
        name = entry.child("id")
        if isinstance(index, int) and name is not None and isinstance(name.value, str):
            yield index, name.value
