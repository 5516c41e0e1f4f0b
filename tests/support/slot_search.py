"""All slots of a range, found as get_slots finds them: starts first, then their slots."""

from slotmcp.domain.interval import Minute
from slotmcp.domain.offer import Slot
from slotmcp.engine.availability import Availability
from slotmcp.engine.need import Need
from slotmcp.engine.slots import list_starts, slots_at


def find_slots(
    availability: Availability, need: Need, start_from: Minute, start_to: Minute, *, best: int | None = None
) -> list[Slot]:
    """Return every free slot that starts in [start_from, start_to), in order of time."""
    return slots_at(availability, need, list_starts(availability, need, start_from, start_to), best=best)
