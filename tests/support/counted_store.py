"""Store that counts its reads of revisions and schedules, and its writes."""

from collections import Counter
from typing import TypeVar

from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Head, Store, Unit
from support.wrapped_store import WrappedStore

T = TypeVar("T")


class CountedStore(WrappedStore):
    """Store that counts the calls of these methods."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.calls: Counter[str] = Counter()

    async def only_head(self) -> tuple[str, Head]:
        self.calls["only_head"] += 1
        return await super().only_head()

    async def head(self, project_id: str) -> Head:
        self.calls["head"] += 1
        return await super().head(project_id)

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        self.calls["schedule"] += 1
        return await super().schedule(project_id, known)

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        self.calls["write"] += 1
        return await super().write(project_id, unit, create=create)
