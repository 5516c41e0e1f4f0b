"""PgBouncer of Debian in front of a PostgreSQL server, with a Unix socket of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

PROGRAM: Final = "/usr/sbin/pgbouncer"
UNPRIVILEGED: Final = "nobody"
"""User that runs PgBouncer if the tests run as root, which PgBouncer refuses."""
PORT: Final = 6432
START_SECONDS: Final = 20
CONFIGURATION: Final = """
[databases]
{database} = host={host} user={user}
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = {round_robin}
"""


@contextmanager
def pgbouncer(url: str, *, mode: str = "transaction", size: int = 2, round_robin: int = 1) -> Iterator[str]:
    """Start PgBouncer before the database of a URL, and yield the URL through it.

    With round robin, consecutive transactions run over different connections to the server.
    """
    parts = urlsplit(url)
    (host,) = parse_qs(parts.query)["host"]
    folder = Path(tempfile.mkdtemp(prefix="slotmcp-pgb-"))
    owner: dict[str, Any] = {}
    if os.getuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
        owner = {"user": UNPRIVILEGED}
    file = folder / "pgbouncer.ini"
    file.write_text(
        CONFIGURATION.format(
            database=parts.path[1:], host=host, user=parts.username, port=PORT, folder=folder, mode=mode, size=size,
            round_robin=round_robin,
        )
    )  # fmt: skip
    process = subprocess.Popen([PROGRAM, "-q", file], cwd=folder, stderr=subprocess.DEVNULL, **owner)  # noqa: S603  Debian's
    try:
        _wait_until_listening(folder / f".s.PGSQL.{PORT}")
        yield parts._replace(query=f"host={folder}&port={PORT}").geturl()
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _wait_until_listening(path: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.01)
        else:
            return
