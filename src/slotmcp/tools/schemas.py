"""JSON Schemas that every client accepts: inlined, without unions, nulls and optional keywords."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter

Schema: TypeAlias = dict[str, Any]

_DROPPED_KEYWORDS: Final = frozenset({"$defs", "title", "format", "additionalProperties"})
_EMPTY: Final[tuple[object, ...]] = (None, "", [])
_DEFINITIONS: Final = "#/$defs/"


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


def brief(schema: Schema) -> Schema:
    """Reduce a response's schema to the type of each key, which saves tokens: a response shows its own structure."""
    return {**schema, "properties": {name: _type(field) for name, field in schema["properties"].items()}}


def without_lengths(schema: Schema) -> Schema:
    """Return the schema of arguments without the lengths of text, which cost an eighth of its tokens."""
    properties = schema["properties"].items()
    return {**schema, "properties": {name: _without_length(field) for name, field in properties}}


def _without_length(field: Schema) -> Schema:
    return {key: value for key, value in field.items() if key != "maxLength"}


def _type(field: Schema) -> Schema:
    return {"type": field["type"], **({"items": _type(field["items"])} if "items" in field else {})}


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
