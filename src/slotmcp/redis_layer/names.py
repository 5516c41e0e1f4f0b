"""The name of each key, and how long it lives. All of a project's share a hash tag: a cluster keeps them together."""

import hashlib
from dataclasses import dataclass
from typing import Final

REVISION_MS: Final = 1_000
"""A writer that died after its commit and before it told anybody leaves servers behind for no longer."""
SNAPSHOT_MS: Final = 3_600_000
"""A server that starts within the hour after the last change need not read the book from the database."""
OUTDATED_MS: Final = 5_000
"""A snapshot of an older revision than the newest: somebody may be about to fetch it."""
KEEPING_MS: Final = 1_000
"""So often a book of a project is kept at most: one that changes all the time would fill the memory."""
PROBE_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one installation's keys."""

    prefix: str

    def revision(self, project_id: str) -> str:
        """The newest revision, in decimal."""
        return f"{self._project(project_id)}:revision"

    def snapshot(self, project_id: str, revision: int | str, schema: str) -> str:
        """A book at a revision, as bytes of a schema."""
        return f"{self._project(project_id)}:snapshot:{schema}:{revision}"

    def newest_snapshot(self, project_id: str, schema: str) -> str:
        """The revision of the newest snapshot."""
        return f"{self._project(project_id)}:newest-snapshot:{schema}"

    def keeping(self, project_id: str, schema: str) -> str:
        """There as long as no other snapshot is due."""
        return f"{self._project(project_id)}:keeping:{schema}"

    def hold(self, project_id: str, token: str) -> str:
        """A live hold; the token cannot be read from it."""
        return f"{self._project(project_id)}:hold:{hashlib.sha256(token.encode()).hexdigest()}"

    def rate(self, name: str) -> str:
        """A count of calls."""
        return f"{self.prefix}:rate:{{{hashlib.sha256(name.encode()).hexdigest()}}}"

    @property
    def probe(self) -> str:
        """What is written to see whether that can be done."""
        return f"{self.prefix}:probe"

    @property
    def news(self) -> str:
        """The channel."""
        return f"{self.prefix}:news"

    def _project(self, project_id: str) -> str:
        return f"{self.prefix}:{{{project_id}}}"
