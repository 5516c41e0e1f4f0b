"""What was decided, told from traces off the path of the calls; and how far conversations came."""

from enum import StrEnum
from typing import Final

from slotmcp.domain.trace import ScheduleSource, Trace, TracedUse
from slotmcp.telemetry.declared import (
    BOOKINGS,
    BOOKS_FOUND,
    COLLISIONS,
    CONVERSATIONS,
    FIRST_HOLD_SECONDS,
    HOP_SECONDS,
    REFUSALS,
    TRACES_DROPPED,
    TRACES_KEPT,
)

_OK: Final = "ok"
_NOTHING_OFFERED: Final = "nothing_offered"
"""The code of a question that was answered, with no start."""
_UNTOLD: Final = "none"
_WHOLE: Final = "total"
"""The hop that is the whole call, which is measured where it ends."""
_US_PER_SECOND: Final = 1_000_000
_HELD_BEFORE, _DIRECT = "hold", "direct"


class Step(StrEnum):
    """How far a conversation came. Who comes to one has come to all before it."""

    ASKED = "asked"
    OFFERED = "offered"
    HELD = "held"
    """A time held, or booked without a hold."""
    BOOKED = "booked"


for _layer in ScheduleSource:
    BOOKS_FOUND.labels(_layer)
for _step in Step:
    CONVERSATIONS.labels(_step)
for _way in (_HELD_BEFORE, _DIRECT):
    BOOKINGS.labels(_way)
for _use in (TracedUse.CREATE_HOLD, TracedUse.BOOK_SLOT):
    COLLISIONS.labels(_use)


def decided(trace: Trace) -> None:
    """A decision was made, and its trace kept. To be called once for each, by whoever keeps them."""
    if trace.revision:
        BOOKS_FOUND.labels(trace.book_from).inc()
    for hop, took_us in trace.hops.items():
        if hop != _WHOLE:
            HOP_SECONDS.labels(trace.use, hop).observe(took_us / _US_PER_SECOND)
    if code := _refusal(trace):
        REFUSALS.labels(trace.use, code, trace.main_reason or _UNTOLD).inc()
    if trace.use is TracedUse.BOOK_SLOT and trace.outcome == _OK and not trace.was_replayed:
        BOOKINGS.labels(_HELD_BEFORE if trace.hold_key else _DIRECT).inc()


def conversation_came_to(step: Step) -> None:
    """A conversation came to a step for the first time."""
    CONVERSATIONS.labels(step).inc()


def first_held(seconds: float) -> None:
    """A conversation holds or has booked a time for the first time, so long after its first question."""
    FIRST_HOLD_SECONDS.observe(seconds)


def collided(use: TracedUse) -> None:
    """A conversation took a time that it had been offered, and that was gone."""
    COLLISIONS.labels(use).inc()


def traces_kept(count: int) -> None:
    """So many traces are in the database."""
    TRACES_KEPT.inc(count)


def traces_dropped(count: int) -> None:
    """So many traces were given up."""
    TRACES_DROPPED.inc(count)


def _refusal(trace: Trace) -> str:
    """The code by which the caller got nothing; "": they got what they asked for."""
    if trace.outcome != _OK:
        return trace.outcome
    return _NOTHING_OFFERED if trace.use is TracedUse.GET_SLOTS and not trace.offered else ""
