"""Runs many scripts at once, each on a connection of its own, and checks what comes back."""

import asyncio
import re
import socket
import struct
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from typing import Final

from fuzzing.judge import STACK
from fuzzing.scripts import Script
from fuzzing.wire import HOST

STATUS: Final = re.compile(rb"(?:\A|\r?\n|\}|\n)HTTP/1\.1 (\d{3}) ")
MAX_READ_BYTES: Final = 4_000_000
MAX_CHECKED_BYTES: Final = 200_000
CONCURRENT: Final = 24
ROUND_SECONDS: Final = 10
"""A script that takes longer also runs during the next rounds."""
UNAVAILABLE: Final = 503
SERVER_ERROR: Final = 500
ADDRESSES: Final = [f"127.0.0.{number}" for number in range(10, 60)]
"""Addresses of the clients, so that the server counts them as different peers."""
RESET: Final = struct.pack("ii", 1, 0)
"""Value of SO_LINGER that closes with RST."""


class ConnectionFuzzer:
    """Runs the scripts of rounds. Slow scripts of a round still run during the next ones."""

    def __init__(self, port: int) -> None:
        self.endings: Counter[str] = Counter()
        """Statuses of responses, and ends of connections, by the kind of script."""
        self.faults: list[str] = []
        self._port = port
        self._addresses: Iterator[str] = cycle(ADDRESSES)
        self._slots = asyncio.Semaphore(CONCURRENT)
        self._running: set[asyncio.Task[None]] = set()

    async def run_round(self, seed: int, scripts: Iterator[Script]) -> None:
        """Start all scripts of a round, a limited number at a time."""
        for number, script in enumerate(scripts):
            await self._slots.acquire()
            task = asyncio.create_task(self._run(f"round {seed}, script {number}", script))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def finish(self) -> None:
        """Wait for the scripts that still run."""
        await asyncio.gather(*self._running)

    async def _run(self, name: str, script: Script) -> None:
        is_long = script.seconds > ROUND_SECONDS
        if is_long:
            self._slots.release()
        received = bytearray()
        try:
            async with asyncio.timeout(script.seconds):
                await self._connect(script, received)
        except TimeoutError:
            self.endings[f"{script.kind}: client left"] += 1
        except OSError:
            self.endings[f"{script.kind}: refused or reset"] += 1
        finally:
            if not is_long:
                self._slots.release()
        self._check(name, script.kind, bytes(received))

    async def _connect(self, script: Script, received: bytearray) -> None:
        reader, writer = await asyncio.open_connection(
            HOST, self._port, local_addr=(next(self._addresses), 0), limit=MAX_READ_BYTES if script.reads else 1
        )
        reading = asyncio.create_task(_read(reader, received)) if script.reads else None
        try:
            await _send(script, writer)
            if script.resets:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            elif reading:
                await asyncio.wait([reading])
            else:
                await writer.wait_closed()
        finally:
            if reading:
                reading.cancel()
            writer.transport.abort()

    def _check(self, name: str, kind: str, received: bytes) -> None:
        statuses = {int(status) for status in STATUS.findall(received)}
        for status in statuses or {0}:
            self.endings[f"{kind}: {status or 'no response'}"] += 1
            if status >= SERVER_ERROR and status != UNAVAILABLE:
                self.faults.append(f"{name} ({kind}): status {status}")
        if match := STACK.search(received[:MAX_CHECKED_BYTES]):
            self.faults.append(f"{name} ({kind}): exposes internals: {match[0]!r}")


async def _send(script: Script, writer: asyncio.StreamWriter) -> None:
    """Perform the actions until the server closes the connection."""
    try:
        for action in script.actions():
            if isinstance(action, float):
                await asyncio.sleep(action)
            else:
                writer.write(action)
                await writer.drain()
    except ConnectionError:
        return


async def _read(reader: asyncio.StreamReader, received: bytearray) -> None:
    """Read until the server closes the connection; keep only the beginning of a long response."""
    try:
        while piece := await reader.read(65_536):
            if len(received) < MAX_READ_BYTES:
                received += piece
    except ConnectionError:
        return
