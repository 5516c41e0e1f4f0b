"""Tests that published schemas are portable."""

from enum import StrEnum
from typing import Annotated, Any, Literal, NotRequired

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from slotmcp.tools.schemas import Schema, brief_schema, portable, response_schema
from slotmcp.tools.server import TOOLS
from slotmcp.tools.tool import ToolDefinition


class Colour(StrEnum):
    """A docstring for engineers."""

    RED = "red"
    BLUE = "blue"


class SomeArguments(BaseModel):
    """A docstring for engineers."""

    name: str = Field(description="Its name")
    size: int | None = Field(None, ge=1, le=1440, description="Its size")
    colour: Colour | None = Field(None, description="Its colour")
    only: Literal["this"] = "this"
    note: str = ""


class Inner(TypedDict):
    """A docstring for engineers."""

    title: str
    count: NotRequired[int]


class SomeResponse(TypedDict):
    """A docstring for engineers."""

    result: str
    inner: Inner
    inners: list[Inner]


def test_an_argument_schema_is_inlined_without_unions_and_optional_keywords() -> None:
    assert portable(SomeArguments.model_json_schema()) == {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Its name"},
            "size": {"type": "integer", "minimum": 1, "maximum": 1440, "description": "Its size (1 to 1440)"},
            "colour": {"type": "string", "enum": ["red", "blue"], "description": "Its colour"},
            "only": {"type": "string", "enum": ["this"], "default": "this"},
            "note": {"type": "string"},
        },
        "required": ["name"],
    }


def test_a_response_schema_keeps_every_property_and_has_a_trace_id() -> None:
    inner = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["title"],
    }
    assert response_schema(SomeResponse) == {
        "type": "object",
        "properties": {
            "result": {"type": "string"},
            "inner": inner,
            "inners": {"type": "array", "items": inner},
            "traceId": {"type": "string"},
        },
        "required": ["result", "traceId"],
    }


def test_a_union_is_never_published() -> None:
    class Either(BaseModel):
        value: Annotated[int | str, Field(description="Either")]

    with pytest.raises(ValueError, match="not portable"):
        portable(Either.model_json_schema())


def test_the_published_response_schema_has_the_type_of_each_key() -> None:
    assert brief_schema(SomeResponse) == {
        "type": "object",
        "properties": {
            "result": {"type": "string"},
            "inner": {"type": "object"},
            "inners": {"type": "array", "items": {"type": "object"}},
            "traceId": {"type": "string"},
        },
        "required": ["result", "traceId"],
    }


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_each_key_has_the_type_of_the_complete_schema(tool: ToolDefinition[Any]) -> None:
    def type_of(field: Schema) -> Schema:
        return {"type": field["type"]} | ({"items": type_of(field["items"])} if "items" in field else {})

    complete = tool.response_schema
    types = {name: type_of(field) for name, field in complete["properties"].items()}
    assert tool.brief_schema == {**complete, "properties": types}


def test_an_unknown_type_is_never_published() -> None:
    class Unknown(TypedDict):
        value: complex

    with pytest.raises(ValueError, match="complex"):
        brief_schema(Unknown)
