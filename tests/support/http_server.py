"""`slotmcp http` in separate processes, and clients that know only its address."""

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
from slotmcp.tools.http import McpHttpApp
from support.new_file import new_file
from support.until import until

TESTS: Final = Path(__file__).parents[1]
SLOTMCP_HTTP: Final = (sys.executable, "-m", "slotmcp", "http", "--port", "0")
START_SECONDS: Final = 60
MODERN: Final = "2026-07-28"
_LISTENING: Final = "slotmcp listens on "


@dataclass(frozen=True, slots=True)
class HttpServer:
    """Listening server."""

    url: str
    """URL without a path."""
    process: subprocess.Popen[str]
    log: str
    """Log until the server listened; the last line has the address."""

    def stop(self) -> tuple[int, str]:
        """Stop the server, and return its exit code and its log since it listened."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, log

    async def post(self, body: object, key: str = "", **headers: str) -> httpx2.Response:
        """Send one request to /mcp on a new connection."""
        async with httpx2.AsyncClient(timeout=START_SECONDS) as client:
            return await client.post(f"{self.url}/mcp", content=orjson.dumps(body), headers=headers_of(key, **headers))


def headers_of(key: str = "", **more: str) -> dict[str, str]:
    """Return the headers that a client sends, with further ones by name; "_" is sent as "-"."""
    named = {name.replace("_", "-"): value for name, value in more.items()}
    bearer = {"Authorization": f"Bearer {key}"} if key else {}
    return {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", **bearer, **named}


def call_of(tool: str, **arguments: object) -> dict[str, Any]:
    """Return a tools/call message, as clients of every revision but the newest send it."""
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@contextmanager
def serving(path: Path, *options: str, command: Sequence[str] = SLOTMCP_HTTP, **settings: str) -> Iterator[HttpServer]:
    """Run a server over a database file on a free port until the block ends."""
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"}
    environment |= {f"SLOTMCP_{name.upper()}": value for name, value in settings.items()}
    with subprocess.Popen(  # noqa: S603  slotmcp itself
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
    """Return True if the server is ready. On a busy machine its database may respond late."""
    return httpx2.get(f"{url}/readyz", timeout=START_SECONDS).status_code == httpx2.codes.OK


def _log_until_listening(stderr: Iterable[str]) -> str:
    log = ""
    for line in stderr:
        log += line
        if line.startswith(_LISTENING):
            break
    return log


@asynccontextmanager
async def running(app: HttpApp | McpHttpApp) -> AsyncIterator[None]:
    """Run the app in a separate task, because a fixture may start and end in different tasks."""
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
    """Database file, and an app for operations that no server offers."""

    app: App
    path: Path
    keys: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def open_database(path: Path, *plans: ProjectPlan) -> AsyncIterator[Database]:
    """Open a database file with some projects. Servers may use the file at the same time."""
    async with SqliteStore.open(new_file(path), clock=SystemClock()) as store:
        app = build_app(store)
        for plan in plans:
            await app.projects.import_project(plan, prune=False)
        yield Database(app, path)


async def write_database(path: Path, *plans: ProjectPlan) -> None:
    """Write some projects into a database file, and close it."""
    async with open_database(path, *plans):
        pass


def body_in(response: httpx2.Response) -> Mapping[str, Any]:
    """Return a tool's response."""
    answer: Mapping[str, Any] = response.json()["result"]["structuredContent"]
    return answer
