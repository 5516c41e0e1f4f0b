"""PostgreSQL server that archives its log, and its recovery to a point in time after its data is lost."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from support.postgres_server import PostgresServer

ARCHIVING: Final = """
wal_level = replica
max_wal_senders = 2
archive_mode = on
archive_command = 'cp %p {folder}/archive/%f'
"""
RECOVERY: Final = """
restore_command = 'cp {folder}/archive/%f %p'
recovery_target_name = '{point}'
recovery_target_action = 'promote'
"""


class ArchivingServer(PostgresServer):
    """Cluster with a log archive, as docs/how-to/back-up-and-restore.md describes it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._make_folder("archive")
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(ARCHIVING.format(folder=folder))

    def back_up(self) -> None:
        """Make a base backup. The archive has the log since then."""
        self._run(
            "pg_basebackup", "--host", self._folder, "--username=slotmcp", "--pgdata", self._folder / "base",
            "--wal-method=none", "--checkpoint=fast", "--no-sync", "--no-manifest",
        )  # fmt: skip

    def lose(self) -> None:
        """End the server as a power cut does, and delete its data. The base backup and the archive remain."""
        self.stop()
        shutil.rmtree(self._data)

    def recover(self, point: str) -> None:
        """Start a server from the base backup and the archive, up to a named point."""
        (self._folder / "base").rename(self._data)
        (self._data / "recovery.signal").touch()
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(RECOVERY.format(folder=self._folder, point=point))
        self.start()

    def _make_folder(self, name: str) -> None:
        folder = self._folder / name
        folder.mkdir()
        if self._user:
            shutil.chown(folder, self._user["user"])


@contextmanager
def archiving_server() -> Iterator[ArchivingServer]:
    """Start a server with a log archive; stop and delete it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="slotmcp-pitr-"))
    try:
        server = ArchivingServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
