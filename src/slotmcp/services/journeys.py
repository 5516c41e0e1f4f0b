"""How far conversations come, counted as their traces are kept: once for each, whichever servers answered it.

Whoever keeps the trace of a step looks up what was said before in the same conversation, by any server. Two servers
that keep the first questions of one conversation within the same second may both count it.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.errors import SlotmcpError
from slotmcp.domain.trace import Trace
from slotmcp.ports.traces import Traces
from slotmcp.services.conversations import Conversation, conversations
from slotmcp.telemetry import Step

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
    for step, trace in _firsts(conversation).items():
        if trace.id in new:
            telemetry.conversation_came_to(step)
            if step is Step.HELD:
                telemetry.first_held((trace.at_ms - conversation.traces[0].at_ms) / _MS_PER_SECOND)
    for trace in conversation.collisions():
        if trace.id in new:
            telemetry.collided(trace.use)


def _firsts(conversation: Conversation) -> dict[Step, Trace]:
    """The call that first came to each step."""
    firsts = dict[Step, Trace]()
    for trace in conversation.traces:
        for step in _steps(Conversation((trace,))):
            firsts.setdefault(step, trace)
    return firsts


def _steps(said: Conversation) -> Iterator[Step]:
    yield Step.ASKED
    if said.was_offered:
        yield Step.OFFERED
    if said.has_held:
        yield Step.HELD
    if said.has_booked:
        yield Step.BOOKED
