"""Reading books: whole, or only what changed since one that is known."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.store import statements
from slotmcp.store.catalog_rows import project_of, service_of, technician_of
from slotmcp.store.claim_rows import busy_of, claim_of
from slotmcp.store.fetching import Fetch
from slotmcp.store.rows import Row

REVISIONS_LOGGED = 1000
"""Whoever knows an older book than this many revisions ago reads everything."""

Change: TypeAlias = tuple[str, str]
"""A claim of a technician's diary, by their ids. Without a claim: all of that diary. Without both: the catalog."""

CATALOG: Change = ("", "")

PATCHED_CLAIMS = 8
"""A diary of which more claims changed is read as a whole."""

FORGOTTEN_AFTER_MS = MS_PER_MINUTE
"""A hold stays in a known diary until it expired this long ago: a clock may be set back a little."""


def technician_schedule(technician_id: str) -> Change:
    """All of a technician's diary, and the technician."""
    return technician_id, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One consistent view of the database, and what of it is asked for: one project, as of one now."""

    fetch: Fetch
    project_id: str
    now_ms: int

    @property
    def since(self) -> Minute:
        """Claims that end earlier are history: the midnight (UTC) two days before today's."""
        return (self.now_ms // MS_PER_MINUTE // MINUTES_PER_DAY - 2) * MINUTES_PER_DAY

    def still_of_interest(self, claims: Iterable[Claim]) -> list[Claim]:
        """Those of claims that were read earlier that still belong into a diary."""
        since, lived_at = self.since, self.now_ms - FORGOTTEN_AFTER_MS
        return [claim for claim in claims if claim.end >= since and claim.is_live(lived_at)]


async def no_project(snapshot: Snapshot) -> NotFound:
    """The error for a project that is not there; it lists those most like it."""
    ids = [row[0] for row in await snapshot.fetch(statements.PROJECT_IDS)]
    return NotFound.among("projectId", "project", snapshot.project_id, ids)


async def read_revision(snapshot: Snapshot) -> int:
    """The project's revision.

    Raises:
        NotFound: there is no such project.
    """
    rows = await snapshot.fetch(statements.REVISION, project=snapshot.project_id)
    if not rows:
        raise await no_project(snapshot)
    revision: int = rows[0][0]
    return revision


async def read_book(snapshot: Snapshot, known: Schedule | None, revision: int) -> Schedule:
    """The book as the snapshot sees it, at its revision; what did not change since the known one is the same.

    Raises:
        NotFound: there is no such project.
    """
    if known is None or not revision - REVISIONS_LOGGED <= known.revision <= revision:
        return await _read_all(snapshot, revision)
    if known.revision == revision:
        return known
    changes = await snapshot.fetch(statements.CHANGES, project=snapshot.project_id, revision=known.revision)
    return await reread(snapshot, known, {(technician, claim) for technician, claim in changes}, revision)


async def reread(snapshot: Snapshot, known: Schedule, changes: AbstractSet[Change], revision: int) -> Schedule:
    """A known book with what changed read anew."""
    claims_by_technician: dict[str, set[str]] = defaultdict(set)
    for technician_id, claim_id in changes - {CATALOG}:
        claims_by_technician[technician_id].add(claim_id)
    technician_schedules = dict(known.technician_schedules)
    for technician_id, claim_ids in claims_by_technician.items():
        read = await _reread_diary(snapshot, technician_id, claim_ids, known.technician_schedules.get(technician_id))
        if read is not None:
            technician_schedules[technician_id] = read
    if CATALOG not in changes:
        return Schedule(
            project=known.project, services=known.services, technician_schedules=technician_schedules, revision=revision
        )
    order = await snapshot.fetch(statements.TECHNICIAN_IDS, project=snapshot.project_id)
    return Schedule(
        project=await _read_project(snapshot),
        services=await _read_services(snapshot),
        technician_schedules={technician_id: technician_schedules[technician_id] for (technician_id,) in order},
        revision=revision,
    )


async def _read_all(snapshot: Snapshot, revision: int) -> Schedule:
    fetch, project = snapshot.fetch, snapshot.project_id
    rules = await _read_project(snapshot)
    technicians = [technician_of(row) for row in await fetch(statements.TECHNICIANS, project=project)]
    claims = _by_technician(await fetch(statements.CLAIMS, project=project, since=snapshot.since))
    busy = _by_technician(await fetch(statements.BUSY, project=project))
    return Schedule(
        project=rules,
        services=await _read_services(snapshot),
        technician_schedules={one.id: _diary(one, claims.get(one.id, ()), busy.get(one.id, ())) for one in technicians},
        revision=revision,
    )


async def _read_project(snapshot: Snapshot) -> Project:
    rows = await snapshot.fetch(statements.PROJECT, project=snapshot.project_id)
    if not rows:
        raise await no_project(snapshot)
    return project_of(rows[0])


async def _read_services(snapshot: Snapshot) -> Mapping[str, ServiceType]:
    rows = await snapshot.fetch(statements.SERVICES, project=snapshot.project_id)
    return {row[0]: service_of(row) for row in rows}


async def _reread_diary(
    snapshot: Snapshot, technician_id: str, claim_ids: AbstractSet[str], known: TechnicianSchedule | None
) -> TechnicianSchedule | None:
    if known is None or len(claim_ids) > PATCHED_CLAIMS or not all(claim_ids):
        return await _read_diary(snapshot, technician_id, known)
    fetch, project = snapshot.fetch, snapshot.project_id
    claims = [claim for claim in snapshot.still_of_interest(known.claims) if claim.id not in claim_ids]
    for claim_id in claim_ids:
        rows = await fetch(
            statements.CLAIM_OF_TECHNICIAN,
            project=project,
            technician=technician_id,
            claim=claim_id,
            since=snapshot.since,
        )
        claims.extend(map(claim_of, rows))
    return replace(known, claims=tuple(sorted(claims, key=attrgetter("end"))))


async def _read_diary(
    snapshot: Snapshot, technician_id: str, known: TechnicianSchedule | None
) -> TechnicianSchedule | None:
    which = {"project": snapshot.project_id, "technician": technician_id}
    rows = await snapshot.fetch(statements.TECHNICIAN, **which)
    if not rows:
        return None
    technician = technician_of(rows[0])
    if known is not None and known.technician == technician:
        technician = known.technician  # the same object: what was made of its hours can be used again
    claims = await snapshot.fetch(statements.CLAIMS_OF_TECHNICIAN, since=snapshot.since, **which)
    busy = await snapshot.fetch(statements.BUSY_OF_TECHNICIAN, **which)
    return _diary(technician, claims, busy)


def _diary(technician: Technician, claims: Iterable[Row], busy: Iterable[Row]) -> TechnicianSchedule:
    return TechnicianSchedule(
        technician=technician, claims=tuple(map(claim_of, claims)), busy=tuple(map(busy_of, busy))
    )


def _by_technician(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows that come technician by technician, under the id that each begins with."""
    return {technician_id: list(group) for technician_id, group in groupby(rows, key=lambda row: row[0])}
