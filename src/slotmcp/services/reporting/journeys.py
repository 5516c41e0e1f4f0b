"""How far conversations come, counted as their traces are kept: once for each, whichever servers answered it.

Whoever keeps traces looks up what any server has kept of the same conversations, and counts what its own have added.
Two servers that keep traces of one conversation within the same milliseconds may miss what came of both.
"""

from collections.abc import Sequence
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.trace import Trace
from slotmcp.ports.traces import Traces
from slotmcp.services.reporting.conversations import Conversation, conversations
from slotmcp.telemetry.metrics import FunnelStage

LOOKED_BACK_MS: Final = 2 * 60 * 60_000
MOST_CALLS: Final = 60
"""A conversation is no longer. What is longer is that of many callers, whom nobody tells apart."""
_MS_PER_SECOND: Final = 1000


async def count_journeys(traces: Traces, kept: Sequence[Trace]) -> None:
    """Count the steps to which conversations came by traces that were just kept. What cannot be looked up is lost."""
    new = frozenset(trace.id for trace in kept)
    for project_id in {trace.project_id for trace in kept}:
        of_project = [trace for trace in kept if trace.project_id == project_id and trace.conversation]
        if not of_project:
            continue
        names = {trace.conversation for trace in of_project}
        since_ms = min(trace.at_ms for trace in of_project) - LOOKED_BACK_MS
        try:
            said = await traces.conversations(project_id, names, from_ms=since_ms, most=MOST_CALLS)
        except SlotmcpError:
            continue
        for one in conversations(said):
            if len(one.traces) < MOST_CALLS:
                _count(one, new)


def _count(conversation: Conversation, new: frozenset[str]) -> None:
    known = Conversation(tuple(trace for trace in conversation.traces if trace.id not in new))
    for step in _steps(conversation) - _steps(known):
        telemetry.record_stage(step)
        if step is FunnelStage.HELD:
            telemetry.record_first_hold(_seconds_to_first_hold(conversation))
    known_collisions = known.collisions()
    for trace in conversation.collisions():
        if trace not in known_collisions:
            telemetry.record_collision(trace.use)


def _steps(said: Conversation) -> set[FunnelStage]:
    reached = {
        FunnelStage.ASKED: bool(said.traces),
        FunnelStage.OFFERED: said.has_offers,
        FunnelStage.HELD: said.has_held,
        FunnelStage.BOOKED: said.has_booked,
    }
    return {step for step, is_reached in reached.items() if is_reached}


def _seconds_to_first_hold(said: Conversation) -> float:
    held_ms = next(trace.at_ms for trace in said.traces if Conversation((trace,)).has_held)
    return (held_ms - said.traces[0].at_ms) / _MS_PER_SECOND
