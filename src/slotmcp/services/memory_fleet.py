"""The fleet's ports in this process's memory: for several stores in one process, and where there is no fleet."""

from collections.abc import Callable
from time import monotonic

from slotmcp.domain.claim import Hold
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import ChangeNotice

REVISION_SECONDS = 1.0
"""So long a revision is believed."""
_MS_PER_SECOND = 1000


class MemoryFleet:
    """The port's Fleet among the stores of one process."""

    is_away = False

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Count time by a clock that never goes back."""
        self._seconds = seconds
        self._revisions: dict[str, tuple[int, float]] = {}
        self._schedules: dict[str, Schedule] = {}
        self._ears: list[Callable[[ChangeNotice], None]] = []

    async def revision(self, project_id: str) -> int | None:
        """As the port says."""
        revision, good_until = self._revisions.get(project_id, (0, 0.0))
        return revision if self._seconds() < good_until else None

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        """As the port says."""
        schedule = self._schedules.get(project_id)
        return schedule if schedule is not None and schedule.revision == revision else None

    async def save_snapshot(self, schedule: Schedule) -> None:
        """As the port says; an older book gives way."""
        kept = self._schedules.get(schedule.project.id)
        if kept is None or kept.revision < schedule.revision:
            self._schedules[schedule.project.id] = schedule

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        """As the port says."""
        known = await self.revision(project_id)
        good_until = self._seconds() + REVISION_SECONDS - age_ms / _MS_PER_SECOND
        if known is None or revision > known:
            self._revisions[project_id] = revision, good_until
        elif revision == known:
            self._revisions[project_id] = revision, max(good_until, self._revisions[project_id][1])

    async def publish(self, news: ChangeNotice) -> None:
        """As the port says."""
        await self.report_revision(news.project_id, news.revision, age_ms=0)
        for hear in self._ears:
            hear(news)

    def subscribe(self, hear: Callable[[ChangeNotice], None]) -> None:
        """As the port says."""
        self._ears.append(hear)


class MemoryHolds:
    """The port's LiveHolds in one process."""

    def __init__(self, seconds: Callable[[], float] = monotonic) -> None:
        """Count time by a clock that never goes back."""
        self._seconds = seconds
        self._shown: dict[tuple[str, str], float] = {}

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        """As the port says."""
        self._forget_the_expired()
        self._shown[project_id, hold.token] = self._seconds() + _lives_ms(hold, now_ms) / _MS_PER_SECOND

    async def remove(self, project_id: str, token: str) -> None:
        """As the port says."""
        self._shown.pop((project_id, token), None)

    async def contains(self, project_id: str, token: str) -> bool:
        """As the port says."""
        return self._seconds() < self._shown.get((project_id, token), 0.0)

    def _forget_the_expired(self) -> None:
        """Holds live for a minute or two, and are shown in the order in which they were made."""
        now = self._seconds()
        while self._shown and now >= next(iter(self._shown.values())):
            del self._shown[next(iter(self._shown))]


def _lives_ms(hold: Hold, now_ms: int) -> int:
    return (hold.claim.expires_at_ms or now_ms) - now_ms
