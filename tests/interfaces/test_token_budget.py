"""The token budget of the callers' tools, which every turn of a conversation pays for."""

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from mcp import Client

from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import create_server
from support.server import Caller
from support.tokens import count_tokens

MAX_PROMPT_TOKENS = 4_000
"""Names, descriptions and input schemas of all callers' tools, which every client shows its model."""
MAX_LIST_TOKENS = 5_500


@dataclass(frozen=True, slots=True)
class ToolSize:
    """Size of one tool in the list."""

    name: str
    prompt: int
    """Tokens of name, description and input schema."""
    whole: int
    """Tokens of the complete entry."""
    words: int
    """Words of the description."""

    def __str__(self) -> str:
        return f"{self.name:20} {self.prompt:5} {self.whole:5} tokens, {self.words:2} words"


def as_json(value: object) -> str:
    return orjson.dumps(value).decode()


def sizes_of(tools: list[dict[str, Any]]) -> list[ToolSize]:
    prompts = count_tokens(
        [as_json({key: tool[key] for key in ("name", "description", "inputSchema")}) for tool in tools]
    )
    wholes = count_tokens([as_json(tool) for tool in tools])
    return [
        ToolSize(tool["name"], prompt, whole, len(tool["description"].split()))
        for tool, prompt, whole in zip(tools, prompts, wholes, strict=True)
    ]


@pytest.fixture
async def listed(empty_caller: Caller) -> dict[str, Any]:
    """Response to tools/list of a caller."""
    async with Client(create_server(empty_caller.app, toolset=Toolset.CALLER)) as client:
        return (await client.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True)


def test_the_tools_stay_within_their_budget(listed: dict[str, Any]) -> None:
    sizes = sizes_of(listed["tools"])
    prompt, (whole,) = sum(size.prompt for size in sizes), count_tokens([as_json(listed)])
    table = "\n".join([*map(str, sizes), f"{'all':20} {prompt:5} {whole:5} tokens"])
    print(table)  # noqa: T201  pytest -s shows the tokens
    assert prompt <= MAX_PROMPT_TOKENS, table
    assert whole <= MAX_LIST_TOKENS, table


def test_the_tokenizer_counts_as_published() -> None:
    assert count_tokens(["", "hello world", "tiktoken is great!"]) == [0, 2, 6]
