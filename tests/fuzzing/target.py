"""Fuzzed server: a process with access keys, whose memory and log are observed."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

from fuzzing.business import BUSINESS
from fuzzing.wire import Request, exchange
from slotmcp.domain.access import Scope
from slotmcp.services.access import EVERY_PROJECT
from support.http_server import SLOTMCP_HTTP, START_SECONDS, open_database
from support.until import until

LISTENS: Final = "slotmcp listens on "
KIB_PER_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """Running server."""

    port: int
    process: "subprocess.Popen[str]"
    keys: dict[str, str]
    """Credential of each kind of caller."""
    log: list[str]
    """Lines on stderr."""

    def memory_mib(self) -> float:
        """Return the resident memory of the process."""
        output = subprocess.run(  # noqa: S603  ps
            ["ps", "-o", "rss=", "-p", str(self.process.pid)],  # noqa: S607
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        return int(output) / KIB_PER_MIB

    def is_running(self) -> bool:
        """Return whether the process is running."""
        return self.process.poll() is None


@contextmanager
def running_target(folder: Path) -> Iterator[Target]:
    """Run a server with a small business until the block ends."""
    path = folder / "fuzz.db"
    keys = asyncio.run(_prepare(path))
    settings = {"DATABASE_URL": f"sqlite:///{path}", "RATE_LIMIT_PER_KEY": "0", "OAUTH_ISSUER": ""}
    environment = {**os.environ, **{f"SLOTMCP_{name}": value for name, value in settings.items()}}
    with subprocess.Popen(  # noqa: S603  fixed command
        SLOTMCP_HTTP, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        first_line = process.stderr.readline()
        log: list[str] = []
        reader = Thread(target=log.extend, args=(process.stderr,))
        reader.start()
        try:
            assert first_line.startswith(LISTENS), first_line
            port = int(first_line.partition("/mcp")[0].rpartition(":")[2])
            until(
                lambda: exchange(port, bytes(Request("GET", "/readyz"))) is not None,
                "it answers",
                seconds=START_SECONDS,
            )
            yield Target(port, process, keys, log)
        finally:
            process.terminate()
            process.wait(START_SECONDS)
            reader.join()


async def _prepare(path: Path) -> dict[str, str]:
    async with open_database(path, BUSINESS) as schedules:
        access = schedules.app.access
        created = {
            "operator": await access.create(Scope.OPERATOR, project=EVERY_PROJECT),
            "caller": await access.create(Scope.CALLER, project=BUSINESS.project.id),
            "revoked": await access.create(Scope.OPERATOR, project=None),
        }
        await access.revoke(created["revoked"].key.id)
    return {**{name: key.token for name, key in created.items()}, "stranger": "slotmcp_" + "x" * 60}
