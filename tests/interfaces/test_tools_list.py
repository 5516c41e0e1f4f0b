"""Tests of tools/list: portable schemas, hints, descriptions and the token budget."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

import pytest
from mcp import Client
from mcp_types import Tool

from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.services.app import App
from slotmcp.tools.arguments import Arguments, argument_schema
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import TOOLS, create_server
from support.bm25 import words
from support.server import RESPONSE_SCHEMAS, Caller

SNAPSHOT = Path(__file__).with_name("tools_list.txt")
NOT_PORTABLE = {"$ref", "$defs", "anyOf", "oneOf", "allOf", "not", "format", "title", "additionalProperties", "const"}
NOT_PORTABLE |= {"prefixItems", "patternProperties", "if", "dependentRequired", "nullable", "examples", "pattern"}
MAX_WORDS = 60
MAX_HINT_CHARACTERS = 60
SEARCH_WORDS = {"appointment", "available", "availability", "schedule", "opening", "visit", "technician", "repair"}
SEARCH_WORDS |= {"reschedule", "cancel"}
IN_EVERY_CALL = {"list_services", "get_slots", "create_hold", "book_slot"}
TYPES = {"object", "array", "string", "integer", "number", "boolean"}

READ = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
WRITE = READ | {"readOnlyHint": False}
TAKES_AWAY = WRITE | {"destructiveHint": True}
CALLERS = {
    "list_services": READ,
    "get_slots": READ,
    "explain_slot": READ,
    "create_hold": WRITE | {"idempotentHint": False},
    "release_hold": WRITE,
    "book_slot": WRITE,
    "find_bookings": READ,
    "reschedule_booking": WRITE,
    "update_booking": WRITE,
    "cancel_booking": TAKES_AWAY,
    "join_waitlist": WRITE,
}
OPERATORS = {
    "list_technicians": READ,
    "set_technician_status": TAKES_AWAY,
    "add_time_off": TAKES_AWAY,
    "list_waitlist": READ,
    "get_metrics": READ,
}
HINTS = CALLERS | OPERATORS


async def listed(app: App, toolset: Toolset, *, read_only: bool = False) -> list[Tool]:
    async with Client(create_server(app, toolset=toolset, read_only=read_only)) as client:
        return (await client.list_tools()).tools


@pytest.fixture
async def tools(empty_caller: Caller) -> list[Tool]:
    """Every tool."""
    return await listed(empty_caller.app, Toolset.OPERATOR)


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema within a schema, with its path."""
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from nodes(field, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


def all_nodes(tools: list[Tool]) -> Iterator[tuple[str, dict[str, Any]]]:
    for tool in tools:
        yield from nodes(tool.input_schema, f"{tool.name}.in")
        yield from nodes(tool.output_schema or {}, f"{tool.name}.out")


def test_schemas_use_only_widely_supported_keywords(tools: list[Tool]) -> None:
    for path, node in all_nodes(tools):
        assert not node.keys() & NOT_PORTABLE, path
        assert node["type"] in TYPES, path
        assert node.get("default", "something") is not None, path
        assert all(isinstance(choice, str) for choice in node.get("enum", [])), path
        assert all(re.fullmatch("[a-zA-Z0-9_]{1,64}", name) for name in node.get("properties", {})), path
        assert set(node.get("required", [])) <= set(node.get("properties", {})), path


def test_roots_are_objects_and_inputs_are_flat(tools: list[Tool]) -> None:
    for tool in tools:
        assert re.fullmatch("[a-z][a-z_]{0,39}", tool.name)
        assert tool.input_schema["type"] == "object"
        assert (tool.output_schema or {})["type"] == "object"
        for name, field in tool.input_schema["properties"].items():
            is_list_of_text = field["type"] == "array" and field["items"] == {"type": "string"}
            is_flat = field["type"] in {"string", "integer", "number", "boolean"} or is_list_of_text
            assert is_flat, f"{tool.name}.{name}"


def test_bounds_are_repeated_in_the_descriptions(tools: list[Tool]) -> None:
    bounded = [(path, node) for path, node in all_nodes(tools) if "minimum" in node]
    assert bounded
    for path, node in bounded:
        assert node["description"].endswith(f"({node['minimum']:g} to {node['maximum']:g})"), path


def test_text_has_a_maximum_length_that_is_not_published(tools: list[Tool]) -> None:
    published = {(tool.name, name): field for tool in tools for name, field in tool.input_schema["properties"].items()}
    for tool in TOOLS:
        model: type[Arguments] = tool.arguments
        for name, field in argument_schema(model)["properties"].items():
            assert field["type"] != "string" or "maxLength" in field or "enum" in field, f"{tool.name}.{name}"
            assert published[tool.name, name] == {key: field[key] for key in field if key != "maxLength"}


def test_every_field_has_a_description(tools: list[Tool]) -> None:
    for tool in tools:
        for name, field in tool.input_schema["properties"].items():
            assert field["description"], f"{tool.name}.{name}"


def test_every_tool_has_a_title_and_all_four_hints(tools: list[Tool]) -> None:
    seen = {}
    for tool in tools:
        assert tool.annotations is not None
        hints = tool.annotations.model_dump(by_alias=True)
        assert hints.pop("title") == tool.title
        seen[tool.name] = hints
    assert seen == HINTS


def test_every_response_begins_with_its_sentence_and_has_a_trace_id(tools: list[Tool]) -> None:
    for tool in tools:
        schema = tool.output_schema or {}
        assert next(iter(schema["properties"])) == "result"
        assert {"result", "traceId"} <= set(schema["required"])


def test_every_response_has_the_current_time_and_its_zone(tools: list[Tool]) -> None:
    for tool in tools:
        answer = RESPONSE_SCHEMAS[tool.name]["properties"]
        shown = next((answer[key]["properties"] for key in ("clock", "query") if key in answer), answer)
        assert {"now", "today", "timezone"} <= set(shown), tool.name


def test_descriptions_are_short_paragraphs_that_name_what_agents_search_for(tools: list[Tool]) -> None:
    descriptions = {tool.name: tool.description or "" for tool in tools}
    for name, description in descriptions.items():
        assert 30 <= len(description.split()) <= MAX_WORDS, name
        assert "\n" not in description, name
    callers = " ".join(f"{name} {descriptions[name]}" for name in CALLERS)
    assert set(words(callers)) >= SEARCH_WORDS


def test_descriptions_say_what_a_tool_changes_and_name_other_tools(tools: list[Tool]) -> None:
    names = {tool.name for tool in tools}
    for tool in tools:
        description = tool.description or ""
        assert ("Read only" in description or "reserves nothing" in description) is (HINTS[tool.name] is READ), (
            tool.name
        )
        assert (names - {tool.name}) & set(re.findall("[a-z_]+", description)), tool.name
        mentioned = set(re.findall("[a-z]+(?:_[a-z]+)+", description))
        assert mentioned <= names, f"{tool.name} mentions {mentioned - names}"


def test_claude_code_loads_the_tools_of_every_call_and_finds_the_others_by_hints(tools: list[Tool]) -> None:
    hints = {tool.name: tool.meta or {} for tool in tools}
    assert {name for name, hint in hints.items() if hint == {"anthropic/alwaysLoad": True}} == IN_EVERY_CALL
    for name in hints.keys() - IN_EVERY_CALL:
        ((key, text),) = hints[name].items()
        assert key == "anthropic/searchHint", name
        assert len(text.split()) >= 3, name
        assert len(text) <= MAX_HINT_CHARACTERS, name


async def test_each_toolset_has_its_tools_and_a_read_only_server_only_reading_ones(empty_caller: Caller) -> None:
    for toolset, hints in ((Toolset.CALLER, CALLERS), (Toolset.OPERATOR, HINTS)):
        names = [tool.name for tool in await listed(empty_caller.app, toolset)]
        assert names == list(hints)
        reading = [tool.name for tool in await listed(empty_caller.app, toolset, read_only=True)]
        assert reading == [name for name, hint in hints.items() if hint is READ]


async def test_a_tool_that_is_not_served_cannot_be_called(caller: Caller) -> None:
    reading = create_server(caller.app, toolset=Toolset.OPERATOR, read_only=True)
    arguments = {"technicianId": "t-ana", "status": "off"}
    for server in (caller.server, reading):
        async with Client(server) as client:
            result = await client.call_tool("set_technician_status", arguments)
        assert result.is_error
        assert "Unknown tool" in str(result.content)
    (ana, *_) = (await caller.app.technicians.list_technicians(None)).technicians
    assert ana.technician.status is TechnicianStatus.ACTIVE


async def test_a_read_only_server_says_so(empty_caller: Caller) -> None:
    plain = empty_caller.server.instructions or ""
    reading = create_server(empty_caller.app, read_only=True).instructions or ""
    assert reading.startswith(plain)
    assert "only reads" in reading
    assert "only reads" not in plain


def test_the_tool_list_matches_its_snapshot(tools: list[Tool], empty_caller: Caller) -> None:
    """To accept a change, run SLOTMCP_REWRITE=1 .venv/bin/pytest tests/interfaces/test_tools_list.py; read the diff."""
    shown = prompts(empty_caller.server.instructions or "", tools)
    if os.environ.get("SLOTMCP_REWRITE"):
        SNAPSHOT.write_text(shown, "utf-8")
    assert shown == SNAPSHOT.read_text("utf-8"), shown


def prompts(instructions: str, tools: list[Tool]) -> str:
    """Return everything that a model receives, as plain text."""
    sections = [instructions]
    for tool in tools:
        fields = [f"- {name}: {field['description']}" for name, field in tool.input_schema["properties"].items()]
        description = fill(tool.description or "", 100, break_long_words=False)
        sections.append("\n".join([f"{tool.name} ({tool.title})", description, *fields]))
    return "\n\n".join(sections) + "\n"


async def test_older_clients_get_the_same_list_and_responses(caller: Caller) -> None:
    async with Client(caller.server, mode="legacy") as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == list(CALLERS)
        result = await client.call_tool("list_services", {})
    assert not result.is_error
    assert result.structured_content["result"] == (await caller.call("list_services"))["result"]
