"""Longest time for which the server's event loop answered no client, as another client sees it.

A busy machine also delays responses. A stall is therefore the smaller of the delay and of the processor time that the
server's main thread used meanwhile.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.processor import cpu_ms

PING: Final = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PAUSE_SECONDS: Final = 0.01
ADDRESS: Final = ("127.0.0.2", 0)
"""Address of the observer, which the server counts as a peer of its own."""
RECONNECT_AFTER: Final = 200
TIMEOUT_SECONDS: Final = 60
TESTS: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Stall:
    """Longest delay of a response, in milliseconds."""

    wall_ms: float
    cpu_ms: float

    @property
    def length_ms(self) -> float:
        """Time for which the server itself was the reason."""
        return min(self.wall_ms, self.cpu_ms)


class StallWatch:
    """Process that sends a small request again and again."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def longest(self) -> Stall:
        """Return the longest stall since the last call."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        wall_ms, cpu_ms = map(float, self._process.stdout.readline().split())
        return Stall(wall_ms, cpu_ms)


@contextmanager
def watching(port: int, pid: int) -> Iterator[StallWatch]:
    """Watch a server until the block ends."""
    command = [sys.executable, "-m", "fuzzing.stalls", str(port), str(pid)]
    with subprocess.Popen(command, cwd=TESTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  this module
        try:
            yield StallWatch(process)
        finally:
            process.kill()


def _observe(port: int, pid: int) -> None:
    """Answer each line on stdin with the longest stall since the last one."""
    import threading  # noqa: PLC0415  only this process

    lock, longest = threading.Lock(), [Stall(0, 0)]

    def answer() -> None:
        for _ in sys.stdin:
            with lock:
                stall, longest[0] = longest[0], Stall(0, 0)
            sys.stdout.write(f"{stall.wall_ms} {stall.cpu_ms}\n")
            sys.stdout.flush()

    threading.Thread(target=answer, daemon=True).start()
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS, ADDRESS) as connection:
            for _ in range(RECONNECT_AFTER):
                stall = _ping(connection, pid)
                with lock:
                    longest[0] = max(longest[0], stall, key=lambda one: one.length_ms)
                time.sleep(PAUSE_SECONDS)


def _ping(connection: socket.socket, pid: int) -> Stall:
    began, used = time.monotonic(), cpu_ms(pid)
    connection.sendall(PING)
    if not connection.recv(4096):
        raise ConnectionResetError
    return Stall((time.monotonic() - began) * 1000, cpu_ms(pid) - used)


if __name__ == "__main__":
    _observe(int(sys.argv[1]), int(sys.argv[2]))
