"""Reading books: whole, or only what changed since one that is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from slotmcp.domain.book import Book, Diary
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.store import statements
from slotmcp.store.fetching import Fetch
from slotmcp.store.mapping import Row, busy_of, claim_of, project_of, service_of, technician_of

REVISIONS_LOGGED = 1000
"""Whoever knows an older book than this many revisions ago reads everything."""

CATALOG = 0
"""In the change log's place for a technician's number: the catalog changed."""


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


async def read_book(snapshot: Snapshot, known: Book | None, revision: int) -> Book:
    """The book as the snapshot sees it, at its revision; what did not change since the known one is the same.

    Raises:
        NotFound: there is no such project.
    """
    if known is None or not revision - REVISIONS_LOGGED <= known.revision <= revision:
        return await _read_all(snapshot, revision)
    if known.revision == revision:
        return known
    rows = await snapshot.fetch(statements.CHANGES, project=snapshot.project_id, revision=known.revision)
    return await reread(snapshot, known, {row[0] for row in rows}, revision)


async def reread(snapshot: Snapshot, known: Book, changed: Iterable[int], revision: int) -> Book:
    """A known book with these diaries read anew, by technician number; `CATALOG` among them means the catalog too."""
    numbers = set(changed)
    catalog_changed = CATALOG in numbers
    numbers.discard(CATALOG)
    read = [await _read_diary(snapshot, number, known) for number in sorted(numbers)]
    diaries = {**known.diaries, **{diary.technician.id: diary for diary in read if diary}}
    if not catalog_changed:
        return Book(project=known.project, services=known.services, diaries=diaries, revision=revision)
    order = await snapshot.fetch(statements.TECHNICIAN_IDS, project=snapshot.project_id)
    return Book(
        project=await _read_project(snapshot),
        services=await _read_services(snapshot),
        diaries={technician_id: diaries[technician_id] for (technician_id,) in order},
        revision=revision,
    )


async def _read_all(snapshot: Snapshot, revision: int) -> Book:
    fetch, project = snapshot.fetch, snapshot.project_id
    rules = await _read_project(snapshot)
    technicians = [technician_of(row) for row in await fetch(statements.TECHNICIANS, project=project)]
    claims = _by_technician(await fetch(statements.CLAIMS, project=project, since=snapshot.since))
    busy = _by_technician(await fetch(statements.BUSY, project=project))
    return Book(
        project=rules,
        services=await _read_services(snapshot),
        diaries={one.id: _diary(one, claims.get(one.id, ()), busy.get(one.id, ())) for one in technicians},
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


async def _read_diary(snapshot: Snapshot, number: int, known: Book) -> Diary | None:
    technicians = await snapshot.fetch(statements.TECHNICIAN, number=number)
    if not technicians:
        return None
    claims = await snapshot.fetch(statements.CLAIMS_OF_TECHNICIAN, number=number, since=snapshot.since)
    busy = await snapshot.fetch(statements.BUSY_OF_TECHNICIAN, number=number)
    return _diary(_technician(technicians[0], known), claims, busy)


def _technician(row: Row, known: Book) -> Technician:
    """The known object where it says the same, so that what was made of its hours can be used again."""
    technician = technician_of(row)
    before = known.diaries.get(technician.id)
    return before.technician if before is not None and before.technician == technician else technician


def _diary(technician: Technician, claims: Iterable[Row], busy: Iterable[Row]) -> Diary:
    return Diary(technician=technician, claims=tuple(map(claim_of, claims)), busy=tuple(map(busy_of, busy)))


def _by_technician(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows that come technician by technician, under the id that each begins with."""
    return {technician_id: list(group) for technician_id, group in groupby(rows, key=lambda row: row[0])}
