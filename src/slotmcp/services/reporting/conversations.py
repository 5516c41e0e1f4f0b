"""Conversations: a period's traces, told apart by who was speaking, and how far each came."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from slotmcp.domain.interval import Minute
from slotmcp.domain.report import Funnel, LossReason
from slotmcp.domain.trace import Question, Trace, TracedUse

SILENCE_MS: Final = 15 * 60_000
"""After so much of it, whoever speaks has begun another conversation."""
OK: Final = "ok"
TAKEN: Final = frozenset({"slot_unavailable", "hold_expired"})


@dataclass(frozen=True, slots=True)
class Conversation:
    """Calls of one phone call or session, in their order, none long after the one before."""

    traces: tuple[Trace, ...]

    @property
    def has_booked(self) -> bool:
        """Whether it ended in a booking."""
        return any(_is(trace, TracedUse.BOOK_SLOT) for trace in self.traces)

    @property
    def has_held(self) -> bool:
        """Whether a time was held, or booked without."""
        return self.has_booked or any(_is(trace, TracedUse.CREATE_HOLD) for trace in self.traces)

    @property
    def has_offers(self) -> bool:
        """Whether a time was offered, were it in place of another."""
        return self.has_held or any(trace.offered for trace in self.traces)

    def is_undecided(self, live: frozenset[str]) -> bool:
        """Whether it has not booked yet, and one of the live holds is its own."""
        return not self.has_booked and any(trace.hold_key in live for trace in self.traces if trace.hold_key)

    @property
    def loss(self) -> LossReason:
        """Why it was lost, if it was."""
        last = self.traces[-1]
        if last.outcome in TAKEN:
            return LossReason.TAKEN
        if last.outcome != OK:
            return LossReason.FAILED
        if last.use is TracedUse.GET_SLOTS and not last.offered:
            return LossReason.NOTHING_OFFERED
        return LossReason.HOLD_ABANDONED if self.has_held else LossReason.NOT_CHOSEN

    @property
    def last_question(self) -> tuple[int, Question] | None:
        """What it wanted in the end, and when it said so (milliseconds); None where that was never clear."""
        asked = [(trace.at_ms, trace.question) for trace in self.traces if trace.question is not None]
        return asked[-1] if asked else None

    @property
    def first_question(self) -> Question | None:
        """What it wanted at first."""
        return next((trace.question for trace in self.traces if trace.question is not None), None)

    def collisions(self) -> list[Trace]:
        """The calls that took a time that had been offered or held, and was gone."""
        offered = set[Minute | None]()
        found = []
        for trace in self.traces:
            if trace.outcome in TAKEN and trace.start in offered:
                found.append(trace)
            offered.update(trace.offered, [trace.start] if _is(trace, TracedUse.CREATE_HOLD) else [])
        return found


def conversations(traces: Sequence[Trace]) -> list[Conversation]:
    """Traces, told apart; by when each conversation began."""
    by_name: dict[str, list[Trace]] = {}
    for trace in sorted(traces, key=lambda one: (one.at_ms, one.id)):
        by_name.setdefault(trace.conversation or trace.id, []).append(trace)
    found = [Conversation(tuple(part)) for said in by_name.values() for part in _parts(said)]
    return sorted(found, key=lambda one: (one.traces[0].at_ms, one.traces[0].id))


def funnel(found: Sequence[Conversation], live: frozenset[str]) -> Funnel:
    """How far conversations came; `live` are the keys of the holds that live."""
    thinking = [one for one in found if one.is_undecided(live)]
    return Funnel(
        asked=len(found),
        offered=sum(one.has_offers for one in found),
        held=sum(one.has_held for one in found),
        booked=sum(one.has_booked for one in found),
        thinking=len(thinking),
        lost=Counter(one.loss for one in lost(found, live)),
    )


def lost(found: Sequence[Conversation], live: frozenset[str]) -> list[Conversation]:
    """Those that asked and ended without a booking, nor with a hold that lives."""
    return [one for one in found if not one.has_booked and not one.is_undecided(live)]


def _parts(said: Sequence[Trace]) -> Iterator[list[Trace]]:
    part = [said[0]]
    for trace in said[1:]:
        if trace.at_ms - part[-1].at_ms > SILENCE_MS:
            yield part
            part = []
        part.append(trace)
    yield part


def _is(trace: Trace, use: TracedUse) -> bool:
    return trace.use is use and trace.outcome == OK
