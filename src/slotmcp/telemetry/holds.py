"""What becomes of holds."""

from collections.abc import Mapping
from enum import StrEnum

from slotmcp.telemetry.declared import HOLDS


class HoldEvent(StrEnum):
    """What happens to a hold."""

    CREATED = "created"
    """For a caller, or for somebody on the waitlist."""
    MOVED = "moved"
    """To another technician, to make room."""
    EXPIRED = "expired"
    """Its time ran out; seen when its project is next written to."""
    REVIVED = "revived"
    """Booked after it had expired."""
    RELEASED = "released"
    """Given back; or a booking was moved to its time."""
    WITHDRAWN = "withdrawn"
    """Nobody was left who could serve it."""
    BOOKED = "booked"


for _event in HoldEvent:
    HOLDS.labels(_event)


def holds_changed(counts: Mapping[HoldEvent, int]) -> None:
    """What happened to holds in something that is committed."""
    for event, count in counts.items():
        HOLDS.labels(event).inc(count)
