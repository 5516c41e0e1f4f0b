"""A file's values without those that are wrong, so that the rest can still be checked.

Values are taken out one by one; places in what is left and in the file are translated.
"""

from copy import deepcopy
from typing import TypeAlias

from slotmcp.project_file.document import Node
from slotmcp.project_file.problems import Place

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | _Gone | None"


class _Gone:
    """Stands where a list's item was, so that those after it keep their index."""


_GONE = _Gone()


class ValidValues:
    """What is left of a file."""

    def __init__(self, root: Node) -> None:
        self._root = _plain(root)
        self._kept_by_list: dict[int, list[int]] = {}
        """Indexes of what is left, by the id of the list, until anything changes."""

    def values(self) -> object:
        """Plain values of what is left; lists have closed up."""
        return _closed_up(self._root)

    def original(self, place: Place) -> Place:
        """Where a place in `values()` stands in the file."""
        here, steps = self._root, list[str | int]()
        for step in place:
            if isinstance(step, int) and isinstance(here, list):
                step = self._kept(here)[step]  # noqa: PLW2901  the same step, counted in the file
            here = _child(here, step)
            steps.append(step)
        return tuple(steps)

    def take_out(self, original: Place) -> None:
        """Leave out the value at a place in the file, if it is still there."""
        parent = self._at(original[:-1])
        self._kept_by_list.clear()
        match parent, original[-1]:
            case list(), int(index):
                parent[index] = _GONE
            case dict(), str(key):
                parent.pop(key, None)

    def fill_in(self, original: Place, value: Plain) -> None:
        """Put a value where one is missing, so that the rest can be read."""
        parent = self._at(original[:-1])
        if isinstance(parent, dict):
            self._kept_by_list.clear()
            parent[str(original[-1])] = deepcopy(value)

    def _kept(self, items: list[Plain]) -> list[int]:
        kept = self._kept_by_list.get(id(items))
        if kept is None:
            kept = self._kept_by_list[id(items)] = [index for index, item in enumerate(items) if item is not _GONE]
        return kept

    def _at(self, original: Place) -> Plain:
        here = self._root
        for step in original:
            here = _child(here, step)
        return here


def _plain(node: Node) -> Plain:
    if isinstance(node.value, dict):
        return {key: _plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    return node.value


def _closed_up(value: Plain) -> object:
    if isinstance(value, dict):
        return {key: _closed_up(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_closed_up(one) for one in value if one is not _GONE]
    return value


def _child(value: Plain, step: str | int) -> Plain:
    match value, step:
        case list(), int() if step < len(value):
            return value[step]
        case dict(), str():
            return value.get(step)
        case _:
            return None
