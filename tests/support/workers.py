"""Worker processes of a server, and the number of connections that each of them has accepted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from support.raw_http import Connection, connecting
from support.until import until


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a server. Its other child process is the resource tracker of Python."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [int(child) for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def count_sockets(pid: int) -> int:
    """Return the number of open sockets of a process."""
    return sum(map(_is_socket, Path(f"/proc/{pid}/fd").iterdir()))


def _is_socket(file: Path) -> bool:
    with suppress(FileNotFoundError):  # closed since the folder was listed
        return str(file.readlink()).startswith("socket:")
    return False


async def accepted_by(port: int, workers: Sequence[int], connections: int) -> list[int]:
    """Open connections at once, send a request on each, and return how many of them each worker accepted."""
    before = [count_sockets(pid) for pid in workers]
    async with _opened(port, connections):
        accepted = [count_sockets(pid) - sockets for pid, sockets in zip(workers, before, strict=True)]
    await asyncio.to_thread(until, lambda: [count_sockets(pid) for pid in workers] == before, "they are closed")
    return accepted


async def all_accept(port: int, workers: Sequence[int]) -> None:
    """Wait until each worker accepts connections, of which a worker without any is the first to get one."""
    before = {pid: count_sockets(pid) for pid in workers}
    async with AsyncExitStack() as stack, asyncio.timeout(60):
        while any(count_sockets(pid) <= sockets for pid, sockets in before.items()):
            await stack.enter_async_context(_opened(port, 1))
    await asyncio.to_thread(until, lambda: all(count_sockets(pid) <= before[pid] for pid in workers), "they are closed")


@asynccontextmanager
async def _opened(port: int, connections: int) -> AsyncIterator[Sequence[Connection]]:
    async with AsyncExitStack() as stack:
        opening = (stack.enter_async_context(connecting(port)) for _ in range(connections))
        clients = await asyncio.gather(*opening)
        statuses = await asyncio.gather(*(client.request("GET", "/healthz") for client in clients))
        assert statuses == [200] * connections
        yield clients
