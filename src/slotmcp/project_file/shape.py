"""Validation of a file's plain values against the schema, with a sentence for each mismatch.

Values with problems are taken out one by one, so that the remaining ones can still be checked. Places in the
remaining values and in the file are translated.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from slotmcp.project_file.checks import Problems
from slotmcp.project_file.document import Node
from slotmcp.project_file.entry import entry_at
from slotmcp.project_file.field_types import found
from slotmcp.project_file.problems import Place
from slotmcp.project_file.schema import FileEntry
from slotmcp.project_file.suggestions import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | _Removed | None"


class _Removed:
    """Marker in place of a removed list item, so that later items keep their index."""


_REMOVED = _Removed()

_STAND_INS: dict[Place, Plain] = {
    ("project",): {},
    ("project", "id"): "stand-in",
    ("project", "name"): "stand-in",
    ("project", "timezone"): "UTC",
    ("services",): [],
    ("technicians",): [],
}
"""Replacements of wrong required values, to check the other values with. The file is rejected in the end."""


class ValidValues:
    """Values of a file without those that are taken out."""

    def __init__(self, root: Node) -> None:
        self._root = _plain(root)
        self._kept_by_list: dict[int, list[int]] = {}
        """Original indexes of the remaining items, by the id of the list; cleared on every change."""

    def values(self) -> object:
        """Return the remaining plain values, with gaps in lists closed."""
        return _without_removed(self._root)

    def original(self, place: Place) -> Place:
        """Return the place in the file of a place in `values()`."""
        here, steps = self._root, list[str | int]()
        for step in place:
            if isinstance(step, int) and isinstance(here, list):
                step = self._kept(here)[step]  # noqa: PLW2901  the same step, counted in the file
            here = _child(here, step)
            steps.append(step)
        return tuple(steps)

    def take_out(self, original: Place) -> None:
        """Remove the value at a place in the file, if it is still there."""
        parent = self._at(original[:-1])
        self._kept_by_list.clear()
        match parent, original[-1]:
            case list(), int(index):
                parent[index] = _REMOVED
            case dict(), str(key):
                parent.pop(key, None)

    def fill_in(self, original: Place, value: Plain) -> None:
        """Insert a missing value, so that the other values can be checked."""
        parent = self._at(original[:-1])
        if isinstance(parent, dict):
            self._kept_by_list.clear()
            parent[str(original[-1])] = deepcopy(value)

    def _kept(self, items: list[Plain]) -> list[int]:
        kept = self._kept_by_list.get(id(items))
        if kept is None:
            kept = [index for index, item in enumerate(items) if item is not _REMOVED]
            self._kept_by_list[id(items)] = kept
        return kept

    def _at(self, original: Place) -> Plain:
        here = self._root
        for step in original:
            here = _child(here, step)
        return here


def read_shape(root: Node, valid_values: ValidValues, problems: Problems) -> FileEntry:
    """Return the entries of a file. Mismatches are reported and taken out.

    A stand-in replaces each wrong required value of the project itself.
    """
    _take_out_empty(root, valid_values, problems)
    is_reported = False
    while True:
        try:
            return FileEntry.model_validate(valid_values.values())
        except ValidationError as error:
            details = error.errors(include_url=False)
        if not is_reported:  # later errors only follow from what was taken out
            for detail in details:
                problems.at(*detail["loc"]).add(_sentence(detail), at_key=detail["type"] == "extra_forbidden")
            is_reported = True
        _take_out(details, valid_values)


def _take_out_empty(root: Node, valid_values: ValidValues, problems: Problems) -> None:
    empty = list(_empty(root, ()))
    for place in empty:
        problems.at(*place).add("the value is missing; write one, or remove the key")
    for place in empty:
        valid_values.take_out(place)


def _empty(node: Node, place: Place) -> Iterator[Place]:
    if node.value is None:
        yield place
    for step, child in node.children():
        yield from _empty(child, (*place, step))


def _take_out(details: "list[ErrorDetails]", valid_values: ValidValues) -> None:
    """Take out wrong values; of a missing required value take out the value that should contain it."""
    for place, kind in [(valid_values.original(detail["loc"]), detail["type"]) for detail in details]:
        if kind != "missing":
            valid_values.take_out(place)
        elif place in _STAND_INS:
            valid_values.fill_in(place, _STAND_INS[place])
        else:
            valid_values.take_out(place[:-1])


def _sentence(error: "ErrorDetails") -> str:
    place, key = error["loc"], str(error["loc"][-1])
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "missing":
            return f"{key} is missing; add it, such as {key}: {entry_at(FileEntry, place[:-1]).example(key)}"
        case "extra_forbidden":
            return f'there is no key "{key[:40]}" here; {did_you_mean(key, entry_at(FileEntry, place[:-1]).keys())}'
        case "list_type":
            return f"write a list, such as [{_list_example(error['input'])}]; {found(error['input'])}"
        case "too_short":
            return "add at least one here"
        case _:
            keys = ", ".join(entry_at(FileEntry, place).keys())
            return f"write keys with values here: {keys}; {found(error['input'])}"


def _list_example(value: object) -> str:
    return value[:40] if isinstance(value, str) and value.isalnum() else "a, b"


def _plain(node: Node) -> Plain:
    if isinstance(node.value, dict):
        return {key: _plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    return node.value


def _without_removed(value: Plain) -> object:
    if isinstance(value, dict):
        return {key: _without_removed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_without_removed(child) for child in value if child is not _REMOVED]
    return value


def _child(value: Plain, step: str | int) -> Plain:
    match value, step:
        case list(), int() if step < len(value):
            return value[step]
        case dict(), str():
            return value.get(step)
        case _:
            return None
