"""The newest revision of each project that this server knows of."""

from collections.abc import Callable


class KnownRevisions:
    """Goes up with whatever is heard, and down only when the database itself says so."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._known: dict[str, tuple[int, float]] = {}

    def get(self, project_id: str) -> int:
        """The newest; 0: none is known."""
        return self._known.get(project_id, (0, 0.0))[0]

    def hear(self, project_id: str, revision: int) -> int:
        """Take note of a revision that somebody told, or committed; give the newest."""
        if revision > self.get(project_id):
            self._known[project_id] = revision, self._seconds()
        return self.get(project_id)

    def find(self, project_id: str, revision: int, *, asked_at: float) -> int:
        """Take note of what the database said, when it was asked at that second; give the newest.

        What was heard before the question was asked and is newer than the answer was never committed here: another
        database's, or one that was restored since.
        """
        if self._known.get(project_id, (0, 0.0))[1] < asked_at:
            self._known[project_id] = revision, asked_at
        return self.hear(project_id, revision)
