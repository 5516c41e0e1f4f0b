"""Names and lifetimes of the keys. The keys of a project share a hash tag, so a cluster stores them on one node."""

import hashlib
from dataclasses import dataclass
from typing import Final

REVISION_MS: Final = 1_000
"""Lifetime of a revision. If a server dies before it publishes a write, others see the write after this time."""
SNAPSHOT_MS: Final = 3_600_000
"""Lifetime of a snapshot, which a server that starts reads instead of the database."""
SUPERSEDED_MS: Final = 5_000
"""Remaining lifetime of a superseded snapshot, which another server may be about to fetch."""
SAVE_INTERVAL_MS: Final = 1_000
"""Minimum time between two snapshots of a project, which limits memory if the project changes constantly."""
PROBE_MS: Final = 1_000
"""Lifetime of the key that a probe writes."""


@dataclass(frozen=True, slots=True)
class RedisKeys:
    """Keys of one installation."""

    prefix: str

    def revision(self, project_id: str) -> str:
        """Return the key of the newest revision, a decimal number."""
        return f"{self._project(project_id)}:revision"

    def snapshot(self, project_id: str, revision: int | str, schema: str) -> str:
        """Return the key of a schedule at a revision. `schema` identifies the encoding."""
        return f"{self._project(project_id)}:snapshot:{schema}:{revision}"

    def all_snapshots(self, project_id: str) -> str:
        """Return the pattern of the keys of all snapshots of a project."""
        return f"{self._project(project_id)}:snapshot:*"

    def newest_snapshot(self, project_id: str, schema: str) -> str:
        """Return the key of the newest snapshot's revision."""
        return f"{self._project(project_id)}:newest-snapshot:{schema}"

    def recently_saved(self, project_id: str, schema: str) -> str:
        """Return the key that exists while a new snapshot would follow too soon."""
        return f"{self._project(project_id)}:keeping:{schema}"

    def hold(self, project_id: str, token: str) -> str:
        """Return the key of a live hold. The token is hashed, because it is secret."""
        return f"{self._project(project_id)}:hold:{hashlib.sha256(token.encode()).hexdigest()}"

    def rate(self, name: str) -> str:
        """Return the key of the count of calls under a name, which is hashed."""
        return f"{self.prefix}:rate:{{{hashlib.sha256(name.encode()).hexdigest()}}}"

    def attempts(self, name: str) -> str:
        """Return the key of the attempts under a name, which is hashed."""
        return f"{self.prefix}:attempts:{{{hashlib.sha256(name.encode()).hexdigest()}}}"

    def probe(self, tag: str) -> str:
        """Return a key that a probe writes. The tag chooses a node of a cluster; "" without one."""
        return f"{self.prefix}:probe:{{{tag}}}" if tag else f"{self.prefix}:probe"

    @property
    def channel(self) -> str:
        """Return the name of the channel of notices."""
        return f"{self.prefix}:news"

    def _project(self, project_id: str) -> str:
        return f"{self.prefix}:{{{project_id}}}"
