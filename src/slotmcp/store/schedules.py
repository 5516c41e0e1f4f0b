"""Loading schedules: completely, or only what changed since a known one."""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import groupby, starmap
from operator import attrgetter, itemgetter
from typing import Final, TypeAlias, TypeGuard, TypeVar

from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import NotFound
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_MINUTE, Minute
from slotmcp.domain.schedule import Schedule, TechnicianSchedule
from slotmcp.store import catalog, claims
from slotmcp.store.columns import BusyRow, ClaimRow
from slotmcp.store.statement import Fetch, RunMany, Statement

T = TypeVar("T")
OwnedRow = TypeVar("OwnedRow", ClaimRow, BusyRow)

REVISIONS_LOGGED: Final = 1000
"""Number of revisions in the change log. If the known schedule is older, everything is read."""

Change: TypeAlias = tuple[str, str]
"""Technician id and claim id of a changed claim.

An empty claim id: the technician and all of their time changed. Both empty: the catalog changed.
"""

CATALOG: Final[Change] = ("", "")

_OWNER: Final = attrgetter("technician_id")
_END: Final = attrgetter("end")

PATCHED_CLAIMS: Final = 8
"""Maximum number of changed claims that are read one by one. Above it, all of the technician's claims are read."""

EXPIRED_HOLD_GRACE_MS: Final = MS_PER_MINUTE
"""Time for which an expired hold stays in a known schedule, in case a clock is set back a little."""

# Read the changes after a revision.
CHANGES_AFTER = Statement("""
SELECT DISTINCT technician_id, claim_id FROM changes WHERE project_id = :project_id AND revision > :revision
""")


def all_of_technician(technician_id: str) -> Change:
    """Return the change that affects a technician and all of their time."""
    return technician_id, ""


def summarize(changes: AbstractSet[Change]) -> set[Change]:
    """Return the changes, with one for each technician of whom more claims changed than are read one by one."""
    counts = Counter(technician_id for technician_id, _ in changes)
    return {
        all_of_technician(technician_id) if counts[technician_id] > PATCHED_CLAIMS else (technician_id, claim_id)
        for technician_id, claim_id in changes
    }


