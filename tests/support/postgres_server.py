"""A real PostgreSQL of the tests' own: a cluster in a folder of its own, spoken to over a socket there."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

UNPRIVILEGED: Final = "nobody"
"""PostgreSQL refuses to run as root; whom it runs as there."""

EVERYBODY_MAY_ENTER: Final = 0o001
GUARDED: Final = "guarded"
"""A user who needs a password, once there is one."""

START_SECONDS: Final = 60
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  the folder made there is private
ROOM_BYTES: Final = 2_000_000_000
CONFIGURATION: Final = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
shared_buffers = 32MB
max_wal_size = 256MB
wal_level = minimal
max_wal_senders = 0
autovacuum = off
fsync = {fsync}
full_page_writes = {fsync}
timezone = 'Asia/Kathmandu'
"""
"""The odd zone: nothing of ours may lean on the server's."""


class PostgresServer:
    """One cluster, which can be stopped and started in the middle of a test."""

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._user: dict[str, Any] = {}
        if os.getuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
            self._user = {"user": UNPRIVILEGED, "group": Path(folder).stat().st_gid, "extra_groups": []}
        self._binaries = _binaries(folder)
        self._run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=slotmcp", "--no-sync",
            "--pgdata", self._data,
        )  # fmt: skip
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(folder=folder, fsync="on" if fsync else "off"))
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")

    def url(self, database: str) -> str:
        """Where a database of this server is."""
        return f"postgresql://slotmcp@/{database}?host={self._folder}"

    def start(self) -> None:
        """Start it; it takes connections when this returns."""
        log = self._folder / "log"
        self._run("pg_ctl", "start", "--wait", f"--timeout={START_SECONDS}", "--pgdata", self._data, "--log", log)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` as a crash would, `fast` with every connection cut in good order."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", self._data, "--mode", mode)

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._binaries / program, *arguments]
        done = subprocess.run(  # noqa: S603  PostgreSQL's own programs
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **self._user
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()}")


@contextmanager
def started_server(*, fsync: bool = False, parent: Path | None = None) -> Iterator[PostgresServer]:
    """A server, in a folder whose path is short enough for a socket; stopped and gone afterwards.

    Without `fsync` nothing of it has to outlive the machine, so it is kept in memory where there is room. `parent` is
    another place for the folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="slotmcp-pg-", dir=parent or (None if fsync else _in_memory())))
    try:
        server = PostgresServer(folder, fsync=fsync)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _in_memory() -> Path | None:
    return IN_MEMORY if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES else None


def _binaries(folder: Path) -> Path:
    """PostgreSQL's programs, of the wheel `pgserver`; copied where whoever runs them cannot reach them there."""
    found = find_spec("pgserver")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("The tests need the package pgserver, or a server named by TEST_POSTGRES_URL.")
    installed = Path(found.submodule_search_locations[0]) / "pginstall"
    if os.getuid() != 0 or all(one.stat().st_mode & EVERYBODY_MAY_ENTER for one in installed.resolve().parents):
        return installed / "bin"
    # the libraries beside the package are found by a path relative to the programs
    copied = folder / "site" / "pgserver"
    shutil.copytree(installed.parent, copied)
    libraries = installed.parents[1] / "pgserver.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, copied.with_name("pgserver.libs"))
    return copied / "pginstall" / "bin"
