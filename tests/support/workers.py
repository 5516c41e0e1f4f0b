"""Worker processes of a server, and the number of connections that each of them has accepted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from support.raw_http import Connection, connecting
from support.until import until

LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp."""


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a server. Its other child process is the resource tracker of Python."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [int(child) for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def count_connections(port: int, pid: int) -> int:
    """Return the number of connections to a port that a process has accepted and not closed."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] != LISTENING}
    return sum(_target(file) in sockets for file in Path(f"/proc/{pid}/fd").iterdir())


def _target(file: Path) -> str:
    with suppress(FileNotFoundError):  # closed since the folder was listed
        return str(file.readlink())
    return ""


async def accepted_by(port: int, workers: Sequence[int], connections: int) -> list[int]:
    """Open connections at once, send a request on each, and return how many of them each worker accepted."""
    async with _opened(port, connections):
        accepted = [count_connections(port, pid) for pid in workers]
    await _closed(port, workers)
    return accepted


async def all_accept(port: int, workers: Sequence[int]) -> None:
    """Wait until each worker accepts connections, of which a worker without any is the first to get one."""
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        while not all(count_connections(port, pid) for pid in workers):
            await stack.enter_async_context(_opened(port, 1))
    await _closed(port, workers)


async def _closed(port: int, workers: Sequence[int]) -> None:
    """Wait until the workers have closed all connections."""
    await asyncio.to_thread(until, lambda: not any(count_connections(port, pid) for pid in workers), "they are closed")


@asynccontextmanager
async def _opened(port: int, connections: int) -> AsyncIterator[Sequence[Connection]]:
    async with AsyncExitStack() as stack:
        opening = (stack.enter_async_context(connecting(port)) for _ in range(connections))
        clients = await asyncio.gather(*opening)
        statuses = await asyncio.gather(*(client.request("GET", "/healthz") for client in clients))
        assert statuses == [200] * connections
        yield clients
