"""Sweep of the waitlists: offers of time that became free by itself, or that a unit of work left to it.

The search runs on committed availability, outside the writer and the event loop. A short transaction checks each start
again before it is offered. Projects take turns, and each turn searches for a bounded number of entries.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.domain.waitlist import OPEN_STATES, WaitlistEntry, WaitlistState
from slotmcp.engine.availability import Availability
from slotmcp.services.unit_of_work import ProjectWriter, UnitOfWork
from slotmcp.services.waitlist_queue import (
    MAX_CHANGES,
    current_entries,
    current_entry,
    offer_time,
    save_entry,
    sort_waiting_entries,
)
from slotmcp.services.waitlist_search import EntrySearch

ENTRIES_PER_TURN: Final = 16
"""Maximum number of entries that one turn of a project searches for."""

_ATTEMPTS: Final = 3
"""Number of times that an entry is searched for in one sweep while other calls take the starts that were found."""


@dataclass(slots=True)
class _Round:
    """Entries of one project that a sweep has still to search for."""

    project_id: str
    before: Availability | None
    """Availability at the last sweep that completed; None: all free time is searched."""
    after: Availability
    """Availability at the start of this round."""
    queue: deque[WaitlistEntry]
    in_full: set[str]
    """Ids of the entries for which all free time is searched."""
    attempts: dict[str, int] = field(default_factory=dict)
    is_complete: bool = True


class WaitlistSweeper:
    """Sweeper of all waitlists. It remembers in memory up to which availability each project was searched."""

    def __init__(self, writer: ProjectWriter) -> None:
        self._writer = writer
        self._store = writer.store
        self._searched: dict[str, Availability] = self._store.project_memory.table()
        self._rotation: dict[str, int] = self._store.project_memory.table()
        self._lock = asyncio.Lock()

    async def sweep(self, *project_ids: str) -> None:
        """Record ended offers and windows, and offer the time that became free since the last sweep.

        Without ids, all projects are swept.

        Raises:
            Unavailable.
        """
        async with self._lock:
            self._writer.postponed.difference_update(project_ids or tuple(self._writer.postponed))
            begun = [await self._begin(project_id) for project_id in project_ids or await self._waiting_projects()]
            turns = deque([each for each in begun if each is not None])
            while turns:
                current = turns.popleft()
                await self._take_turn(current)
                if current.queue:
                    turns.append(current)
                elif current.is_complete:
                    self._searched[current.project_id] = current.after

    async def _waiting_projects(self) -> tuple[str, ...]:
        """Return the projects with open entries.

        Forgets up to which availability the others were searched, so that all free time is searched for a new entry.
        """
        waiting = await self._store.waiting_projects()
        for project_id in self._searched.keys() - set(waiting):
            self._searched.pop(project_id, None)
        return waiting

    async def _begin(self, project_id: str) -> _Round | None:
        """Return the entries to search for; None if there are none, or nothing became free since the last sweep."""
        if not await self._store.waitlist_entries(project_id, *OPEN_STATES):
            self._searched.pop(project_id, None)
            return None
        # The entries are read after the availability: one that joins in between has searched for itself.
        availability = await self._writer.availability_cache.availability(project_id)
        stored = await self._store.waitlist_entries(project_id, *OPEN_STATES)
        entries, returned = await self._settle(project_id, availability, stored)
        queue = sort_waiting_entries(entries)
        in_full = returned | self._next_with_location(availability, queue)
        before = self._searched.get(project_id)
        if not in_full and not EntrySearch(before, availability):
            self._searched[project_id] = availability
            return None
        return _Round(project_id, before, availability, deque(queue), in_full)

    async def _settle(
        self, project_id: str, availability: Availability, stored: Sequence[WaitlistEntry]
    ) -> tuple[list[WaitlistEntry], set[str]]:
        """Record ended offers and windows in batches; return all entries, and the ids of those that wait again."""
        holds = await self._store.holds(project_id, [entry.hold_token for entry in stored if entry.is_offered])
        now_ms, earliest = availability.now_ms, availability.earliest_start
        due = [entry.id for entry in stored if current_entry(entry, holds, now_ms, earliest) != entry]
        settled: dict[str, WaitlistEntry] = {}
        for first in range(0, len(due), MAX_CHANGES):
            record = partial(_record_settled, entry_ids=due[first : first + MAX_CHANGES])
            settled |= await self._writer.write(project_id, record)
        returned = {entry.id for entry in settled.values() if entry.state is WaitlistState.WAITING}
        return [settled.get(entry.id, entry) for entry in stored], returned

    def _next_with_location(self, availability: Availability, queue: Sequence[WaitlistEntry]) -> set[str]:
        """Return the next few entries with a location, in turn, if routed travel times may have changed."""
        ids = [entry.id for entry in queue if entry.location is not None]
        if availability.cached_travel is None or not ids:
            return set()
        project_id = availability.schedule.project.id
        first = self._rotation.get(project_id, 0) % len(ids)
        self._rotation[project_id] = first + ENTRIES_PER_TURN
        return set((ids * 2)[first : first + ENTRIES_PER_TURN])

    async def _take_turn(self, current: _Round) -> None:
        turn = [current.queue.popleft() for _ in range(min(ENTRIES_PER_TURN, len(current.queue)))]
        while turn:
            availability = await self._writer.availability_cache.availability(current.project_id)
            found = await asyncio.to_thread(_find, current, availability.detached(), turn)
            if found is None:
                return
            index, start = found
            entry, turn = turn[index], turn[index + 1 :]
            waiting = await self._writer.write(current.project_id, partial(_offer, entry=entry, start=start))
            if waiting is not None:
                turn = self._try_again(current, waiting) + turn

    def _try_again(self, current: _Round, entry: WaitlistEntry) -> list[WaitlistEntry]:
        """Return an entry whose start was taken by another call, unless that happened too often."""
        attempts = current.attempts[entry.id] = current.attempts.get(entry.id, 0) + 1
        if attempts < _ATTEMPTS:
            return [entry]
        current.is_complete = False
        return []


def _find(current: _Round, availability: Availability, turn: Sequence[WaitlistEntry]) -> tuple[int, Minute] | None:
    """Return the index of the first entry that can use a start, and the start."""
    search = EntrySearch(current.before, availability)
    for index, entry in enumerate(turn):
        start = search.first_start(entry, in_full=entry.id in current.in_full)
        if start is not None:
            return index, start
    return None


async def _offer(unit: UnitOfWork, *, entry: WaitlistEntry, start: Minute) -> WaitlistEntry | None:
    """Offer a start to an entry; return the entry if it still waits, because it changed or the start was taken."""
    stored = await unit.transaction.waitlist_entry(entry.id)
    if stored is None or stored.state is not WaitlistState.WAITING:
        return None
    if stored != entry or not await offer_time(unit, entry, start):
        return stored
    return None


async def _record_settled(unit: UnitOfWork, *, entry_ids: Sequence[str]) -> dict[str, WaitlistEntry]:
    """Record the ended offers and windows of some entries; return the entries as they are now."""
    transaction, earliest = unit.transaction, (await unit.availability()).earliest_start
    stored = [entry for entry_id in entry_ids if (entry := await transaction.waitlist_entry(entry_id))]
    settled = await current_entries(transaction, stored, earliest)
    for entry, earlier in zip(settled, stored, strict=True):
        if entry != earlier:
            await save_entry(transaction, entry)
    return {entry.id: entry for entry in settled}
