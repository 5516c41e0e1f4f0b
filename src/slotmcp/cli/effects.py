"""Effects of an import on bookings and holds, as lines for the operator."""

from collections.abc import Iterator

from slotmcp.cli.common import plural, start_label
from slotmcp.domain.catalog import Project
from slotmcp.services.attention import AffectedBooking
from slotmcp.services.imports import ImportEffects, ImportReport
from slotmcp.tools.speech.attention import say_attention
from slotmcp.tools.speech.locales import SOURCE
from slotmcp.tools.speech.voice import voice_of


def describe_effects(report: ImportReport, project: Project) -> Iterator[str]:
    """Yield the lines about bookings that no longer fit, about those that fit again, and about holds."""
    effects = report.effects
    if effects.marked:
        yield f"Needs attention: {_count(effects.marked)} not fit any more. None was moved or canceled:"
        yield from (f"  {_describe(affected, project, effects)}" for affected in effects.listed)
        if left := effects.marked - len(effects.listed):
            yield f"  and {left} more"
        yield "Move or cancel each one on the dashboard, or with reschedule_booking or cancel_booking."
    if effects.cleared:
        yield f"Fits again: {plural(effects.cleared, 'booking')}."
    if effects.holds_moved:
        yield f"Moved to another technician: {plural(effects.holds_moved, 'hold')}."
    if effects.holds_withdrawn:
        yield f"Withdrawn, because no technician can come: {plural(effects.holds_withdrawn, 'hold')}."


def _count(bookings: int) -> str:
    return f"{plural(bookings, 'booking')} {'does' if bookings == 1 else 'do'}"


def _describe(affected: AffectedBooking, project: Project, effects: ImportEffects) -> str:
    found = affected.found
    start = start_label(project, found.booking.claim.start, effects.now_ms)
    names = ", ".join(technician.name for technician in affected.able)
    parts = (
        f"{found.booking.id}: {found.service.name}, {start}, with {found.technician.name}.",
        say_attention(found.booking.attention, voice_of(SOURCE)),
        f"Could take it: {names}." if names else "No other technician could take it then.",
    )
    return " ".join(parts)
