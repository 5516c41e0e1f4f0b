"""Customers: erasure of their personal data, everywhere that this program stores it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.catalog import Project
from slotmcp.domain.erasure import CleanupReport, Erasure, missing_erasures
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.waitlist import OPEN_STATES, WaitlistEntry
from slotmcp.ports import Store
from slotmcp.ports.erasures import DatabaseCopies, ErasureList
from slotmcp.services.contacts import possible_references
from slotmcp.services.revalidation import revalidate_claims
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import leave_waitlist

SNAPSHOTS_CLEANED: Final = "snapshots in Redis"
SNAPSHOTS_REMAINING: Final = "snapshots in Redis, which is unavailable: they expire within an hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPlaces:
    """Places outside of the store's database that an erasure reaches."""

    erasure_list: ErasureList | None = None
    copies: DatabaseCopies | None = None
    drop_snapshots: Callable[[str], Awaitable[bool]] | None = None
    """Deletes the shared schedules of a project; returns False if they could not be deleted."""


NO_OTHER_PLACES: Final = OtherPlaces()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetAnswer:
    """Result of an erasure."""

    project: Project
    erased: int
    """Number of bookings and waitlist entries. Holds that were not booked are not counted."""
    places: CleanupReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayAnswer:
    """Result of applying listed erasures to a database that was restored."""

    applied: int
    """Number of erasures that the database did not have."""
    erased: int
    """Number of bookings and waitlist entries."""
    places: CleanupReport


class CustomerService:
    """Use cases of customers."""

    def __init__(self, writer: ProjectWriter, places: OtherPlaces = NO_OTHER_PLACES) -> None:
        self._writer = writer
        self._places = places

    @property
    def _store(self) -> Store:
        return self._writer.store

    async def forget(self, project_id: str | None, reference: str, *, is_thorough: bool = False) -> ForgetAnswer:
        """Erase a customer from all bookings, holds, waitlist entries and traces. Times and technicians stay.

        The reference is a phone number in any notation, an email address, or the customerHash of an agent. Only its
        keyed hashes are stored, so that the erasure can be applied to a backup. If the waitlist offers the customer a
        time, it is offered to the next entry.

        Raises:
            InvalidArgument, NotFound (no such project), Unavailable, FixSetup (the list of erasures cannot be written).
        """
        if not reference.strip():
            raise InvalidArgument("reference", "give a phone number, an e-mail address or a customerHash.")
        resolved_id = await self._writer.availability_cache.project_id(project_id)
        erasures = await self._erasures_of(resolved_id, reference)
        if self._places.erasure_list is not None:
            await self._places.erasure_list.add(erasures)
        project, erased = await self._erase(resolved_id, erasures)
        places = await self._clean_up([resolved_id], erasures, is_thorough=is_thorough)
        return ForgetAnswer(project=project, erased=erased, places=places)

    async def replay(self, listed: Sequence[Erasure], *, is_thorough: bool = False) -> ReplayAnswer:
        """Apply the listed erasures that the database does not have, because it was restored from a backup.

        Erasures of unknown projects are ignored.

        Raises:
            Unavailable.
        """
        applied, erased, changed = 0, 0, list[str]()
        for project_id in await self._store.project_ids():
            own = [erasure for erasure in listed if erasure.project_id == project_id]
            missing = missing_erasures(own, await self._store.erasures(project_id))
            if missing:
                _, count = await self._erase(project_id, missing)
                applied, erased = applied + len(missing), erased + count
                changed.append(project_id)
        places = await self._clean_up(changed, (), is_thorough=is_thorough) if changed else CleanupReport()
        return ReplayAnswer(applied=applied, erased=erased, places=places)

    async def _erasures_of(self, project_id: str, reference: str) -> tuple[Erasure, ...]:
        project = (await self._writer.availability_cache.availability(project_id)).schedule.project
        pseudonym, at_ms = await self._store.pseudonyms(project_id), await self._store.now_ms()
        references = possible_references(reference, project)
        return tuple(Erasure(project_id=project_id, key=pseudonym(text), at_ms=at_ms) for text in references)

    async def _erase(self, project_id: str, erasures: Sequence[Erasure]) -> tuple[Project, int]:
        """Erase customers from the database in one transaction, and log the erasures there."""
        keys = [erasure.key for erasure in erasures]

        async def work(unit: UnitOfWork) -> tuple[Project, int]:
            transaction, before = unit.transaction, await unit.availability()
            entries = [
                entry
                for entry in await transaction.waitlist_entries(*OPEN_STATES)
                if not _keys_of(entry).isdisjoint(keys)
            ]
            await leave_waitlist(unit, entries)
            erased = sum([await transaction.erase_customer(key) for key in keys])
            for erasure in erasures:
                await transaction.add_erasure(erasure)
            await revalidate_claims(unit, before)  # without locations, drives no longer count
            return before.schedule.project, erased

        return await self._writer.write(project_id, work)

    async def _clean_up(
        self, project_ids: Sequence[str], erasures: Sequence[Erasure], *, is_thorough: bool
    ) -> CleanupReport:
        reports = [await self._store.clean_up(is_thorough=is_thorough)]
        if self._places.copies is not None and erasures:
            reports.append(await self._places.copies.erase(erasures))
        if self._places.drop_snapshots is not None:
            are_dropped = [await self._places.drop_snapshots(project_id) for project_id in project_ids]
            reports.append(
                CleanupReport(cleaned=(SNAPSHOTS_CLEANED,))
                if all(are_dropped)
                else CleanupReport(remaining=(SNAPSHOTS_REMAINING,))
            )
        return CleanupReport.merged(reports)


def _keys_of(entry: WaitlistEntry) -> set[str]:
    return {entry.customer_pseudonym, *entry.contact_keys}