async def no_pause() -> None:
    """Return at once. A read on a thread of its own holds up no task of the event loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Consistent view of one project at one instant."""

    fetch: Fetch
    project_id: str
    now_ms: int
    pause: Callable[[], Awaitable[None]] = no_pause
    """Function that lets other tasks of the event loop run, if the read runs on it."""

    async def collect(self, items: Iterable[T]) -> list[T]:
        """Return items whose computation takes time, with a pause after each."""
        collected: list[T] = []
        for item in items:
            collected.append(item)
            await self.pause()
        return collected

    @property
    def since(self) -> Minute:
        """Start of the schedule, midnight (UTC) two days ago. Claims that end earlier are not read."""
        return (self.now_ms // MS_PER_MINUTE // MINUTES_PER_DAY - 2) * MINUTES_PER_DAY

    def select_current(self, claims: Iterable[Claim]) -> list[Claim]:
        """Return the claims that are neither too old nor expired."""
        since, lived_at = self.since, self.now_ms - EXPIRED_HOLD_GRACE_MS
        return [
            claim
            for claim in claims
            if claim.end >= since and (claim.expires_at_ms is None or claim.expires_at_ms > lived_at)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WritableSnapshot(Snapshot):
    """Snapshot within a transaction that writes."""

    run_many: RunMany


async def project_not_found(snapshot: Snapshot) -> NotFound:
    """Return the error for a project that does not exist, with the most similar ids."""
    ids = [project_id for (project_id,) in await snapshot.fetch(catalog.PROJECT_IDS)]
    return NotFound.among("projectId", "project", snapshot.project_id, ids)


async def read_revision(snapshot: Snapshot) -> int:
    """Return the project's revision.

    Raises:
        NotFound: there is no such project.
    """
    rows = await snapshot.fetch(catalog.REVISION, project_id=snapshot.project_id)
    if not rows:
        raise await project_not_found(snapshot)
    revision: int
    ((revision,),) = rows
    return revision


def is_in_log(known: Schedule | None, revision: int) -> TypeGuard[Schedule]:
    """Return whether the change log has all changes from a known schedule to a revision. Otherwise all is read."""
    return known is not None and revision - REVISIONS_LOGGED <= known.revision <= revision


async def read_schedule(snapshot: Snapshot, known: Schedule | None, revision: int) -> Schedule:
    """Return the schedule at the snapshot's revision; parts that did not change are the known objects.

    Raises:
        NotFound: there is no such project.
    """
    if not is_in_log(known, revision):
        return await _read_all(snapshot, revision)
    if known.revision == revision:
        return known
    changes = await snapshot.fetch(CHANGES_AFTER, project_id=snapshot.project_id, revision=known.revision)
    return await reread(snapshot, known, {(technician_id, claim_id) for technician_id, claim_id in changes}, revision)


async def reread(snapshot: Snapshot, known: Schedule, changes: AbstractSet[Change], revision: int) -> Schedule:
    """Return a known schedule with its changed parts read from the database."""
    claims_by_technician: dict[str, set[str]] = defaultdict(set)
    for technician_id, claim_id in changes - {CATALOG}:
        claims_by_technician[technician_id].add(claim_id)
    schedules = dict(known.technician_schedules)
    for technician_id, claim_ids in claims_by_technician.items():
        read = await _reread_technician(snapshot, technician_id, claim_ids, schedules.get(technician_id))
        if read is not None:
            schedules[technician_id] = read
    if CATALOG not in changes:
        return Schedule(
            project=known.project, services=known.services, technician_schedules=schedules, revision=revision
        )
    order = await snapshot.fetch(catalog.TECHNICIAN_IDS, project_id=snapshot.project_id)
    return Schedule(
        project=await _read_project(snapshot),
        services=await _read_services(snapshot),
        technician_schedules={technician_id: schedules[technician_id] for (technician_id,) in order},
        revision=revision,
    )


def patched(snapshot: Snapshot, known: Schedule, patches: Mapping[Change, Claim | None], revision: int) -> Schedule:
    """Return a known schedule with the claims of some changes replaced; None: the claim takes no time any more.

    Technicians who are not in the schedule are left out, as in the database's answer.
    """
    schedules = dict(known.technician_schedules)
    for (technician_id, claim_id), claim in patches.items():
        if before := schedules.get(technician_id):
            read = () if claim is None else (claim,)
            schedules[technician_id] = _with_claims(snapshot, before, {claim_id}, read)
    return Schedule(project=known.project, services=known.services, technician_schedules=schedules, revision=revision)


def caught_up(
    snapshot: Snapshot, known: Schedule, changes: Mapping[Change, Claim | None], revision: int
) -> Schedule | None:
    """Return a known schedule at a later revision; None if it is too old, or something other than claims changed.

    `changes` are all changes since the known revision. Each has the live claim of its id, which another technician may
    have now.
    """
    schedules = dict(known.technician_schedules)
    if known.revision < revision - REVISIONS_LOGGED or not all(
        claim_id and technician_id in schedules for technician_id, claim_id in changes
    ):
        return None
    for technician_id, group in groupby(sorted(changes), key=itemgetter(0)):
        found = {claim_id: changes[technician_id, claim_id] for _, claim_id in group}
        own = [claim for claim in found.values() if claim is not None and claim.technician_id == technician_id]
        schedules[technician_id] = _with_claims(snapshot, schedules[technician_id], found.keys(), own)
    return Schedule(project=known.project, services=known.services, technician_schedules=schedules, revision=revision)


async def _read_all(snapshot: Snapshot, revision: int) -> Schedule:
    """Read everything. Tens of thousands of claims take long, so there is a pause after each technician's."""
    fetch, project_id = snapshot.fetch, snapshot.project_id
    project = await _read_project(snapshot)
    technician_rows = await fetch(catalog.TECHNICIANS_IN_CATALOG, project_id=project_id)
    technicians = await snapshot.collect(map(catalog.technician_of, technician_rows))
    claim_rows = starmap(ClaimRow, await fetch(claims.LIVE_CLAIMS, project_id=project_id, since=snapshot.since))
    claims_by_owner = dict(await snapshot.collect(_by_owner(claim_rows, claims.claim_of)))
    busy_rows = starmap(BusyRow, await fetch(claims.BUSY, project_id=project_id))
    busy_by_owner = dict(await snapshot.collect(_by_owner(busy_rows, claims.busy_of)))
    return Schedule(
        project=project,
        services=await _read_services(snapshot),
        technician_schedules={
            technician.id: TechnicianSchedule(
                technician=technician,
                claims=claims_by_owner.get(technician.id, ()),
                busy=busy_by_owner.get(technician.id, ()),
            )
            for technician in technicians
        },
        revision=revision,
    )


def _by_owner(rows: Iterable[OwnedRow], read: Callable[[OwnedRow], T]) -> Iterator[tuple[str, tuple[T, ...]]]:
    """Yield each technician's id with what their rows hold. The rows are in the order of the technicians."""
    for owner, own_rows in groupby(rows, key=_OWNER):
        yield owner, tuple(map(read, own_rows))


async def _read_project(snapshot: Snapshot) -> Project:
    rows = await snapshot.fetch(catalog.PROJECT, project_id=snapshot.project_id)
    if not rows:
        raise await project_not_found(snapshot)
    return catalog.project_of(rows[0])


async def _read_services(snapshot: Snapshot) -> Mapping[str, ServiceType]:
    rows = await snapshot.fetch(catalog.SERVICES_IN_CATALOG, project_id=snapshot.project_id)
    return {service.id: service for service in map(catalog.service_of, rows)}


async def _reread_technician(
    snapshot: Snapshot, technician_id: str, claim_ids: AbstractSet[str], known: TechnicianSchedule | None
) -> TechnicianSchedule | None:
    if known is None or len(claim_ids) > PATCHED_CLAIMS or not all(claim_ids):
        return await _read_technician(snapshot, technician_id, known)
    read: list[Claim] = []
    for claim_id in claim_ids:
        rows = await snapshot.fetch(
            claims.CLAIM_OF_TECHNICIAN,
            project_id=snapshot.project_id,
            technician_id=technician_id,
            claim_id=claim_id,
            since=snapshot.since,
        )
        read.extend(map(claims.claim_of, starmap(ClaimRow, rows)))
    return _with_claims(snapshot, known, claim_ids, read)


def _with_claims(
    snapshot: Snapshot, known: TechnicianSchedule, claim_ids: AbstractSet[str], read: Iterable[Claim]
) -> TechnicianSchedule:
    """Return a technician's schedule in which the claims with some ids are replaced by those that were read."""
    current = [claim for claim in snapshot.select_current(known.claims) if claim.id not in claim_ids]
    for claim in read:
        if claim.end >= snapshot.since:
            insort(current, claim, key=_END)
    return TechnicianSchedule(technician=known.technician, claims=tuple(current), busy=known.busy)


async def _read_technician(
    snapshot: Snapshot, technician_id: str, known: TechnicianSchedule | None
) -> TechnicianSchedule | None:
    key = {"project_id": snapshot.project_id, "technician_id": technician_id}
    rows = await snapshot.fetch(catalog.TECHNICIAN, **key)
    if not rows:
        return None
    technician = catalog.technician_of(rows[0])
    if known is not None and known.technician == technician:
        technician = known.technician  # the same object, so that caches of its hours find it without comparing fields
    claim_rows = await snapshot.fetch(claims.CLAIMS_OF_TECHNICIAN, since=snapshot.since, **key)
    busy_rows = await snapshot.fetch(claims.BUSY_OF_TECHNICIAN, **key)
    return TechnicianSchedule(
        technician=technician,
        claims=tuple(map(claims.claim_of, starmap(ClaimRow, claim_rows))),
        busy=tuple(map(claims.busy_of, starmap(BusyRow, busy_rows))),
    )
