"""What the dashboard calls things that have a code elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Final

from slotmcp.domain.reasons import Reason
from slotmcp.domain.report import AssignmentReason, LossReason
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.services.trace_story import ASKED

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

LOSSES: Final[Mapping[LossReason, str]] = {
    LossReason.NOTHING_OFFERED: "Nothing was free when they asked",
    LossReason.TAKEN: "The time they wanted could not be had",
    LossReason.NOT_CHOSEN: "Times were offered, and none was taken",
    LossReason.HOLD_ABANDONED: "A time was held, and never booked",
    LossReason.FAILED: "The last call ended in an error",
}

DECIDED: Final[Mapping[AssignmentReason, str]] = {
    AssignmentReason.WISH: "The caller asked for them",
    AssignmentReason.KEPT: "It was theirs before it was moved",
    AssignmentReason.ONLY_ONE: "Nobody else could",
    AssignmentReason.LOAD: "They had the least to do that day",
    AssignmentReason.PRIORITY: "They come first by priority",
    AssignmentReason.ETA: "They were the nearest",
    AssignmentReason.OTHER: "All were equal, or it came from elsewhere",
}

REASONS: Final[Mapping[Reason, str]] = {
    Reason.INACTIVE: "nobody takes work",
    Reason.SKILL_MISSING: "nobody has the skill",
    Reason.HOLIDAY: "closed for a holiday",
    Reason.OUTSIDE_SHIFT: "nobody works then",
    Reason.TIME_OFF: "time off",
    Reason.BREAK: "a break",
    Reason.BOOKED: "booked already",
    Reason.HELD: "held for another caller",
    Reason.BUSY: "busy by the calendar",
    Reason.DAY_FULL: "enough bookings for that day",
    Reason.TRAVEL: "nobody can be there in time",
    Reason.OFF_GRID: "starts are offered at other minutes",
    Reason.NOTICE: "too soon from now",
    Reason.HORIZON: "too far ahead",
}
"""What was mostly in the way."""

HELP: Final[Mapping[Reason, str]] = {
    Reason.INACTIVE: "somebody who takes work again",
    Reason.SKILL_MISSING: "training, or somebody new",
    Reason.HOLIDAY: "an override for that date",
    Reason.OUTSIDE_SHIFT: "other hours",
    Reason.TIME_OFF: "somebody who stands in",
    Reason.BREAK: "breaks at different times",
    Reason.BOOKED: "more people, or more hours",
    Reason.HELD: "shorter holds",
    Reason.BUSY: "calendars with less in them",
    Reason.DAY_FULL: "a higher limit of bookings a day",
    Reason.TRAVEL: "somebody who lives elsewhere",
    Reason.OFF_GRID: "a finer grid of starts",
    Reason.NOTICE: "a shorter notice",
    Reason.HORIZON: "a longer horizon",
}
"""What would help against it."""

_OUTCOMES: Final[Mapping[str, str]] = {
    "slot_unavailable": "That time could not be had",
    "hold_expired": "The hold had lapsed",
    "hold_limit": "They held too many times already",
    "invalid_argument": "The request was not right",
    "not_found": "It named something that is not there",
    "idempotency_mismatch": "A retry asked for something else",
    "rate_limited": "Too many calls at once",
    "unavailable": "The database was away",
    "forbidden": "It was not allowed to",
    "ok": "Nothing was free",
}


def why_refused(trace: Trace) -> str:
    """Why a call was told no, in a few words."""
    outcome = _OUTCOMES.get(trace.outcome, trace.outcome)
    reason = trace.main_reason
    return f"{outcome}: {REASONS[reason]}" if reason else outcome


def asked(use: TracedUse) -> str:
    """What a caller wanted of the tool."""
    return ASKED[use].capitalize()


def counted(count: int, noun: str) -> str:
    """So many, such as "1 caller" or "2 callers"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def row_of(words: Sequence[str]) -> str:
    """Words in a row, such as "gas, hvac and controls"."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def hours_and_minutes(minutes: int) -> str:
    """A length, such as "1 h 30 min" or "2 h"."""
    hours, rest = divmod(minutes, 60)
    told = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(told)
