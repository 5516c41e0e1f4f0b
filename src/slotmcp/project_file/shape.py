"""From plain values to entries, with a sentence for all that does not fit."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import ValidationError

from slotmcp.project_file.collector import Problems
from slotmcp.project_file.document import Node
from slotmcp.project_file.field_types import found
from slotmcp.project_file.nearest import did_you_mean
from slotmcp.project_file.problems import Place
from slotmcp.project_file.schema import FileEntry, entry_at
from slotmcp.project_file.valid_values import Plain, ValidValues

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_STAND_INS: dict[Place, Plain] = {
    ("project",): {},
    ("project", "id"): "stand-in",
    ("project", "name"): "stand-in",
    ("project", "timezone"): "UTC",
    ("services",): [],
    ("technicians",): [],
}
"""What the rest of a file is checked with when these are wrong; such a file is refused in the end."""


def read_shape(root: Node, valid_values: ValidValues, problems: Problems) -> FileEntry:
    """The entries of a file. What does not fit is reported and left out.

    Where a required value of the project itself is wrong, a stand-in takes its place.
    """
    _take_out_empty(root, valid_values, problems)
    try:
        return FileEntry.model_validate(valid_values.values())
    except ValidationError as error:
        for one in _details(error):
            problems.add(one["loc"], _sentence(one), at_key=one["type"] == "extra_forbidden")
        return _read_rest(error, valid_values)


def _read_rest(error: ValidationError, valid_values: ValidValues) -> FileEntry:
    """Leave out what is wrong; where something required has gone with it, what holds that as well."""
    while True:
        _leave_out(error, valid_values)
        try:
            return FileEntry.model_validate(valid_values.values())
        except ValidationError as next_error:
            error = next_error


def _take_out_empty(root: Node, valid_values: ValidValues, problems: Problems) -> None:
    empty = list(_empty(root, ()))
    for place in empty:
        problems.add(place, "nothing stands here; write a value, or remove the key")
    for place in empty:
        valid_values.take_out(place)


def _empty(node: Node, place: Place) -> Iterator[Place]:
    if node.value is None:
        yield place
    for step, child in node.children():
        yield from _empty(child, (*place, step))


def _leave_out(error: ValidationError, valid_values: ValidValues) -> None:
    wrong = [(valid_values.original(one["loc"]), one["type"]) for one in _details(error)]
    for place, kind in wrong:
        if kind != "missing":
            valid_values.take_out(place)
        elif place in _STAND_INS:
            valid_values.fill_in(place, _STAND_INS[place])
        else:
            valid_values.take_out(place[:-1])


def _details(error: ValidationError) -> "list[ErrorDetails]":
    return error.errors(include_url=False)


def _sentence(error: "ErrorDetails") -> str:
    place, key = error["loc"], str(error["loc"][-1])
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "missing":
            example = entry_at(place[:-1]).example(key)
            return f"{key} is missing; add it, such as {key}: {example}"
        case "extra_forbidden":
            return _unknown(key, entry_at(place[:-1]).keys())
        case "list_type":
            return f"write a list, such as [{', '.join(_few(error['input']))}]; {found(error['input'])}"
        case "too_short":
            return "write at least one here"
        case _:
            return f"write keys with values here: {', '.join(entry_at(place).keys())}; {found(error['input'])}"


def _unknown(key: str, valid: list[str]) -> str:
    return f'there is no key "{key[:40]}" here; {did_you_mean(key, valid)}'


def _few(value: object) -> list[str]:
    return [value[:40]] if isinstance(value, str) and value.isalnum() else ["a", "b"]
