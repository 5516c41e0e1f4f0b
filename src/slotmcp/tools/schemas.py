"""JSON Schemas that every client takes: inlined, without unions, nulls and jargon."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter

Schema: TypeAlias = dict[str, Any]

_JARGON: Final = frozenset({"$defs", "title", "format", "additionalProperties"})
_NOTHING: Final = (None, "")
_DEFINITIONS: Final = "#/$defs/"


def portable(schema: Schema) -> Schema:
    """A schema as pydantic writes it, made portable; bounds of numbers are repeated in the descriptions.

    Raises:
        ValueError: it has a union, which no rewriting makes portable.
    """
    return _rewrite({**schema, "description": None}, schema.get("$defs", {}))


@cache
def response_schema(answer: Any) -> Schema:  # noqa: ANN401  a TypedDict class has no better type
    """The schema of an answer: that of its TypedDict, and the trace id that every answer carries.

    An error is an answer, too, and some clients hold it to this schema: so only what both have is required.
    """
    schema = portable(TypeAdapter(answer).json_schema(mode="serialization"))
    schema["properties"]["traceId"] = {"type": "string"}
    schema["required"] = ["result", "traceId"]
    return schema


def brief(schema: Schema) -> Schema:
    """An answer's schema with the kind of each key alone: what is within an answer shows, and costs tokens here."""
    return {**schema, "properties": {name: _kind(field) for name, field in schema["properties"].items()}}


def _kind(field: Schema) -> Schema:
    return {"type": field["type"], **({"items": _kind(field["items"])} if "items" in field else {})}


def _rewrite(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    node = _without_reference(_without_null(_without_reference(node, definitions)), definitions)
    plain = {key: value for key, value in node.items() if key not in _JARGON and value not in _NOTHING}
    if "const" in plain:
        plain["enum"] = [plain.pop("const")]
    if "items" in plain:
        plain["items"] = _rewrite(plain["items"], definitions)
    if "properties" in plain:
        plain["properties"] = {name: _rewrite(field, definitions) for name, field in plain["properties"].items()}
    return _with_bounds_said(plain)


def _without_reference(node: Schema, definitions: Mapping[str, Schema]) -> Schema:
    if "$ref" not in node:
        return node
    # A definition's own description is its class's docstring, which is for us.
    target = {**definitions[node["$ref"].removeprefix(_DEFINITIONS)], "description": None}
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _without_null(node: Schema) -> Schema:
    if "anyOf" not in node:
        return node
    only, *more = [arm for arm in node["anyOf"] if arm.get("type") != "null"]
    if more:
        raise ValueError(f"a union is not portable: {node}")
    return {**only, **{key: value for key, value in node.items() if key != "anyOf"}}


def _with_bounds_said(node: Schema) -> Schema:
    if "minimum" not in node or "description" not in node:
        return node
    return {**node, "description": f"{node['description']} ({node['minimum']:g} to {node['maximum']:g})"}
