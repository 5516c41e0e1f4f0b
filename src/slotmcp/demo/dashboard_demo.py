"""`slotmcp demo --dashboard`: a business on an HTTP server, with simulated callers until it is stopped."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import httpx2
from mcp import Client
from mcp.client.stdio import get_default_environment
from mcp.client.streamable_http import streamable_http_client

from slotmcp.bootstrap import build_app, open_store
from slotmcp.demo.callers import CallCounts, CallSimulator, Pause
from slotmcp.demo.sample_business import PROJECT_ID, sample_plan
from slotmcp.demo.stdio_business import CALL_SECONDS, DemoError
from slotmcp.demo.transcript import Transcript
from slotmcp.domain.access import Scope
from slotmcp.domain.errors import InvalidArgument
from slotmcp.settings import Settings

_LISTENING_PREFIX: Final = "slotmcp listens on "
_STOP_SECONDS: Final = 8
_INITIAL_CALLS: Final = 60
"""Calls without pauses, so that every report has data."""
_CALLS_PER_ROUND: Final = 12
_CONCURRENT_CALLS: Final = 3
_FAST_FACTOR: Final = 0.005


@dataclass(frozen=True, slots=True)
class HttpBusiness:
    """Business on a running HTTP server."""

    url: str
    """Server URL without a path."""
    operator_key: str = field(repr=False)
    caller_key: str = field(repr=False)

    @asynccontextmanager
    async def phone_line(self, call_id: str) -> AsyncIterator[Client]:
        """Open an agent's MCP client for one call."""
        headers = {"Authorization": f"Bearer {self.caller_key}", "X-Call-Id": call_id}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=CALL_SECONDS) as http,
            Client(streamable_http_client(f"{self.url}/mcp", http_client=http)) as client,
        ):
            yield client


async def run_simulation(folder: Path, transcript: Transcript, port: int) -> None:
    """Serve the business from an empty folder, print its URL, and simulate calls until this task is canceled.

    Raises:
        InvalidArgument: the port cannot be listened on.
    """
    async with open_http_business(folder, port) as business:
        await transcript.block(f"Dashboard: {business.url}/dashboard\nKey:       {business.operator_key}")
        await transcript.scene("Simulated calls keep coming in. Press Ctrl-C to stop; nothing is left behind.")
        calls = asyncio.create_task(_simulate_calls(business, transcript))
        try:
            await asyncio.wait({calls})
            calls.result()
        finally:
            calls.cancel()
            # Canceled clients may raise errors, which can be ignored.
            await asyncio.gather(calls, return_exceptions=True)


async def _simulate_calls(business: HttpBusiness, transcript: Transcript) -> None:
    total = CallCounts()
    for seed in count():
        pause, calls = (_short_pause, _INITIAL_CALLS) if seed == 0 else (asyncio.sleep, _CALLS_PER_ROUND)
        total.add(await _simulate_round(business, seed, pause, calls))
        await transcript.tool(_describe(total))


async def _simulate_round(business: HttpBusiness, seed: int, pause: Pause, calls: int) -> CallCounts:
    simulator = CallSimulator(business.phone_line, seed=seed, pause=pause)
    await simulator.run(calls, concurrency=_CONCURRENT_CALLS)
    return simulator.counts


async def _short_pause(seconds: float) -> None:
    await asyncio.sleep(seconds * _FAST_FACTOR)


def _describe(counts: CallCounts) -> str:
    return (
        f"{counts.callers} callers: {counts.offered} were offered a time, {counts.held} held one, "
        f"{counts.booked} booked, {counts.moved} moved, {counts.cancelled} canceled, {counts.refused} were refused"
    )


@asynccontextmanager
async def open_http_business(folder: Path, port: int) -> AsyncIterator[HttpBusiness]:
    """Serve the business from an empty folder until the block ends; port 0 chooses a free port.

    Raises:
        InvalidArgument: the port cannot be listened on.
        DemoError: the server ended too early.
    """
    database = folder / "slotmcp.db"
    operator_key, caller_key = await _create_business(database)
    async with _server(database, port) as url:
        yield HttpBusiness(url, operator_key, caller_key)


async def _create_business(database: Path) -> tuple[str, str]:
    """Import the business, and return a key for its operator and one for agents."""
    async with open_store(Settings.with_database(str(database), "the demo's database")) as store:
        app = build_app(store)
        await app.projects.import_project(sample_plan(await store.now_ms()), prune=False)
        operator = await app.access.create(Scope.OPERATOR, project=PROJECT_ID, name="Demo operator")
        caller = await app.access.create(Scope.CALLER, project=PROJECT_ID, name="Demo agents")
    return operator.token, caller.token


@asynccontextmanager
async def _server(database: Path, port: int) -> AsyncIterator[str]:
    """Run a server process on the database, and yield its URL."""
    config = database.with_name("config.toml")
    config.touch()
    environment = {
        **get_default_environment(),
        "SLOTMCP_DATABASE_URL": str(database),
        "SLOTMCP_CONFIG": str(config),
        "SLOTMCP_DRAIN_SECONDS": "0",
        "SLOTMCP_STOP_SECONDS": str(_STOP_SECONDS // 2),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "slotmcp", "http", "--port", str(port)),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # only the demo receives Ctrl-C, and stops its server itself
    )
    try:
        url = _parse_url(await _read_line(process), port)
        async with asyncio.TaskGroup() as group:
            forwarding = group.create_task(_forward_logs(process))
            yield url
            forwarding.cancel()
    finally:
        await _stop(process)


async def _read_line(process: Process) -> str:
    """Read the next line from stderr; an empty string when the process has ended."""
    assert process.stderr is not None  # noqa: S101  stderr is a pipe
    return (await process.stderr.readline()).decode()


def _parse_url(line: str, port: int) -> str:
    if line.startswith("slotmcp cannot listen"):
        raise InvalidArgument("port", f"cannot listen on {port}; give another port, or none for any free port.")
    if not line.startswith(_LISTENING_PREFIX):
        raise DemoError(f"The server did not start: {line}")
    return line.removeprefix(_LISTENING_PREFIX).partition("/mcp")[0]


async def _forward_logs(process: Process) -> None:
    """Forward the server's logs to stderr.

    Raises:
        DemoError: the server has ended.
    """
    while line := await _read_line(process):
        sys.stderr.write(line)
    raise DemoError("The server ended unexpectedly.")


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
