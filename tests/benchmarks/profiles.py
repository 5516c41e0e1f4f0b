"""Function calls of one tool call over HTTP, by library, now and in the version of 2026-11-29.

`python tests/benchmarks/profiles.py` prints the table. It counts the main thread, which has the event loop. The
counts of two runs differ by a few percent, also on a busy machine.
"""

import asyncio
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from pstats import Stats
from typing import Any, Final

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.clocked import clocked
from benchmarks.files import scratch_folder
from benchmarks.http_client import connected
from benchmarks.sales import VISIT, Sale, sales
from benchmarks.schedules import NOW_MS
from benchmarks.version_databases import by, on_sqlite, source_of
from benchmarks.versions import DATE, NOW_SOURCE, REVISION, message_of
from support.http_server import call_of, serving
from support.until import until

CALLS: Final = 200
CALLERS: Final = 16
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "slotmcp": ("slotmcp",),
    "MCP SDK": ("mcp", "sse_starlette"),
    "pydantic": ("pydantic", "pydantic_core", "pydantic_settings"),
    "Starlette, uvicorn": ("starlette", "uvicorn", "httptools"),
    "asyncio, anyio": ("asyncio", "anyio", "uvloop"),
}
"""Packages by the name of their group. All others are in `OTHERS`."""
OTHERS: Final = "others"
PACKAGE: Final = re.compile(r".*/(?:src|site-packages|python3\.[0-9]+)/([^/.]+)")
"""Package of a source file: the first name in the innermost folder from which Python imports."""
BUILT_IN: Final = "~"
"""File name of a built-in function. It counts for its callers."""

Function = tuple[str, int, str]
"""File name, line and name."""


def group_of(file: str) -> str:
    """Return the group of a source file. A folder above its package does not count: a checkout may be named slotmcp."""
    found = PACKAGE.match(file)
    return next((name for name, packages in GROUPS.items() if found and found[1] in packages), OTHERS)


def calls_by_group(stats: Mapping[Function, Sequence[Any]]) -> Counter[str]:
    """Return the number of function calls of each group."""
    found = Counter[str]()
    for (file, _, _), (_, count, _, _, callers) in stats.items():
        if file == BUILT_IN:
            for (caller, _, _), (_, called, _, _) in callers.items():
                found[group_of(caller)] += called
        else:
            found[group_of(file)] += count
    return found


def count_calls(source: Path, messages: Sequence[bytes]) -> Counter[str]:
    """Return the function calls of a version for one of the messages, by group."""
    with on_sqlite(source) as url, scratch_folder() as folder:
        path = folder / "profile"
        profiled = ("benchmarks.profiled", str(path), "slotmcp", "http", "--port", "0")
        command = by(source, *clocked(*profiled, now_ms=NOW_MS))
        limits = {"rate_limit_per_call": "0", "rate_limit_per_key": "0"}
        with serving(folder, command=command, database_url=url, **limits) as server:
            asyncio.run(_post(server.url, messages[:CALLERS]))
            server.process.send_signal(signal.SIGUSR1)
            asyncio.run(_post(server.url, messages[CALLERS:]))
            server.process.send_signal(signal.SIGUSR2)
            until(path.exists, "the profile is written")
            stats: Any = Stats(str(path))
    total = calls_by_group(stats.stats)
    return Counter({group: round(count / len(messages[CALLERS:])) for group, count in total.items()})


async def _post(url: str, messages: Sequence[bytes]) -> None:
    remaining = iter(messages)

    async def call() -> None:
        async with connected(url) as post:
            for message in remaining:
                result = orjson.loads(await post(message))["result"]
                if result["isError"]:
                    raise AssertionError(result)

    await asyncio.gather(*(call() for _ in range(CALLERS)))


def _search(_sale: Sale) -> bytes:
    return orjson.dumps(call_of("get_slots", serviceType=VISIT.id, limit=10))


MESSAGES: Final[Mapping[str, Callable[[Sale], bytes]]] = {"get_slots": _search, "book_slot": message_of}


def table() -> Iterator[str]:
    """Yield the lines of the table."""
    sold = sales(CALLERS + CALLS)
    sources = {DATE: source_of(REVISION), "now": NOW_SOURCE}
    columns = {
        f"`{tool}`, {when}": count_calls(source, [message(sale) for sale in sold])
        for tool, message in MESSAGES.items()
        for when, source in sources.items()
    }
    yield f"| function calls of | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for group in (*GROUPS, OTHERS):
        yield f"| {group} | {' | '.join(f'{counts[group]:,}' for counts in columns.values())} |"
    yield f"| all | {' | '.join(f'{counts.total():,}' for counts in columns.values())} |"


if __name__ == "__main__":
    print("\n".join(table()))  # noqa: T201  the output of the command
