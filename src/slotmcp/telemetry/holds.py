"""What becomes of holds."""

from collections.abc import Sequence
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


def record_hold_events(events: Sequence[HoldEvent]) -> None:
    """Count the changes of holds that a committed write made."""
    for event in set(events):
        HOLDS.labels(event).inc(events.count(event))
