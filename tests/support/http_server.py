"""`slotmcp http` as processes of its own, and callers who know nothing but its address."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson

from slotmcp.asgi import HttpApp
from slotmcp.bootstrap import SystemClock, build_app
from slotmcp.services.app import App
from slotmcp.services.imports import ProjectPlan
from slotmcp.store.sqlite import SqliteStore
from support.new_file import new_file
from support.until import until

TESTS: Final = Path(__file__).parents[1]
SLOTMCP_HTTP: Final = (sys.executable, "-m", "slotmcp", "http", "--port", "0")
START_SECONDS: Final = 60
MODERN: Final = "2026-07-28"
_LISTENING: Final = "slotmcp listens on "


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server that listens."""

    url: str
    """Without a path."""
    process: subprocess.Popen[str]
    log: str
    """What it said until it listened; the last line says where."""

    def stop(self) -> tuple[int, str]:
        """Tell it to stop, wait until it has; its exit code and what it logged since it listened."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, log

    async def post(self, body: object, key: str = "", **headers: str) -> httpx2.Response:
        """One request to /mcp on a connection of its own."""
        async with httpx2.AsyncClient(timeout=START_SECONDS) as client:
            return await client.post(f"{self.url}/mcp", content=orjson.dumps(body), headers=headers_of(key, **headers))


def headers_of(key: str = "", **more: str) -> dict[str, str]:
    """What a client of the newest protocol sends."""
    named = {name.replace("_", "-"): value for name, value in more.items()}
    bearer = {"Authorization": f"Bearer {key}"} if key else {}
    return {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **bearer, **named}


def call_of(tool: str, **arguments: object) -> dict[str, Any]:
    """The message that calls a tool, as clients of every revision but the newest send it."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@contextmanager
def serving(path: Path, *options: str, command: Sequence[str] = SLOTMCP_HTTP, **settings: str) -> Iterator[HttpServer]:
    """A server over a database file, on a port that was free; ended at the end."""
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"}
    environment |= {f"SLOTMCP_{name.upper()}": value for name, value in settings.items()}
    with subprocess.Popen(  # noqa: S603  our own server
        [*command, *options], env=environment, cwd=TESTS, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        log = _log_until_listening(process.stderr)
        try:
            assert _LISTENING in log, log
            url = log.rpartition(_LISTENING)[2].partition("/mcp")[0]
            until(lambda: _is_ready(url), "it is ready", seconds=START_SECONDS)
            yield HttpServer(url, process, log)
        finally:
            process.terminate()
            process.communicate(timeout=START_SECONDS)


def _is_ready(url: str) -> bool:
    """Whether it wants calls: on a busy machine it may say no at first, when its database does not answer at once."""
    return httpx2.get(f"{url}/readyz", timeout=START_SECONDS).status_code == httpx2.codes.OK


def _log_until_listening(stderr: Iterable[str]) -> str:
    log = ""
    for line in stderr:
        log += line
        if line.startswith(_LISTENING):
            break
    return log


@asynccontextmanager
async def running(app: HttpApp) -> AsyncIterator[None]:
    """The app, running in this process in a task of its own: a fixture begins and ends in different ones."""
    began, end = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with app.running():
            began.set()
            await end.wait()

    task = asyncio.create_task(run())
    began_or_failed = asyncio.create_task(began.wait())
    await asyncio.wait({task, began_or_failed}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        end.set()
        await task


@dataclass(frozen=True, slots=True)
class Database:
    """A database file, and what a server over it does not do."""

    app: App
    path: Path
    keys: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def open_database(path: Path, *plans: ProjectPlan) -> AsyncIterator[Database]:
    """The books of some businesses, in a file, beside whoever serves it."""
    async with SqliteStore.open(new_file(path), clock=SystemClock()) as store:
        app = build_app(store)
        for plan in plans:
            await app.projects.import_project(plan, prune=False)
        yield Database(app, path)


async def write_database(path: Path, *plans: ProjectPlan) -> None:
    """Write some businesses into a file, and close it."""
    async with open_database(path, *plans):
        pass


def body_in(response: httpx2.Response) -> Mapping[str, Any]:
    """What a tool answered."""
    answer: Mapping[str, Any] = response.json()["result"]["structuredContent"]
    return answer
