"""Conversations: traces grouped by phone call or session, and the steps that each conversation reached."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from slotmcp import telemetry
from slotmcp.domain.errors import ErrorCode, SlotmcpError
from slotmcp.domain.interval import MS_PER_SECOND, US_PER_SECOND, Minute
from slotmcp.domain.report import Funnel, LossReason
from slotmcp.domain.trace import Question, Trace, TracedUse
from slotmcp.ports.traces import Traces
from slotmcp.telemetry.metrics import FunnelStage

MAX_PAUSE_MS: Final = 15 * 60_000
"""Longest pause within a conversation; after a longer one, the same caller starts another conversation."""
OK: Final = "ok"
TOTAL: Final = "total"
"""Name of the span that covers the whole call."""
TAKEN_OUTCOMES: Final = frozenset({ErrorCode.SLOT_UNAVAILABLE, ErrorCode.HOLD_EXPIRED})

LOOKBACK_MS: Final = 2 * 60 * 60_000
MAX_CALLS: Final = 60
"""Maximum number of calls in a conversation. More indicate that several callers share an id, and are not counted."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Calls of one phone call or session, in order and without a long pause."""

    traces: tuple[Trace, ...]

    @property
    def has_booked(self) -> bool:
        """True if a booking was made."""
        return any(_is_successful(trace, TracedUse.BOOK_SLOT) for trace in self.traces)

    @property
    def has_held(self) -> bool:
        """True if a time was held, or booked without a hold."""
        return self.has_booked or any(_is_successful(trace, TracedUse.CREATE_HOLD) for trace in self.traces)

    @property
    def has_offers(self) -> bool:
        """True if a time was offered, including as an alternative to a taken time."""
        return self.has_held or any(trace.offered for trace in self.traces)

    def is_undecided(self, live_hold_ids: frozenset[str]) -> bool:
        """Return whether the conversation has no booking yet but one of the live holds."""
        return not self.has_booked and any(trace.hold_key in live_hold_ids for trace in self.traces if trace.hold_key)

    @property
    def loss_reason(self) -> LossReason:
        """Reason why the conversation has no booking. Only meaningful for a lost conversation."""
        last = self.traces[-1]
        if last.outcome in TAKEN_OUTCOMES:
            return LossReason.TAKEN
        if last.outcome != OK:
            return LossReason.FAILED
        if last.use is TracedUse.GET_SLOTS and not last.offered:
            return LossReason.NOTHING_OFFERED
        return LossReason.HOLD_ABANDONED if self.has_held else LossReason.NOT_CHOSEN

    @property
    def last_question(self) -> tuple[int, Question] | None:
        """Last valid question with its time in milliseconds; None if there is none."""
        questions = [(trace.at_ms, trace.question) for trace in self.traces if trace.question is not None]
        return questions[-1] if questions else None

    @property
    def first_question(self) -> Question | None:
        """First valid question; None if there is none."""
        return next((trace.question for trace in self.traces if trace.question is not None), None)

    @property
    def taken_start(self) -> Minute | None:
        """Start that the caller took or would have taken; None if no call named or offered one.

        The booked start, else the held one, else the one that was refused, else the first that was offered; of several,
        the first one of the conversation.
        """
        booked = (trace.start for trace in self.traces if _is_successful(trace, TracedUse.BOOK_SLOT))
        held = (trace.start for trace in self.traces if _is_successful(trace, TracedUse.CREATE_HOLD))
        refused = (trace.start for trace in self.traces if trace.outcome in TAKEN_OUTCOMES)
        offered = (start for trace in self.traces for start in trace.offered)
        return next((start for start in chain(booked, held, refused, offered) if start is not None), None)

    def collisions(self) -> list[Trace]:
        """Return the failed calls for a time that was offered or held earlier and has been taken since."""
        offered = set[Minute | None]()
        collisions = []
        for trace in self.traces:
            if trace.outcome in TAKEN_OUTCOMES and trace.start in offered:
                collisions.append(trace)
            offered.update(trace.offered, [trace.start] if _is_successful(trace, TracedUse.CREATE_HOLD) else [])
        return collisions

    def steps(self) -> set[FunnelStage]:
        """Return the steps that the conversation reached."""
        reached = {
            FunnelStage.STARTED: bool(self.traces),
            FunnelStage.OFFERED: self.has_offers,
            FunnelStage.HELD: self.has_held,
            FunnelStage.BOOKED: self.has_booked,
        }
        return {step for step, is_reached in reached.items() if is_reached}

    def seconds_to_first_slot(self) -> float:
        """Return the time from the first question to the first offered slot, or to a hold or booking without an offer.

        The time that the offering call took is part of it. Calls without a valid question ask nothing.
        """
        offering = next(trace for trace in self.traces if Conversation((trace,)).has_offers)
        asking = next((trace for trace in self.traces if trace.question is not None), self.traces[0])
        waited_ms = max(0, offering.at_ms - asking.at_ms)
        return waited_ms / MS_PER_SECOND + offering.hops.get(TOTAL, 0) / US_PER_SECOND

    def seconds_to_first_hold(self) -> float:
        """Return the time from the first call to the first hold or booking."""
        held_ms = next(trace.at_ms for trace in self.traces if Conversation((trace,)).has_held)
        return (held_ms - self.traces[0].at_ms) / MS_PER_SECOND


