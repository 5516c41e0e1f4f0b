"""Temporary PostgreSQL server: a cluster in a folder, with a Unix socket."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import asyncpg

UNPRIVILEGED: Final = "nobody"
"""User that runs PostgreSQL if the tests run as root, which PostgreSQL refuses."""

WORLD_EXECUTABLE: Final = 0o001
GUARDED: Final = "guarded"
"""Database user that needs a password."""

START_SECONDS: Final = 60
IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  the folder made there is private
ROOM_BYTES: Final = 2_000_000_000
CONFIGURATION: Final = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
timezone = 'Asia/Kathmandu'
"""
"""The unusual time zone shows code that depends on the server's."""
NOT_DURABLE: Final = """
shared_buffers = 32MB
max_wal_size = 256MB
wal_level = minimal
max_wal_senders = 0
autovacuum = off
fsync = off
full_page_writes = off
"""
"""Settings of a server whose data may be lost, which is small and fast. A durable server has PostgreSQL's defaults."""

END_SESSIONS: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class PostgresServer:
    """Cluster that tests can stop and start."""

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
            file.write(CONFIGURATION.format(folder=folder) + ("" if fsync else NOT_DURABLE))
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")

    def url(self, database: str) -> str:
        """Return the URL of a database of this server."""
        return f"postgresql://slotmcp@/{database}?host={self._folder}"

    @property
    def pid(self) -> int:
        """Process that is the parent of all others of the running server."""
        return int((self._data / "postmaster.pid").read_text().partition("\n")[0])

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        log = self._folder / "log"
        self._run("pg_ctl", "start", "--wait", f"--timeout={START_SECONDS}", "--pgdata", self._data, "--log", log)

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server: `immediate` like a crash, `fast` after closing all connections."""
        self._run("pg_ctl", "stop", "--wait", "--pgdata", self._data, "--mode", mode)

    def end_sessions(self) -> None:
        """End the sessions of all clients, and roll back their transactions. Call it outside an event loop."""
        asyncio.run(self._end_sessions())

    async def _end_sessions(self) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.fetch(END_SESSIONS)
        finally:
            await connection.close()

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._binaries / program, *arguments]
        done = subprocess.run(  # noqa: S603  PostgreSQL's own programs
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **self._user
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode()}")


@contextmanager
def started_server(*, fsync: bool = False, parent: Path | None = None) -> Iterator[PostgresServer]:
    """Start a server in a folder whose path is short enough for a socket; stop and delete it afterwards.

    Without `fsync` the folder is in memory if there is room, unless `parent` names another place.
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


def _binaries(target: Path) -> Path:
    """Return the folder of PostgreSQL's programs from the wheel `pgserver`, copied if their user cannot read it."""
    spec = find_spec("pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The tests need the package pgserver, or a server named by TEST_POSTGRES_URL.")
    installed = Path(spec.submodule_search_locations[0]) / "pginstall"
    if os.getuid() != 0 or all(folder.stat().st_mode & WORLD_EXECUTABLE for folder in installed.resolve().parents):
        return installed / "bin"
    # the programs load the libraries next to the package by a relative path
    copied = target / "site" / "pgserver"
    shutil.copytree(installed.parent, copied)
    libraries = installed.parents[1] / "pgserver.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, copied.with_name("pgserver.libs"))
    return copied / "pginstall" / "bin"
