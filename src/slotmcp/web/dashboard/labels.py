"""Labels and formats of the dashboard: codes, times, durations and counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import Booking
from slotmcp.domain.errors import ErrorCode
from slotmcp.domain.interval import MS_PER_MINUTE, MS_PER_SECOND, Minute
from slotmcp.domain.report import DecidedBy, LossReason
from slotmcp.domain.trace import Trace, TracedUse
from slotmcp.engine.zones import utc_to_wall
from slotmcp.services.reporting.refusals import REASONS

NO_CUSTOMER: Final = "no customer name"
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

LOSSES: Final[Mapping[LossReason, str]] = {
    LossReason.NOTHING_OFFERED: "No times were available",
    LossReason.TAKEN: "The time they wanted wasn't available",
    LossReason.NOT_CHOSEN: "Didn't choose any of the offered times",
    LossReason.HOLD_ABANDONED: "Held a time but didn't book it",
    LossReason.FAILED: "The last request failed",
}

ATTENTION: Final[Mapping[AttentionCause, str]] = {
    AttentionCause.TECHNICIAN_OFF: "The technician is unavailable.",
    AttentionCause.TIME_OFF: "The technician has time off then.",
    AttentionCause.BUSINESS_CLOSED: "The business is closed then.",
    AttentionCause.OUTSIDE_HOURS: "It is outside the technician's working hours.",
    AttentionCause.SKILL_MISSING: "The technician lacks a skill for it.",
    AttentionCause.SERVICE_REMOVED: "The service is not offered any more.",
    AttentionCause.CALENDAR_CONFLICT: "The technician's calendar has something else then.",
    AttentionCause.BUSY: "The technician is busy then.",
    AttentionCause.TOO_CLOSE: "Something else is too close before or after it.",
    AttentionCause.DAY_FULL: "The technician has too many bookings that day.",
    AttentionCause.NOT_BOOKABLE_THEN: "The service can't start at that time.",
    AttentionCause.OUTSIDE_AREA: "The technician doesn't serve the area of the address.",
    AttentionCause.AREA_DAY: "The area of the address isn't served on that day.",
    AttentionCause.TRAVEL_TIME: "There is too little time to drive there or to the next job.",
    AttentionCause.REASSIGNED: "Cal.com gave it to someone who can't come then or isn't in the project file.",
    AttentionCause.MOVED_TWICE: "It was moved here and in Cal.com at the same time. The time in Cal.com was kept.",
    AttentionCause.CUSTOMER_LEFT: "The customer canceled their seat in Cal.com. The visit stays for the others.",
    AttentionCause.PUSH_REJECTED: "Cal.com rejected it.",
}
"""Causes why a booking needs attention."""

_OUTCOMES: Final[Mapping[str, str]] = {
    ErrorCode.SLOT_UNAVAILABLE: "Time not available",
    ErrorCode.HOLD_EXPIRED: "Hold expired",
    ErrorCode.HOLD_LIMIT: "Too many holds",
    ErrorCode.INVALID_ARGUMENT: "Invalid request",
    ErrorCode.NOT_FOUND: "Not found",
    ErrorCode.ALREADY_BOOKED: "Customer has a booking then",
    ErrorCode.VERIFICATION_NEEDED: "Caller not verified",
    ErrorCode.BOOKING_CLOSED: "Visit has begun or is over",
    ErrorCode.IDEMPOTENCY_MISMATCH: "Retry with different arguments",
    ErrorCode.RATE_LIMITED: "Rate limit exceeded",
    ErrorCode.UNAVAILABLE: "Database not reachable",
    ErrorCode.FORBIDDEN: "Not allowed",
    "ok": "No times available",
}
_USES: Final[Mapping[TracedUse, str]] = {
    TracedUse.GET_SLOTS: "Asked for times",
    TracedUse.CREATE_HOLD: "Asked for a hold",
    TracedUse.BOOK_SLOT: "Asked for a booking",
}


def decided_label(decided: DecidedBy) -> str:  # noqa: PLR0911  one label per reason
    """Return the label of the reason for an assignment."""
    match decided:
        case DecidedBy.REQUESTED:
            return "Requested by the caller"
        case DecidedBy.KEPT:
            return "Already had the booking"
        case DecidedBy.ONLY_ONE:
            return "Only technician available"
        case DecidedBy.LOAD:
            return "Fewest bookings that day"
        case DecidedBy.PRIORITY:
            return "Highest priority"
        case DecidedBy.ETA:
            return "Closest"
        case DecidedBy.OTHER:
            return "Tie, or booked elsewhere"
        case _:
            assert_never(decided)


def attention_label(attention: Attention) -> str:
    """Return the causes why a booking needs attention, or "" without causes."""
    return " ".join([*(ATTENTION[cause] for cause in attention.in_order()), attention.detail]).strip()


def refusal_label(trace: Trace) -> str:
    """Return the outcome of a refused call, with its main reason if there is one."""
    outcome = _OUTCOMES.get(trace.outcome, trace.outcome)
    reason = trace.main_reason
    return f"{outcome}: {REASONS[reason]}" if reason else outcome


def use_label(use: TracedUse) -> str:
    """Return the label of a traced use case."""
    return _USES[use]


def customer_name(booking: Booking) -> str:
    """Return the customer's name, or a placeholder for a booking without a customer."""
    return booking.customer.name if booking.customer else NO_CUSTOMER


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as "1 caller" or "2 callers"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def join_words(words: Sequence[str]) -> str:
    """Join words, such as "gas, hvac and controls"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def format_duration(minutes: int) -> str:
    """Format a duration, such as "1 h 30 min" or "2 h"."""
    hours, remainder = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{remainder} min"] * bool(remainder or not hours))


def format_clock(zone_key: str, minute: Minute) -> str:
    """Format a local time of day, such as "09:00"."""
    return f"{utc_to_wall(zone_key, minute):%H:%M}"


def format_minute(zone_key: str, minute: Minute) -> str:
    """Format a local date and time, such as "Thu Nov 26, 14:05"."""
    wall = utc_to_wall(zone_key, minute)
    return f"{wall:%a %b} {wall.day}, {wall:%H:%M}"


def format_ms(zone_key: str, at_ms: int) -> str:
    """Format a local date and time with seconds, such as "Thu Nov 26, 14:05:07"."""
    return f"{format_minute(zone_key, at_ms // MS_PER_MINUTE)}:{at_ms // MS_PER_SECOND % 60:02}"


def format_utc(at_ms: int) -> str:
    """Format a UTC time for machines: "2026-11-26T21:05:07Z"."""
    return f"{datetime.fromtimestamp(at_ms // MS_PER_SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def format_ago(now_ms: int, at_ms: int) -> str:
    """Format an age in its largest whole unit, such as "3 minutes ago"."""
    seconds = max(0, now_ms - at_ms) // MS_PER_SECOND
    for size, name in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{plural(seconds // size, name)} ago"
    return "just now"
