"""Lenient reading of the arguments that an agent sent, and the problems of those that remain unclear.

`docs/reference/tools/arguments.md` describes the accepted forms. Every invalid value becomes a domain error that says,
for each field, what is valid.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from slotmcp.domain.errors import FieldProblem, InvalidArgument, ProblemKind
from slotmcp.tools.argument_names import resolve_aliases, unknown_names
from slotmcp.tools.arguments import Arguments, argument_schema
from slotmcp.tools.schemas import Schema
from slotmcp.tools.texts import is_blank, plain

A = TypeVar("A", bound=Arguments)

_MAX_WORD_CHARACTERS: Final = 100
"""Length over which a text is no word of a list and no number."""
_KIND_BY_FIELD: Final = {
    "customerName": ProblemKind.NAME,
    "customerPhone": ProblemKind.PHONE,
    "phone": ProblemKind.PHONE,
    "newPhone": ProblemKind.PHONE,
    "customerEmail": ProblemKind.EMAIL,
    "email": ProblemKind.EMAIL,
    "newEmail": ProblemKind.EMAIL,
    "serviceType": ProblemKind.SERVICE,
    "technicianId": ProblemKind.TECHNICIAN,
    "bookingId": ProblemKind.BOOKING,
    "postalCode": ProblemKind.POSTAL_CODE,
    "newPostalCode": ProblemKind.POSTAL_CODE,
    "start": ProblemKind.TIME,
    "end": ProblemKind.TIME,
    "from": ProblemKind.TIME,
    "to": ProblemKind.TIME,
}
_CONTACTS: Final = frozenset({ProblemKind.PHONE, ProblemKind.EMAIL})


def read_arguments(model: type[A], raw: Mapping[str, object]) -> A:
    """Read the values that an agent sent.

    Raises:
        InvalidArgument: with every invalid field.
    """
    fields = argument_schema(model)["properties"]
    present, problems = resolve_aliases(_present(raw, fields), fields)
    problems += unknown_names(present, tuple(fields))
    words = {name: _word(value, fields.get(name, {})) for name, value in present.items()}
    try:
        args = model.model_validate(words)
    except ValidationError as error:
        problems += [_explain(detail, fields) for detail in error.errors(include_url=False, include_input=False)]
    problems += _missing_groups(model, present)
    if problems:
        raise InvalidArgument.of(problems)
    return args


def _present(raw: Mapping[str, object], fields: Mapping[str, Schema]) -> dict[str, object]:
    return {name: value for name, value in raw.items() if not _is_absent(value, fields.get(name, {}))}


def _is_absent(value: object, schema: Schema) -> bool:
    if value is None or (isinstance(value, str) and is_blank(value)):
        return True
    if isinstance(value, bool):
        return False
    if schema.get("type") == "string":
        return value == 0
    return schema.get("minimum", 0) > 0 and value in (0, "0")


def _word(value: object, schema: Schema) -> object:
    """Return the listed word that a text means, regardless of case; else the text of a number or of a flag."""
    is_text = schema.get("type") in {"string", "array"} and "enum" not in schema
    if is_text or not isinstance(value, str) or len(value) > _MAX_WORD_CHARACTERS:
        return value
    word = plain(value)
    return next((choice for choice in schema.get("enum", ()) if choice == word.casefold()), word)


def _missing_groups(model: type[Arguments], present: Mapping[str, object]) -> Iterator[FieldProblem]:
    for group in model.any_of:
        if present.keys().isdisjoint(group.names):
            kind = _KIND_BY_FIELD[group.names[0]]
            yield FieldProblem(group.names[0], f"{group.problem}.", ProblemKind.CONTACT if kind in _CONTACTS else kind)


def _explain(error: ErrorDetails, fields: Mapping[str, Schema]) -> FieldProblem:
    name = str(error["loc"][0])
    kind = _KIND_BY_FIELD.get(name, ProblemKind.OTHER)
    return FieldProblem(name, f"{_problem(error, fields[name])}.", kind)


def _problem(error: ErrorDetails, schema: Schema) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return f"is required: {schema['description']}"
        case "value_error":
            return str(context["error"])
        case "string_too_long":
            return f"must be at most {schema['maxLength']} characters long"
        case "string_unicode":
            return "must be valid Unicode text"
        case _:
            return _requirement(schema)


def _requirement(schema: Schema) -> str:
    if "enum" in schema:
        return f"must be one of {', '.join(schema['enum'])}"
    match schema["type"]:
        case "integer":
            return f"must be a whole number from {schema['minimum']} to {schema['maximum']}"
        case "number":
            return f"must be a number from {schema['minimum']:g} to {schema['maximum']:g}"
        case "boolean":
            return "must be true or false"
        case _:
            return "must be text"
