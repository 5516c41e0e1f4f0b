"""Memory for everything that a process keeps per project, within one budget of bytes."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar

from slotmcp.domain.schedule import PROJECT_BYTES
from slotmcp.domain.units import BYTES_PER_MB

T = TypeVar("T")
EvictionHandler: TypeAlias = Callable[[], object]

DEFAULT_MB: Final = 100


class ProjectMemory:
    """Tables by project, of which the least recently used projects leave all tables when the budget is exceeded.

    The project in use always stays, however large it is. A project that left is read again. Tables may be read and
    filled in any thread; projects leave on the event loop only.
    """

    def __init__(self, max_bytes: int = DEFAULT_MB * BYTES_PER_MB) -> None:
        self._max_bytes = max_bytes
        self._tables: list[dict[str, Any]] = []
        self._bytes_by_project: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()
        self.total_bytes = 0
        """Estimated memory of all projects in the tables."""
        self.evictions = 0
        """Number of times that a project left."""
        self.after_evictions: EvictionHandler = lambda: None
        """Function that `use` calls after projects have left."""

    def table(self) -> dict[str, T]:
        """Return a new table by project id. Call `note` or `use` for each project that is added."""
        table: dict[str, T] = {}
        self._tables.append(table)
        return table

    def note(self, project_id: str, at_least_bytes: int = PROJECT_BYTES) -> None:
        """Record that a table has data of a project, and their estimated size."""
        with self._lock:
            self._record(project_id, max(at_least_bytes, self._bytes_by_project.get(project_id, 0)))

    def use(self, project_id: str, estimated_bytes: int) -> None:
        """Record that a call uses a project, and its estimated size. Other projects leave if there are too many.

        Call this on the event loop.
        """
        with self._lock:
            self._record(project_id, estimated_bytes)
            evictions = self.evictions
            while self.total_bytes > self._max_bytes and len(self._bytes_by_project) > 1:
                self._evict(next(iter(self._bytes_by_project)))
        if self.evictions > evictions:
            self.after_evictions()

    def resize(self, project_id: str, estimated_bytes: int) -> None:
        """Record the size of a project that has grown since its last use, if it has not left."""
        with self._lock:
            if project_id in self._bytes_by_project:
                self.total_bytes += estimated_bytes - self._bytes_by_project[project_id]
                self._bytes_by_project[project_id] = estimated_bytes

    def _record(self, project_id: str, estimated_bytes: int) -> None:
        self.total_bytes += estimated_bytes - self._bytes_by_project.get(project_id, 0)
        self._bytes_by_project[project_id] = estimated_bytes
        self._bytes_by_project.move_to_end(project_id)

    def _evict(self, project_id: str) -> None:
        self.total_bytes -= self._bytes_by_project.pop(project_id)
        for table in self._tables:
            table.pop(project_id, None)
        self.evictions += 1
