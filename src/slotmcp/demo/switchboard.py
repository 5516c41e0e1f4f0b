"""A business whose server listens on this machine, in a folder of its own: its dashboard, and its phone lines."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2
from mcp import Client
from mcp.client.stdio import get_default_environment
from mcp.client.streamable_http import streamable_http_client

from slotmcp.bootstrap import build_app, open_store
from slotmcp.demo.office import CALL_SECONDS, DemoError
from slotmcp.demo.sunrise import PROJECT_ID, sunrise_plan
from slotmcp.domain.access import Scope
from slotmcp.domain.errors import InvalidArgument
from slotmcp.settings import Settings

_LISTENS: Final = "slotmcp listens on "
_STOP_SECONDS: Final = 8


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens the server."""

    operator: str = field(repr=False)
    caller: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Switchboard:
    """A server that listens."""

    url: str
    """Without a path."""
    keys: Keys

    @asynccontextmanager
    async def line(self, call_id: str) -> AsyncIterator[Client]:
        """A phone line: an agent's client, for a call id."""
        headers = {"Authorization": f"Bearer {self.keys.caller}", "X-Call-Id": call_id}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=CALL_SECONDS) as http,
            Client(streamable_http_client(f"{self.url}/mcp", http_client=http)) as client,
        ):
            yield client


@asynccontextmanager
async def open_switchboard(folder: Path, port: int) -> AsyncIterator[Switchboard]:
    """The business, opened in an empty folder and served until the block ends; port 0: any that is free.

    Raises:
        InvalidArgument: the port cannot be listened on.
        DemoError: the server ended while it was needed.
    """
    database = folder / "slotmcp.db"
    keys = await _found(database)
    async with _server(database, port) as url:
        yield Switchboard(url, keys)


async def _found(database: Path) -> Keys:
    """Bring the business in, and make a key for its owner and one for the agents."""
    async with open_store(Settings.with_database(str(database), "the demo's database")) as store:
        app = build_app(store)
        await app.projects.import_project(sunrise_plan(await store.now_ms()), prune=False)
        operator = await app.access.create(Scope.OPERATOR, project=PROJECT_ID, name="whoever watches the demo")
        caller = await app.access.create(Scope.CALLER, project=PROJECT_ID, name="the demo's agents")
    return Keys(operator.token, caller.token)


@asynccontextmanager
async def _server(database: Path, port: int) -> AsyncIterator[str]:
    """The address of a server process over a database; it has ended when the block ends."""
    config = database.with_name("config.toml")
    config.touch()
    environment = {
        **get_default_environment(),
        "SLOTMCP_DATABASE_URL": str(database),
        "SLOTMCP_CONFIG": str(config),
        "SLOTMCP_STOP_SECONDS": str(_STOP_SECONDS // 2),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "slotmcp", "http", "--port", str(port)),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the demo, which ends its server itself
    )
    try:
        url = _url_in(await _line_of(process), port)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(process))
            yield url
            watching.cancel()
    finally:
        await _end(process)


async def _line_of(process: Process) -> str:
    """What it says next; "": it has ended."""
    assert process.stderr is not None  # noqa: S101  a pipe was asked for
    return (await process.stderr.readline()).decode()


def _url_in(said: str, port: int) -> str:
    if said.startswith("slotmcp cannot listen"):
        raise InvalidArgument("port", f"{port} cannot be listened on; give another, or none for any that is free.")
    if not said.startswith(_LISTENS):
        raise DemoError(f"The server does not listen: {said}")
    return said.removeprefix(_LISTENS).partition("/mcp")[0]


async def _watch(process: Process) -> None:
    """Pass on what it logs.

    Raises:
        DemoError: it has ended.
    """
    while said := await _line_of(process):
        sys.stderr.write(said)
    raise DemoError("The server has ended by itself.")


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
