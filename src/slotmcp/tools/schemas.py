"""JSON Schemas that every client accepts: inlined, without unions, nulls and optional keywords."""

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter
from typing_extensions import is_typeddict

Schema: TypeAlias = dict[str, Any]

_DROPPED_KEYWORDS: Final = frozenset({"$defs", "title", "format", "additionalProperties"})
_EMPTY: Final[tuple[object, ...]] = (None, "", [])
_DEFINITIONS: Final = "#/$defs/"
_JSON_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "number"}


def portable(schema: Schema) -> Schema:
    """Make a schema from pydantic portable, and repeat the bounds of numbers in the descriptions.

    Raises:
        ValueError: the schema has a union.
    """
    return _rewrite({**schema, "description": None}, schema.get("$defs", {}))


@cache
def response_schema(response: Any) -> Schema:  # noqa: ANN401  a TypedDict class has no better type
    """Return the schema of a response: that of its TypedDict, and the trace id.

    Some clients also validate errors against it, so only the keys that errors share are required.
    """
    schema = portable(TypeAdapter(response).json_schema(mode="serialization"))
    schema["properties"]["traceId"] = {"type": "string"}
    schema["required"] = ["result", "traceId"]
    return schema


def brief_schema(response: Any) -> Schema:  # noqa: ANN401  a TypedDict class has no better type
    """Return the schema of a response with only the type of each key, which saves tokens.

    A response shows its own structure. The complete schema has the same types; pydantic would need a tenth of the
    start-up of a server for it.
    """
    types = {name: _type(hint) for name, hint in get_type_hints(response).items()}
    return {"properties": {**types, "traceId": {"type": "string"}}, "required": ["result", "traceId"], "type": "object"}


def without_lengths(schema: Schema) -> Schema:
    """Return the schema of arguments without the lengths of text, which cost an eighth of its tokens."""
    properties = schema["properties"].items()
    return {**schema, "properties": {name: _without_length(field) for name, field in properties}}


def _without_length(field: Schema) -> Schema:
    return {key: value for key, value in field.items() if key != "maxLength"}


def _type(hint: Any) -> Schema:  # noqa: ANN401  any type of a response
    """Return the JSON type of a Python type.

    Raises:
        ValueError: a response cannot have this type.
    """
    arguments = [argument for argument in get_args(hint) if argument is not NoneType]
    match get_origin(hint) or hint:
        case _ if is_typeddict(hint):
            return {"type": "object"}
        case origin if origin is list:
            return {"type": "array", "items": _type(arguments[0])}
        case origin if origin is Literal:
            return _type(type(arguments[0]))
        case origin if origin in {Union, UnionType} and len(arguments) == 1:
            return _type(arguments[0])
        case kind if kind in _JSON_TYPES:
            return {"type": _JSON_TYPES[kind]}
        case _:
            raise ValueError(f"a response has no field of type {hint}")


def _rewrite(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    node = _without_reference(_without_null(_without_reference(node, definitions)), definitions)
    plain = {key: value for key, value in node.items() if key not in _DROPPED_KEYWORDS and value not in _EMPTY}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if "items" in plain:
        plain["items"] = _rewrite(plain["items"], definitions)
    if "properties" in plain:
        plain["properties"] = {name: _rewrite(field, definitions) for name, field in plain["properties"].items()}
    return _with_bounds(plain)


def _without_reference(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    if "$ref" not in node:
        return node
    # The description of a definition is its class's docstring, which is for developers.
    target = {**definitions[node["$ref"].removeprefix(_DEFINITIONS)], "description": None}
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _without_null(node: Schema) -> Schema:
    if "anyOf" not in node:
        return node
    only, *others = [option for option in node["anyOf"] if option.get("type") != "null"]
    if others:
        raise ValueError(f"a union is not portable: {node}")
    return {**only, **{key: value for key, value in node.items() if key != "anyOf"}}


def _with_bounds(node: Schema) -> Schema:
    if "minimum" not in node or "description" not in node:
        return node
    return {**node, "description": f"{node['description']} ({node['minimum']:g} to {node['maximum']:g})"}
