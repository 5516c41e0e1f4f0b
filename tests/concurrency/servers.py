"""Several servers over one database, each a process on its own port that can be killed and restarted."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

import httpx2

from concurrency.rush import environment

TIMEOUT_SECONDS: Final = 900
"""Generous timeout for a loaded machine."""
_LISTENS: Final = "slotmcp listens on "
SLOTMCP: Final = "slotmcp"


@dataclass(slots=True)
class Server:
    """A server whose port stays the same after a restart."""

    log: Path
    settings: Mapping[str, str]
    module: str = SLOTMCP
    port: int = 0
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the process; `is_ready` waits for its responses."""
        command = [sys.executable, "-m", self.module, "http", "--port", str(self.port)]
        self.log.write_bytes(b"")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own server
                command, env={**environment(), **self.settings}, stdin=subprocess.DEVNULL, stderr=log
            )

    def is_ready(self) -> None:
        """Wait until the server responds."""
        give_up_at = time.monotonic() + TIMEOUT_SECONDS
        while not self._answers():
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < give_up_at, self.log.read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill the process at once: nothing is flushed."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def has_stopped(self) -> None:
        """Wait until the process has ended."""
        if self._process is not None:
            self._process.wait(TIMEOUT_SECONDS)

    def _answers(self) -> bool:
        first, _, _ = self.log.read_text().partition("\n")
        if not first.startswith(_LISTENS):
            return False
        self.port = int(first.removeprefix(_LISTENS).partition("/mcp")[0].rpartition(":")[2])
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=TIMEOUT_SECONDS).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False


@contextmanager
def serving_together(
    folder: Path,
    how_many: int,
    variables: Mapping[str, str] = MappingProxyType({}),
    /,
    *,
    modules: Sequence[str] = (),
    **settings: str,
) -> Iterator[list[Server]]:
    """Run so many servers with the same settings and environment until the block ends.

    `modules` replace the first servers.
    """
    unlimited = {"SLOTMCP_MAX_HOLDS_PER_CREDENTIAL": "0"}  # one credential is used by all callers, without call ids
    environment = {**unlimited, **variables, **{f"SLOTMCP_{name.upper()}": value for name, value in settings.items()}}
    run = [*modules, *[SLOTMCP] * (how_many - len(modules))]
    servers = [Server(folder / f"server-{number}.log", environment, module) for number, module in enumerate(run)]
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.is_ready()
        yield servers
    finally:
        for server in servers:
            server.tell(signal.SIGTERM)
        for server in servers:
            server.has_stopped()
