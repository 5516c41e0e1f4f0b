"""Acceptance of connections: even shares for workers at one listening socket, and no connection lost at a stop.

All workers wait for a connection, and the kernel lets the first one that runs accept it. Without balance, one worker
can take all of them. Here a worker with more than its share leaves a connection to the others for a moment, and then
accepts it anyway: a blocked worker delays connections, but cannot keep them out.

The kernel completes connections before a process accepts them. Closing the listening socket resets those that wait, so
a server that stops accepts them first.
"""

import asyncio
import fcntl
import logging
import mmap
import os
import socket
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop

from slotmcp.web.wire import LimitedHttpProtocol

YIELD_SECONDS: Final = 0.002
"""Time for which a worker with more than its share leaves a connection to the others."""
MAX_YIELDS: Final = 10
"""Number of times in a row that a worker does so."""
_RETRY_SECONDS: Final = 1.0
"""Time without accepting after an error, such as too many open files."""
_SLOTS: Final = 128
"""Number of workers that can be balanced, with those that are being replaced."""
_SLOT_BYTES: Final = 4
TABLE_BYTES: Final = _SLOTS * _SLOT_BYTES
_log: Final = logging.getLogger("slotmcp.connections")


class SharedCounts:
    """Numbers of open connections of all workers, in a file of `TABLE_BYTES` zeros that they map into memory.

    A slot holds the number plus one; 0 means that no worker uses it. A worker owns the slot whose byte it has locked.
    The kernel releases the lock when the worker ends, however it ends. The object opens the file at its first use,
    after it was sent to a worker process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def publish(self, connections: int) -> None:
        """Set the number of connections of this worker."""
        if self._slot is not None:
            self._table[self._slot] = connections + 1

    def withdraw(self) -> None:
        """Remove this worker, which accepts no more connections."""
        if self._slot is not None:
            self._table[self._slot] = 0

    def exceeds_share(self, *, arriving: int) -> bool:
        """Return True if this worker has more than the worker with the fewest, with a margin of one and an eighth.

        `arriving` connections of this worker are not published yet.
        """
        if self._slot is None:
            return False
        connections = self._table[self._slot] - 1 + arriving
        while used := [(value - 1, slot) for slot, value in enumerate(self._table) if value]:
            fewest, slot = min(used)
            if connections <= fewest + fewest // 8 + 1:
                return False
            if not self._clear_if_ended(slot):
                return True
        return False

    def _clear_if_ended(self, slot: int) -> bool:
        if slot == self._slot or not self._lock(slot):
            return False
        self._table[slot] = 0
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, slot)
        return True

    def _lock(self, slot: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
        except OSError:
            return False
        return True

    @cached_property
    def _file(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CLOEXEC)

    @cached_property
    def _table(self) -> "memoryview[int]":
        return memoryview(mmap.mmap(self._file, TABLE_BYTES)).cast("I")

    @cached_property
    def _slot(self) -> int | None:
        """Slot of this worker; None if all are in use, and this worker accepts without balance."""
        return next(filter(self._lock, range(_SLOTS)), None)


class BalancedConfig(uvicorn.Config):
    """Configuration of servers whose event loops accept connections with a `BalancedServer`."""

    def __init__(self, *arguments: Any, counts: SharedCounts, **options: Any) -> None:  # noqa: ANN401  uvicorn's
        super().__init__(*arguments, **options)
        self._counts = counts

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """Return the factory of the event loop of this process."""
        return partial(_BalancedLoop, self._counts)


class _BalancedLoop(uvloop.Loop):
    """Event loop whose server accepts connections according to the share of its worker."""

    def __init__(self, counts: SharedCounts) -> None:
        super().__init__()
        self._counts = counts

    async def create_server(  # type: ignore[override]  # uvicorn uses no other parameters
        self,
        protocol_factory: Callable[[], LimitedHttpProtocol],
        *,
        sock: socket.socket,
        ssl: None,
        backlog: int,
    ) -> "BalancedServer":
        """Accept connections at a listening socket."""
        del ssl, backlog
        return BalancedServer(self, protocol_factory, sock, self._counts)


class BalancedServer:
    """Server at a listening socket that workers share, with the methods of asyncio's servers that uvicorn calls."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        create_protocol: Callable[[], LimitedHttpProtocol],
        listener: socket.socket,
        counts: SharedCounts,
    ) -> None:
        self._loop = loop
        self._create_protocol = create_protocol
        self._listener = listener
        self._counts = counts
        self._arriving: set[asyncio.Task[None]] = set()
        self._yields = 0
        self._is_closed = False
        listener.setblocking(False)  # noqa: FBT003  of sockets
        counts.publish(0)
        self._resume()

    def close(self) -> None:
        """Accept the connections that wait, and then no more. Open connections continue."""
        self._is_closed = True
        self._loop.remove_reader(self._listener)
        while self._accept():
            pass
        self._counts.withdraw()

    async def wait_closed(self) -> None:
        """Wait for the last accepted connections."""
        if self._arriving:
            await asyncio.wait(self._arriving)

    def _resume(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._listener, self._accept_or_yield)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._loop.call_later(seconds, self._resume)

    def _accept_or_yield(self) -> None:
        if self._yields < MAX_YIELDS and self._counts.exceeds_share(arriving=len(self._arriving)):
            self._yields += 1
            self._pause(YIELD_SECONDS)
        else:
            self._yields = 0
            self._accept()

    def _accept(self) -> bool:
        """Accept a connection that waits. Return False if there is none, or if accepting fails."""
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return False  # another worker was faster
        except ConnectionAbortedError:
            return True  # the client has left
        except OSError as error:
            _log.error("Accepting a connection failed: %s", error.strerror)
            self._pause(_RETRY_SECONDS)
            return False
        connection.setblocking(False)  # noqa: FBT003  of sockets
        task = self._loop.create_task(self._open(connection))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        return True

    async def _open(self, connection: socket.socket) -> None:
        _, protocol = await self._loop.connect_accepted_socket(self._create_protocol, connection)
        if self._is_closed:
            protocol.shutdown()