def group_conversations(traces: Sequence[Trace]) -> list[Conversation]:
    """Group traces into conversations, by start."""
    by_name: dict[str, list[Trace]] = {}
    for trace in sorted(traces, key=lambda trace: (trace.at_ms, trace.id)):
        by_name.setdefault(trace.conversation or trace.id, []).append(trace)
    grouped = [Conversation(tuple(part)) for same_name in by_name.values() for part in _split_at_pauses(same_name)]
    return sorted(grouped, key=lambda conversation: (conversation.traces[0].at_ms, conversation.traces[0].id))


def count_funnel(conversations: Sequence[Conversation], live_hold_ids: frozenset[str]) -> Funnel:
    """Count the conversations by the step they reached."""
    return Funnel(
        conversations=len(conversations),
        offered=sum(conversation.has_offers for conversation in conversations),
        held=sum(conversation.has_held for conversation in conversations),
        booked=sum(conversation.has_booked for conversation in conversations),
        thinking=sum(conversation.is_undecided(live_hold_ids) for conversation in conversations),
        lost=Counter(conversation.loss_reason for conversation in lost_conversations(conversations, live_hold_ids)),
    )


def lost_conversations(conversations: Sequence[Conversation], live_hold_ids: frozenset[str]) -> list[Conversation]:
    """Return the conversations without a booking or a live hold."""
    return [
        conversation
        for conversation in conversations
        if not conversation.has_booked and not conversation.is_undecided(live_hold_ids)
    ]


async def count_steps(store: Traces, new_traces: Sequence[Trace]) -> None:
    """Record metrics for the funnel steps that conversations reached with newly saved traces.

    Each step of a conversation is counted once, even if several servers handled its calls: the earlier traces are read
    from the store. Steps may be missed if two servers save traces of a conversation at the same time, or if the store
    fails.
    """
    new_ids = frozenset(trace.id for trace in new_traces)
    named = [trace for trace in new_traces if trace.conversation]
    for project_id in {trace.project_id for trace in named}:
        of_project = [trace for trace in named if trace.project_id == project_id]
        names = {trace.conversation for trace in of_project}
        from_ms = min(trace.at_ms for trace in of_project) - LOOKBACK_MS
        try:
            traces = await store.conversations(project_id, names, from_ms=from_ms, limit=MAX_CALLS)
        except SlotmcpError:
            continue
        for conversation in group_conversations(traces):
            if len(conversation.traces) < MAX_CALLS:
                _count_new_steps(conversation, new_ids)


def _count_new_steps(conversation: Conversation, new_ids: frozenset[str]) -> None:
    before = Conversation(tuple(trace for trace in conversation.traces if trace.id not in new_ids))
    for step in conversation.steps() - before.steps():
        telemetry.record_stage(step)
        if step is FunnelStage.OFFERED:
            telemetry.record_first_slot(conversation.seconds_to_first_slot())
        if step is FunnelStage.HELD:
            telemetry.record_first_hold(conversation.seconds_to_first_hold())
    collisions_before = before.collisions()
    for trace in conversation.collisions():
        if trace not in collisions_before:
            telemetry.record_collision(trace.use)


def _split_at_pauses(traces: Sequence[Trace]) -> Iterator[list[Trace]]:
    part = [traces[0]]
    for trace in traces[1:]:
        if trace.at_ms - part[-1].at_ms > MAX_PAUSE_MS:
            yield part
            part = []
        part.append(trace)
    yield part


def _is_successful(trace: Trace, use: TracedUse) -> bool:
    return trace.use is use and trace.outcome == OK
