"""Names and lifetimes of the keys. The keys of a project share a hash tag, so that a cluster keeps them together."""

import hashlib
from dataclasses import dataclass
from typing import Final

REVISION_MS: Final = 1_000
"""Longest time for which other servers miss the write of one that died before it published it."""
SNAPSHOT_MS: Final = 3_600_000
"""Time after the last change in which a server that starts finds the schedule here."""
SUPERSEDED_MS: Final = 5_000
"""Remaining lifetime of a superseded snapshot, which another server may be about to fetch."""
SAVE_INTERVAL_MS: Final = 1_000
"""Shortest time between two snapshots of a project: one that changes all the time would fill the memory."""
PROBE_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class RedisKeys:
    """The keys of one installation."""

    prefix: str

    def revision(self, project_id: str) -> str:
        """Return the key of the newest revision, in decimal."""
        return f"{self._project(project_id)}:revision"

    def snapshot(self, project_id: str, revision: int | str, schema: str) -> str:
        """Return the key of a schedule at a revision, encoded by a schema."""
        return f"{self._project(project_id)}:snapshot:{schema}:{revision}"

    def newest_snapshot(self, project_id: str, schema: str) -> str:
        """Return the key of the newest snapshot's revision."""
        return f"{self._project(project_id)}:newest-snapshot:{schema}"

    def recently_saved(self, project_id: str, schema: str) -> str:
        """Return the key that exists as long as no further snapshot is due."""
        return f"{self._project(project_id)}:keeping:{schema}"

    def hold(self, project_id: str, token: str) -> str:
        """Return the key of a live hold, from which its token cannot be read."""
        return f"{self._project(project_id)}:hold:{hashlib.sha256(token.encode()).hexdigest()}"

    def rate(self, name: str) -> str:
        """Return the key of a count of calls."""
        return f"{self.prefix}:rate:{{{hashlib.sha256(name.encode()).hexdigest()}}}"

    @property
    def probe(self) -> str:
        """Return the key that a probe writes."""
        return f"{self.prefix}:probe"

    @property
    def channel(self) -> str:
        """Return the name of the channel of notices."""
        return f"{self.prefix}:news"

    def _project(self, project_id: str) -> str:
        return f"{self.prefix}:{{{project_id}}}"
