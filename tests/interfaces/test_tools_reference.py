"""Tests that the reference page of the tools lists every tool, argument, response key and error code."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from slotmcp.domain.errors import ErrorCode
from slotmcp.tools.arguments import Arguments, argument_schema
from slotmcp.tools.server import TOOLS
from support.server import RESPONSE_SCHEMAS, Caller

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGES = [*sorted((REFERENCE / "tools").glob("*.md")), REFERENCE / "errors.md", REFERENCE / "limits.md"]


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """Return the sections of all pages by heading."""
    parts = [part for page in PAGES for part in re.split(r"^## ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]]
    return {part.partition("\n")[0]: part for part in parts}


def names(schema: dict[str, Any]) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        yield name
        yield from names(field)
    yield from names(schema["items"]) if "items" in schema else ()


async def test_every_tool_has_a_section_with_all_arguments_and_response_keys(
    operator: Caller, sections: dict[str, str]
) -> None:
    async with Client(operator.server) as client:
        tools = (await client.list_tools()).tools
    for tool in tools:
        section = sections["Conventions"] + sections[tool.name]
        for name in (*names(tool.input_schema), *names(RESPONSE_SCHEMAS[tool.name])):
            assert re.search(rf"[`\"]{name}[`\"]", section), f"{tool.name}: {name}"


def test_every_error_code_is_in_the_table(sections: dict[str, str]) -> None:
    assert set(re.findall(r"^\| `([a-z_]+)` \|", sections["Codes"], re.MULTILINE)) == {"code", *ErrorCode}


def test_the_lengths_of_text_arguments_are_those_of_the_schemas(sections: dict[str, str]) -> None:
    rows = re.findall(r"^\| ([^|]*`[^|]*) \| (\d+) \|", sections["Text arguments"], re.MULTILINE)
    listed = {name: int(length) for names, length in rows for name in re.findall(r"`(\w+)`", names)}
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for tool in TOOLS:
        model: type[Arguments] = tool.arguments
        for name, field in argument_schema(model)["properties"].items():
            if "maxLength" in field:
                lengths[name].add(field["maxLength"])
    assert lengths.pop("reason") == {200, 500}
    assert {name: {listed[name]} for name in lengths} == lengths
