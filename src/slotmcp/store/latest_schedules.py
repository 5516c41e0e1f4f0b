"""The newest book of each project that this store gave: what the next one is read from."""

import threading
from collections.abc import Iterable

from slotmcp.domain.schedule import Schedule


class LatestSchedules:
    """Committed books only. Shared by the reading and the writing thread."""

    def __init__(self) -> None:
        self._schedules: dict[str, Schedule] = {}
        self._lock = threading.Lock()

    def get(self, project_id: str) -> Schedule | None:
        """The newest, if any was given."""
        return self._schedules.get(project_id)

    def offer(self, schedules: Iterable[Schedule]) -> None:
        """Keep these books, where none is newer."""
        with self._lock:
            for schedule in schedules:
                kept = self._schedules.get(schedule.project.id)
                if kept is None or kept.revision <= schedule.revision:
                    self._schedules[schedule.project.id] = schedule
