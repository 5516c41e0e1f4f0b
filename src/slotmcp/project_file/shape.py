"""Validation of a file's plain values against the schema, with a sentence for each mismatch.

Values with problems are removed one by one, so that the remaining values can still be checked. Places in the
remaining values are translated to places in the file.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, TypeAlias

from pydantic import ValidationError

from slotmcp.project_file.checks import Problems
from slotmcp.project_file.document import Node
from slotmcp.project_file.entry import Entry, entry_at
from slotmcp.project_file.field_types import describe
from slotmcp.project_file.problems import Place
from slotmcp.project_file.schema import FileEntry
from slotmcp.project_file.suggestions import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | _Removed | None"


class _Removed:
    """Marker in place of a removed list item, so that later items keep their index."""


_REMOVED = _Removed()

_PLACEHOLDERS: dict[Place, Plain] = {
    ("project",): {},
    ("project", "id"): "placeholder",
    ("project", "name"): "placeholder",
    ("project", "timezone"): "UTC",
    ("services",): [],
    ("technicians",): [],
}
"""Replacements of wrong required values, so that the others can be checked. The file is rejected anyway."""


class ValidValues:
    """Values of a file without the removed ones."""

    def __init__(self, root: Node) -> None:
        self._root = _plain(root)
        self._kept_by_list: dict[int, list[int]] = {}
        """Original indexes of the remaining items, by the id of the list; cleared on every change."""

    def values(self) -> object:
        """Return the remaining values as plain Python values. List items move up to replace removed ones."""
        return _without_removed(self._root)

    def original(self, place: Place) -> Place:
        """Return the place in the file of a place in `values()`."""
        here, steps = self._root, list[str | int]()
        for step in place:
            if isinstance(step, int) and isinstance(here, list):
                step = self._kept(here)[step]  # noqa: PLW2901  the index in the file
            here = _child(here, step)
            steps.append(step)
        return tuple(steps)

    def remove(self, original: Place) -> None:
        """Remove the value at a place in the file, if it is still there."""
        parent = self._at(original[:-1])
        self._kept_by_list.clear()
        match parent, original[-1]:
            case list(), int(index):
                parent[index] = _REMOVED
            case dict(), str(key):
                parent.pop(key, None)

    def insert(self, original: Place, value: Plain) -> None:
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
    """Return the entries of a file. Mismatches are reported and removed.

    A placeholder replaces each wrong required value of the project itself.
    """
    _remove_empty(root, valid_values, problems)
    is_reported = False
    while True:
        try:
            return FileEntry.model_validate(valid_values.values())
        except ValidationError as error:
            details = error.errors(include_url=False)
        if not is_reported:  # later errors only follow from the removals
            for detail in details:
                is_unknown_key = detail["type"] == "extra_forbidden"
                problems.at(*detail["loc"]).add(sentence_of(detail, FileEntry), at_key=is_unknown_key)
            is_reported = True
        _remove_invalid(details, valid_values)


def _remove_empty(root: Node, valid_values: ValidValues, problems: Problems) -> None:
    empty = list(_empty(root, ()))
    for place in empty:
        problems.at(*place).add("the value is missing; write one, or remove the key")
    for place in empty:
        valid_values.remove(place)


def _empty(node: Node, place: Place) -> Iterator[Place]:
    if node.value is None:
        yield place
    for step, child in node.children():
        yield from _empty(child, (*place, step))


def _remove_invalid(details: "list[ErrorDetails]", valid_values: ValidValues) -> None:
    """Remove wrong values. If a required value is missing, remove the value that should contain it."""
    for place, kind in [(valid_values.original(detail["loc"]), detail["type"]) for detail in details]:
        if kind != "missing":
            valid_values.remove(place)
        elif place in _PLACEHOLDERS:
            valid_values.insert(place, _PLACEHOLDERS[place])
        else:
            valid_values.remove(place[:-1])


def sentence_of(error: "ErrorDetails", root: type[Entry]) -> str:
    """Return the valid form of a value below an entry of type `root`."""
    place = error["loc"]
    key = str(place[-1]) if place else ""
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "missing":
            return f"{key} is missing; add it, such as {key}: {entry_at(root, place[:-1]).example(key)}"
        case "extra_forbidden":
            entry = entry_at(root, place[:-1])
            return entry.planned.get(key) or f'there is no key "{key[:40]}" here; {did_you_mean(key, entry.keys())}'
        case "list_type":
            return f"write a list, such as [{_list_example(error['input'])}]; {describe(error['input'])}"
        case "too_short" | "too_long":
            return _length_sentence(error, root)
        case _:
            keys = ", ".join(entry_at(root, place).keys())
            return f"write keys with values here: {keys}; {describe(error['input'])}"


def _length_sentence(error: "ErrorDetails", root: type[Entry]) -> str:
    """Return the valid length of a list."""
    if error["type"] == "too_long":
        return f"write at most {error['ctx']['max_length']} here, not {len(error['input']):,}"
    field = entry_at(root, error["loc"][:-1]).field(str(error["loc"][-1]))
    return "add at least one here" + ("" if field is None or field.is_required() else ", or remove the key")


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
