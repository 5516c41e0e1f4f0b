"""Fleet port in the memory of this process, for several stores in one process."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from slotmcp.domain.schedule import Schedule
from slotmcp.ports import ChangeNotice

REVISION_SECONDS: Final = 1.0
"""Time for which a revision is valid."""
_MS_PER_SECOND: Final = 1000


class MemoryFleet:
    """Fleet port for the stores of one process."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Measure time with a monotonic clock."""
        self._seconds = seconds
        self._revisions: dict[str, tuple[int, float]] = {}
        self._schedules: dict[str, Schedule] = {}
        self._handlers: list[Callable[[ChangeNotice], None]] = []

    async def revision(self, project_id: str) -> int | None:
        revision, valid_until = self._revisions.get(project_id, (0, 0.0))
        return revision if self._seconds() < valid_until else None

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        schedule = self._schedules.get(project_id)
        return schedule if schedule is not None and schedule.revision == revision else None

    async def save_snapshot(self, schedule: Schedule) -> None:
        stored = self._schedules.get(schedule.project.id)
        if stored is None or stored.revision < schedule.revision:
            self._schedules[schedule.project.id] = schedule

    async def drop_snapshots(self, project_id: str) -> bool:
        self._schedules.pop(project_id, None)
        return True

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        known = await self.revision(project_id)
        valid_until = self._seconds() + REVISION_SECONDS - age_ms / _MS_PER_SECOND
        if known is None or revision > known:
            self._revisions[project_id] = revision, valid_until
        elif revision == known:
            self._revisions[project_id] = revision, max(valid_until, self._revisions[project_id][1])

    async def publish(self, notice: ChangeNotice) -> None:
        await self.report_revision(notice.project_id, notice.revision, age_ms=0)
        for handler in self._handlers:
            handler(notice)

    def subscribe(self, handler: Callable[[ChangeNotice], None]) -> None:
        self._handlers.append(handler)
