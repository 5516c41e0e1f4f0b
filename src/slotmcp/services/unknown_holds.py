"""Errors about tokens that no hold has."""

from collections.abc import Sequence

from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import UnknownHold
from slotmcp.domain.offer import Offer
from slotmcp.engine.availability import Availability


def unknown_hold(availability: Availability, own: Sequence[Claim] = ()) -> UnknownHold:
    """Return the error for an unknown token; it names the starts of the caller's live holds."""
    project = availability.schedule.project
    context = Offer(project=project, timezone=project.timezone, slots=(), now_ms=availability.now_ms)
    return UnknownHold(
        "No hold has this token. Pass the holdToken exactly as create_hold returned it.",
        alternatives=context,
        own_starts=sorted(hold.appointment[0] for hold in own),
    )
