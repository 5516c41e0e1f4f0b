"""Writing the catalog: only what differs from what is there is written, and told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from slotmcp.domain.catalog import ServiceType, Technician
from slotmcp.store import statements
from slotmcp.store.catalog_rows import service_of, service_values, technician_of, technician_values
from slotmcp.store.reading import Snapshot
from slotmcp.store.rows import Row

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


async def save(snapshot: Snapshot, part: Part[Thing], things: Sequence[Thing]) -> tuple[list[Thing], bool]:
    """Insert or replace things, and put all into this order, others after them.

    Returns those that were not there before as they are now, and whether the order changed.
    """
    fetch, project = snapshot.fetch, snapshot.project_id
    current = {one.id: one for one in map(part.of_row, await fetch(part.read, project=project))}
    wanted = {one.id: one for one in things}
    order = {thing_id: position for position, thing_id in enumerate({**wanted, **current})}
    saved = [one for one in wanted.values() if current.get(one.id) != one]
    for one in saved:
        await fetch(part.save, project=project, position=order[one.id], **part.values(one))
    moved = list(order) != list(current)
    if moved:
        for thing_id, position in order.items():
            await fetch(part.place, project=project, id=thing_id, position=position)
    return saved, moved
