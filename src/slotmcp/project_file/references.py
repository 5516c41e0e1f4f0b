"""Ids: each once, and each that is named there."""

from collections.abc import Iterable, Sequence

from slotmcp.project_file.collector import Problems
from slotmcp.project_file.document import Node
from slotmcp.project_file.nearest import did_you_mean
from slotmcp.project_file.problems import Place

_SECTIONS = ("services", "technicians", "bookings")
_NEEDED = ("services", "technicians")


class KnownIds:
    """The ids that a file gives, even those of entries that are wrong otherwise."""

    def __init__(self, root: Node) -> None:
        self._places = {section: list(_ids(root, section)) for section in _SECTIONS}

    def report_repeated(self, problems: Problems) -> None:
        """Each id that stands twice. To be asked before anything is left out of the file."""
        for section, ids in self._places.items():
            first: dict[str, int] = {}
            for index, name in ids:
                if name in first:
                    line = problems.line_of((section, first[name], "id"))
                    sentence = f'"{name}" is the id on line {line} already; write another one'
                    problems.add((section, index, "id"), sentence)
                first.setdefault(name, index)

    def check(self, section: str, name: str, place: Place, problems: Problems) -> None:
        """Report a name that is the id of nothing in the section, unless that has no ids at all."""
        ids = [one for _, one in self._places[section]]
        if ids and name not in ids:
            kind = section.removesuffix("s")
            problems.add(place, f'there is no {kind} "{name}" in {section}; {did_you_mean(name, ids)}')


def report_empty_sections(root: Node, problems: Problems) -> None:
    """A list that has to hold something and does not."""
    for section in _NEEDED:
        entries = root.child(section)
        if entries is not None and entries.value == []:
            problems.add((section,), f"write at least one {section.removesuffix('s')} here")


def check_repeated(words: Sequence[object], place: Place, problems: Problems) -> None:
    """Report words that stand twice in one list."""
    for index, word in enumerate(words):
        if word in words[:index]:
            problems.add((*place, index), "this stands twice in the list; remove one")


def _ids(root: Node, section: str) -> Iterable[tuple[int, str]]:
    entries = root.child(section)
    if entries is None:
        return
    for index, entry in entries.children():
        name = entry.child("id")
        if isinstance(index, int) and name is not None and isinstance(name.value, str):
            yield index, name.value
