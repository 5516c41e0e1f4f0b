"""Unit of work: one transaction on a project, with the availability and the source of ids that it uses."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from slotmcp.engine.availability import Availability
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.services.alternatives import LostSlot, refusal
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.concurrency import Notifier
from slotmcp.services.tracing import current_trace

T = TypeVar("T")


@dataclass(slots=True)
class UnitOfWork:
    """One transaction, the cache that indexes its schedule, and a source of new ids."""

    transaction: Transaction
    availability_cache: AvailabilityCache
    ids: Ids
    is_postponed: bool = False
    """True if work for the waitlist was left to the sweep."""

    async def availability(self) -> Availability:
        """Return the availability with the writes of the transaction."""
        return await self.availability_cache.locked(self.transaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectWriter:
    """Runner of units of work, each under its project's lock."""

    store: Store
    availability_cache: AvailabilityCache
    ids: Ids
    postponed: set[str] = field(default_factory=set)
    """Projects whose waitlist needs a sweep. The sweep removes them."""
    notifier: Notifier = field(default_factory=Notifier)
    """Notified when a project is added to `postponed`."""

    async def write(self, project_id: str, work: Callable[[UnitOfWork], Awaitable[T]], *, create: bool = False) -> T:
        """Run a unit of work and commit it durably. With `create` the project may be new, as in `Store.write`.

        The alternatives to a lost slot are searched after the lock is released.

        Raises:
            SlotUnavailable, HoldExpired: the work raised LostSlot; the error has the nearest bookable starts.
            NotFound, Unavailable.
        """
        units: list[UnitOfWork] = []

        def run(transaction: Transaction) -> Awaitable[T]:
            if builder := current_trace():
                builder.moved_holds = 0  # of an earlier run that the store did not commit
            units.append(UnitOfWork(transaction, self.availability_cache, self.ids))
            return work(units[-1])

        try:
            result = await self.store.write(project_id, run, create=create)
        except LostSlot as lost:
            raise refusal(await self.availability_cache.availability(project_id), lost) from None
        if units[-1].is_postponed:
            self.postponed.add(project_id)
            self.notifier.notify()
        return result
