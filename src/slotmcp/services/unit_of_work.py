"""Unit of work: one transaction on a project, with what its use case needs to decide and to write."""

from dataclasses import dataclass

from slotmcp.engine.availability import Availability
from slotmcp.ports import Ids, Transaction
from slotmcp.services.availability_cache import AvailabilityCache


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """One transaction, the cache that indexes its schedule, and a source of new ids."""

    transaction: Transaction
    availability_cache: AvailabilityCache
    ids: Ids

    async def availability(self) -> Availability:
        """Return the availability as the transaction sees it, with its own writes."""
        return await self.availability_cache.locked(self.transaction)
