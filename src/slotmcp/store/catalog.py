"""Writing the catalog: only what differs from what is there is written, and told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.store import statements
from slotmcp.store.mapping import Row, service_of, service_values, technician_of, technician_values
from slotmcp.store.reading import Snapshot

Thing = TypeVar("Thing", ServiceType, Technician)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[Thing]):
    """One part of the catalog, and how it is kept in order."""

    read: str
    save: str
    place: str
    of_row: Callable[[Row], Thing]
    values: Callable[[Thing], Mapping[str, object]]


SERVICES = Part(
    read=statements.SERVICES,
    save=statements.SAVE_SERVICE,
    place=statements.PLACE_SERVICE,
    of_row=service_of,
    values=service_values,
)
TECHNICIANS = Part(
    read=statements.TECHNICIANS,
    save=statements.SAVE_TECHNICIAN,
    place=statements.PLACE_TECHNICIAN,
    of_row=technician_of,
    values=technician_values,
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving came to: whether anything is different now, and the rows that its statements returned."""

    changed: bool
    rows: Sequence[Row]


async def save(snapshot: Snapshot, part: Part[Thing], things: Sequence[Thing]) -> Saved:
    """Insert or replace things, and put all into this order, others after them."""
    fetch, project = snapshot.fetch, snapshot.project_id
    current = {one.id: one for one in map(part.of_row, await fetch(part.read, project=project))}
    wanted = {one.id: one for one in things}
    order = {thing_id: position for position, thing_id in enumerate({**wanted, **current})}
    differing = [one for one in wanted.values() if current.get(one.id) != one]
    rows: list[Row] = []
    for one in differing:
        rows.extend(await fetch(part.save, project=project, position=order[one.id], **part.values(one)))
    moved = list(order) != list(current)
    if moved:
        for thing_id, position in order.items():
            await fetch(part.place, project=project, id=thing_id, position=position)
    return Saved(changed=moved or bool(differing), rows=rows)
