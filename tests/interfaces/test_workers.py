"""Tests with worker processes, which accept equal shares of the connections and replace each other."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from support.denver import PLAN
from support.http_server import SLOTMCP_HTTP, HttpServer, serving, write_database
from support.until import until
from support.workers import accepted_by, all_accept, workers_of

WORKERS = 2
ROUNDS = 10
MAX_SHARE = 1.5
"""Maximum number of connections of the busiest worker, as a multiple of an equal share."""


@dataclass(frozen=True, slots=True)
class Running:
    """Server whose workers all accept connections."""

    server: HttpServer
    port: int

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        return workers_of(self.server.process.pid)


@asynccontextmanager
async def open_server(path: Path) -> AsyncIterator[Running]:
    """Start a server on a new database, and wait until all its workers accept connections."""
    await write_database(path, PLAN)
    with serving(path, "--workers", str(WORKERS)) as server:
        running = Running(server, int(server.url.rpartition(":")[2]))
        await all_accept(running.port, running.workers())
        yield running


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with open_server(tmp_path / "slotmcp.db") as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Server for tests after which the same workers run."""
    async with open_server(tmp_path_factory.mktemp("workers") / "slotmcp.db") as running:
        yield running


async def test_workers_accept_equal_shares_of_the_connections(shared: Running) -> None:
    for connections in (8, 32, 64):
        accepted = [await accepted_by(shared.port, shared.workers(), connections) for _ in range(ROUNDS)]
        assert {sum(each) for each in accepted} == {connections}
        assert max(map(max, accepted)) <= MAX_SHARE * connections / WORKERS, accepted


async def test_a_suspended_worker_delays_connections_and_keeps_none_out(shared: Running) -> None:
    suspended, awake = shared.workers()
    os.kill(suspended, signal.SIGSTOP)
    try:
        assert await accepted_by(shared.port, [suspended, awake], 32) == [0, 32]
    finally:
        os.kill(suspended, signal.SIGCONT)


async def test_a_killed_worker_is_replaced_and_its_connections_no_longer_count(running: Running) -> None:
    killed, kept = running.workers()
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(set(running.workers()) - {killed}) == WORKERS, "it is replaced")
    await all_accept(running.port, running.workers())
    assert kept in running.workers()
    assert max(await accepted_by(running.port, running.workers(), 32)) <= MAX_SHARE * 32 / WORKERS


async def test_sighup_replaces_the_workers(running: Running) -> None:
    old = set(running.workers())
    running.server.process.send_signal(signal.SIGHUP)
    until(lambda: not old & set(running.workers()), "they are replaced")
    await all_accept(running.port, running.workers())
    assert max(await accepted_by(running.port, running.workers(), 32)) <= MAX_SHARE * 32 / WORKERS
    assert running.server.stop() == (0, "")


async def test_a_second_server_cannot_use_the_port(shared: Running, tmp_path: Path) -> None:
    refused = subprocess.run(  # noqa: S603, ASYNC221  slotmcp itself
        [*SLOTMCP_HTTP[:-1], str(shared.port), "--workers", str(WORKERS)],
        env={**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{tmp_path / 'slotmcp.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {shared.port}: Address already in use" in refused.stderr
