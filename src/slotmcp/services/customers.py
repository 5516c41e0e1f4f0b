"""Customers: what is known of them, and that it is erased at their wish."""

from dataclasses import dataclass

from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.waitlist import WaitlistEntry
from slotmcp.ports import Ids, Store, Transaction
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.contacts import readings_of
from slotmcp.services.unit_of_work import UnitOfWork
from slotmcp.services.waitlist_queue import OPEN, leave_waitlist


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetAnswer:
    """From how much a customer was erased."""

    project: Project
    erased: int
    """Bookings and waits; holds that came to nothing are not counted."""


class CustomerService:
    """Forgets."""

    def __init__(self, *, store: Store, availability_cache: AvailabilityCache, ids: Ids) -> None:
        self._store = store
        self._availability_cache = availability_cache
        self._ids = ids

    async def forget(self, project_id: str | None, reference: str) -> ForgetAnswer:
        """Erase a customer from every booking, hold and wait; the times, technicians and services stay.

        The reference is a phone number in any notation, an e-mail address, or what an agent gave as customerHash. It
        is neither kept nor told. A time that the waitlist keeps for them goes to the next at once.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        if not reference.strip():
            raise InvalidArgument("reference", "give a phone number, an e-mail address or a customerHash.")

        async def unit(transaction: Transaction) -> ForgetAnswer:
            project = (await transaction.schedule()).project
            keys = [transaction.pseudonym(text) for text in readings_of(reference, project)]
            theirs = [wait for wait in await transaction.waits(*OPEN) if not _known_by(wait).isdisjoint(keys)]
            await leave_waitlist(UnitOfWork(transaction, self._availability_cache, self._ids), theirs)
            return ForgetAnswer(project=project, erased=sum([await transaction.forget(key) for key in keys]))

        return await self._store.write(await self._availability_cache.project_id(project_id), unit)


def _known_by(wait: WaitlistEntry) -> set[str]:
    return {wait.customer_pseudonym, *wait.contact_keys}
