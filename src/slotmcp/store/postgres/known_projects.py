"""States of projects that this process knows from its own last write, for groups that are decided without a lock.

A state may be outdated. The statement that writes a group checks its version: PostgreSQL's id of the transaction that
wrote the project's row (`xmin`), which every transaction that writes to a project replaces.
"""

import time
from dataclasses import dataclass, replace
from typing import Final

from slotmcp.ports import ProjectMemory
from slotmcp.store.project_state import ProjectState

CONTENTION_SECONDS: Final = 1.0
"""Time for which a project's writers wait for the lock at once, after two optimistic attempts have failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProject:
    """State of a project at a version, and the database's time when it was read."""

    state: ProjectState
    version: str
    clock_ms: int
    read_at: float
    """Monotonic seconds."""

    def now_ms(self) -> int:
        """Return the time of the database, or slightly less: the response's way is not added."""
        return self.clock_ms + int((time.monotonic() - self.read_at) * 1000)


class KnownProjects:
    """Known state of each project. Use it on the event loop."""

    def __init__(self, memory: ProjectMemory) -> None:
        self._projects: dict[str, KnownProject] = memory.table()  # their schedules are noted where they are read
        self._contended_until: dict[str, float] = memory.table()

    def get(self, project_id: str) -> KnownProject | None:
        """Return the known state of a project."""
        return self._projects.get(project_id)

    def put(self, project_id: str, known: KnownProject) -> None:
        """Store the state of a project."""
        self._projects[project_id] = known

    def forget(self, project_id: str) -> None:
        """Forget a project, because another writer has changed it."""
        self._projects.pop(project_id, None)

    def forget_all(self) -> None:
        """Forget all projects, because a new connection may lead to another server, with other transaction ids."""
        self._projects.clear()

    def note_contention(self, project_id: str) -> None:
        """Note that other writers were faster."""
        self._contended_until[project_id] = time.monotonic() + CONTENTION_SECONDS

    def is_contended(self, project_id: str) -> bool:
        """Return whether other writers were faster a moment ago."""
        until = self._contended_until.get(project_id)
        if until is None or time.monotonic() < until:
            return until is not None
        self._contended_until.pop(project_id, None)
        return False

    def observe(self, project_id: str, *, revision: int, clock_ms: int) -> None:
        """Note a revision that was read, and the database's time then."""
        known = self._projects.get(project_id)
        if known is None:
            return
        if revision > known.state.revision:
            self.forget(project_id)
        elif revision == known.state.revision:
            self._projects[project_id] = replace(known, clock_ms=clock_ms, read_at=time.monotonic())
