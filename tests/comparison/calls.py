"""Cost of get_slots, create_hold and book_slot in one revision, printed as JSON.

`.venv/bin/python tests/comparison/calls.py count` counts the function calls, SQL statements and source
files of one call.
`.venv/bin/python tests/comparison/calls.py time` measures milliseconds per call.

The script uses only interfaces that every revision has: the command line, `open_app`, `create_server` and an MCP
client. `compare.py` runs it on two revisions by setting PYTHONPATH.
"""

import asyncio
import json
import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import FrameType
from typing import Any

TECHNICIANS = 40
WARM_UP_CALLS = 20
COUNTED_CALLS = 15
TIMED_CALLS = {"get_slots": 200, "create_hold": 60, "book_slot": 60}
MS_PER_SECOND = 1000
MARKER = f"{os.sep}slotmcp{os.sep}"
"""Part of the path of every source file of slotmcp."""

Body = dict[str, Any]
Call = Callable[[str, Body], Awaitable[Body]]


def project_text() -> str:
    """Return a project file with enough capacity for every booking that the script makes."""
    technicians = "\n".join(
        f"  - {{id: t-{number}, name: T {number}, shifts: [{{days: [mon, tue, wed, thu, fri, sat, sun], "
        f'start: "08:00", end: "18:00"}}]}}'
        for number in range(TECHNICIANS)
    )
    return (
        "project: {id: shop, name: Shop, timezone: America/Denver, slotIntervalMinutes: 30, horizonDays: 31}\n"
        "services: [{id: visit, name: Visit, durationMinutes: 60}]\n"
        f"technicians:\n{technicians}\n"
    )


def import_project(path: Path) -> None:
    """Write the project file and import it by the command line."""
    path.write_text(project_text(), encoding="utf-8")
    command = [sys.executable, "-m", "slotmcp", "import", str(path)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603  slotmcp itself


class Counter:
    """Counter of function calls, SQL statements and source files in all threads of this process."""

    def __init__(self) -> None:
        self.is_counting = False
        self.function_calls = 0
        self.statements = 0
        self.files: set[str] = set()

    def install(self) -> None:
        """Install the hooks in this thread, and in threads and SQLite connections that are opened later."""
        connect = sqlite3.connect

        def counted(*args: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  the arguments of sqlite3.connect
            connection: sqlite3.Connection = connect(*args, **options)
            connection.set_trace_callback(self._count_statement)
            return connection

        sqlite3.connect = counted  # type: ignore[assignment]
        threading.setprofile(self._count_call)
        sys.setprofile(self._count_call)

    async def count(self, work: Callable[[], Awaitable[object]]) -> dict[str, int]:
        """Run a coroutine function, and return its counts."""
        self.function_calls = self.statements = 0
        self.files = set()
        self.is_counting = True
        await work()
        self.is_counting = False
        return {"function_calls": self.function_calls, "statements": self.statements, "files": len(self.files)}

    def _count_statement(self, sql: str) -> None:
        if self.is_counting and not sql.startswith("--"):  # SQLite reports the body of a trigger as a comment
            self.statements += 1

    def _count_call(self, frame: FrameType, event: str, _argument: object) -> None:
        if not self.is_counting or event not in {"call", "c_call"}:
            return
        self.function_calls += 1
        if event == "call" and MARKER in frame.f_code.co_filename:
            self.files.add(frame.f_code.co_filename)


class Customers:
    """Simulated customers, each of whom holds and books the next free start."""

    def __init__(self, call: Call, starts: list[str]) -> None:
        self._call = call
        self._starts = starts
        self._number = 0
        self._token = ""

    async def get_slots(self) -> None:
        """Ask for a week of slots."""
        await self._call("get_slots", {"limit": 10})

    async def create_hold(self) -> None:
        """Hold the next start for the next customer."""
        self._number += 1
        start = self._starts[self._number % len(self._starts)]
        hold = await self._call("create_hold", {"start": start, "customerHash": f"customer-{self._number}"})
        self._token = hold["holdToken"]

    async def book_slot(self) -> None:
        """Book the held start."""
        phone = f"+1 303 555 {self._number:04}"
        names = {"customerName": f"Customer {self._number}", "customerPhone": phone}
        await self._call("book_slot", {"holdToken": self._token, **names})


@asynccontextmanager
async def open_customers() -> AsyncIterator[Customers]:
    """Open the server in this process and warm it up."""
    from mcp import Client  # noqa: PLC0415  after the counter is installed

    from slotmcp.bootstrap import open_app  # noqa: PLC0415
    from slotmcp.settings import Settings  # noqa: PLC0415
    from slotmcp.tools.server import create_server  # noqa: PLC0415

    logging.disable()
    async with open_app(Settings.load()) as app, Client(create_server(app)) as client:

        async def call(name: str, arguments: Body) -> Body:
            result = await client.call_tool(name, arguments)
            if result.is_error or result.structured_content is None:
                raise AssertionError(result.content)
            body: Body = result.structured_content
            return body

        slots = (await call("get_slots", {"limit": 100}))["slots"]
        customers = Customers(call, [slot["start"] for slot in slots])
        for _ in range(WARM_UP_CALLS):
            await customers.get_slots()
            await customers.create_hold()
            await customers.book_slot()
        yield customers


async def count() -> dict[str, dict[str, int]]:
    """Return the lowest counts of each call, because background tasks only add to them."""
    counter = Counter()
    counter.install()
    counts: dict[str, list[dict[str, int]]] = {name: [] for name in TIMED_CALLS}
    async with open_customers() as customers:
        for _ in range(COUNTED_CALLS):
            for name, runs in counts.items():
                runs.append(await counter.count(getattr(customers, name)))
    return {name: {unit: min(run[unit] for run in runs) for unit in runs[0]} for name, runs in counts.items()}


async def time() -> dict[str, float]:
    """Return the mean milliseconds of each call; holds and bookings alternate as in real conversations."""
    seconds = dict.fromkeys(TIMED_CALLS, 0.0)
    async with open_customers() as customers:
        for name in ("get_slots",) * TIMED_CALLS["get_slots"] + ("create_hold", "book_slot") * TIMED_CALLS["book_slot"]:
            start_seconds = perf_counter()
            await getattr(customers, name)()
            seconds[name] += perf_counter() - start_seconds
    return {name: seconds[name] * MS_PER_SECOND / calls for name, calls in TIMED_CALLS.items()}


def main() -> None:
    """Measure and print JSON."""
    measure = {"count": count, "time": time}[sys.argv[1]]
    with TemporaryDirectory() as folder:
        os.environ["SLOTMCP_DATABASE_URL"] = f"sqlite:///{folder}/shop.db"
        import_project(Path(folder) / "shop.yaml")
        sys.stdout.write(json.dumps(asyncio.run(measure())))


if __name__ == "__main__":
    main()
