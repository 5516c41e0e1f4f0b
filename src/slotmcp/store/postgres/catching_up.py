"""State of a project, read in one round trip together with what has changed since the known schedule."""

import time
from collections.abc import Iterable
from dataclasses import replace

from slotmcp.domain.claim import Claim
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Clock
from slotmcp.store.claims import claim_of
from slotmcp.store.columns import ClaimRow
from slotmcp.store.postgres.draft import ReadKey
from slotmcp.store.postgres.known_projects import KnownProject
from slotmcp.store.postgres.link import Link
from slotmcp.store.postgres.lookups import read_all
from slotmcp.store.postgres.statements import CHANGED_CLAIMS, STATE
from slotmcp.store.project_state import ProjectState
from slotmcp.store.schedules import Change, Snapshot, caught_up
from slotmcp.store.schema_guard import check_schema
from slotmcp.store.statement import Row


async def read_known(
    link: Link, project_id: str, schedule: Schedule | None, *, clock: Clock | None
) -> KnownProject | None:
    """Return the state of a project, or None if there is no such project.

    `schedule` is the newest schedule that this process has read. The state contains it, brought up to date if possible.

    Raises:
        Fault: the database failed.
        Unavailable: the database has another schema.
    """
    state_key = ReadKey.of(STATE, {"project_id": project_id})
    keys = [state_key, *([_changes_key(project_id, schedule)] if schedule else [])]
    version, found = await read_all(link, project_id, keys)
    if not version:
        return None
    ((*columns, clock_ms, schema),) = found[state_key]
    check_schema(schema)
    state = ProjectState.of(tuple(columns), schedule)
    if state.schedule is not None and not state.has_current_schedule:
        now_ms = clock_ms if clock is None else clock.now_ms()
        snapshot = Snapshot(fetch=link.fetch, project_id=project_id, now_ms=now_ms)
        changes = _changes(found[_changes_key(project_id, state.schedule)])
        state = replace(state, schedule=caught_up(snapshot, state.schedule, changes, state.revision) or state.schedule)
    return KnownProject(state=state, version=version, clock_ms=clock_ms, read_at=time.monotonic())


def _changes_key(project_id: str, schedule: Schedule) -> ReadKey:
    return ReadKey.of(CHANGED_CLAIMS, {"project_id": project_id, "revision": schedule.revision})


def _changes(rows: Iterable[Row]) -> dict[Change, Claim | None]:
    return {
        (owner, claim_id): None if columns[0] is None else claim_of(ClaimRow(*columns))
        for owner, claim_id, *columns in rows
    }
