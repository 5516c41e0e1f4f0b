"""Function calls are counted for the library that makes them."""

from cProfile import Profile
from json import dumps
from pstats import Stats
from typing import Any

import pytest

from benchmarks.profiles import OTHERS, calls_by_group, group_of


@pytest.mark.parametrize(
    ("file", "group"),
    [
        ("/a/src/slotmcp/web/app.py", "slotmcp"),
        ("/a/site-packages/mcp/server/fastmcp/server.py", "MCP SDK"),
        ("/a/site-packages/starlette/routing.py", "Starlette, uvicorn"),
        ("/usr/lib/python3.11/asyncio/events.py", "asyncio, anyio"),
        ("/usr/lib/python3.11/json/__init__.py", OTHERS),
        ("/a/slotmcp/.venv/lib/python3.11/site-packages/mcp/types.py", "MCP SDK"),
        ("/a/slotmcp/.venv/lib/python3.11/site-packages/orjson/__init__.py", OTHERS),
        ("<frozen importlib._bootstrap>", OTHERS),
    ],
)
def test_a_file_belongs_to_the_group_of_its_package(file: str, group: str) -> None:
    assert group_of(file) == group


def test_a_built_in_function_counts_for_the_library_that_calls_it() -> None:
    with Profile() as profile:
        for _ in range(3):
            dumps({})
    stats: Any = Stats(profile)
    called = {function[2]: count for function, (_, count, *_) in stats.stats.items()}
    assert called["dumps"] == 3
    assert calls_by_group(stats.stats)[OTHERS] >= sum(called.values()) - len(called)
