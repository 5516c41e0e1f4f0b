"""Customers: erasure of their personal data."""

from dataclasses import dataclass

from slotmcp.domain.catalog import Project
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.waitlist import WaitlistEntry
from slotmcp.services.contacts import possible_references
from slotmcp.services.revalidation import revalidate_claims
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import OPEN, leave_waitlist


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetAnswer:
    """Result of an erasure."""

    project: Project
    erased: int
    """Number of bookings and waitlist entries. Holds that were not booked are not counted."""


class CustomerService:
    """Use cases of customers."""

    def __init__(self, writer: ProjectWriter) -> None:
        self._writer = writer

    async def forget(self, project_id: str | None, reference: str) -> ForgetAnswer:
        """Erase a customer from all bookings, holds and waitlist entries. Their times, technicians and services stay.

        The reference is a phone number in any notation, an email address, or the customerHash of an agent. It is
        neither stored nor logged. If the waitlist offers the customer a time, it is offered to the next entry.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable.
        """
        if not reference.strip():
            raise InvalidArgument("reference", "give a phone number, an e-mail address or a customerHash.")

        async def work(unit: UnitOfWork) -> ForgetAnswer:
            transaction, before = unit.transaction, await unit.availability()
            project = before.schedule.project
            keys = [transaction.pseudonym(text) for text in possible_references(reference, project)]
            entries = [
                entry for entry in await transaction.waitlist_entries(*OPEN) if not _keys_of(entry).isdisjoint(keys)
            ]
            await leave_waitlist(unit, entries)
            erased = sum([await transaction.erase_customer(key) for key in keys])
            await revalidate_claims(unit, before)  # without locations, drives no longer count
            return ForgetAnswer(project=project, erased=erased)

        return await self._writer.write(await self._writer.availability_cache.project_id(project_id), work)


def _keys_of(entry: WaitlistEntry) -> set[str]:
    return {entry.customer_pseudonym, *entry.contact_keys}
