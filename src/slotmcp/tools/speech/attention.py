"""Sentences for operators: why a booking needs attention."""

from collections.abc import Mapping
from typing import Final

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.tools.speech.voice import Voice, message

SENTENCES: Final[Mapping[AttentionCause, str]] = {
    AttentionCause.TECHNICIAN_OFF: message("The technician is off."),
    AttentionCause.TIME_OFF: message("The technician has time off then."),
    AttentionCause.BUSINESS_CLOSED: message("The business is closed then."),
    AttentionCause.OUTSIDE_HOURS: message("It is outside the technician's working hours."),
    AttentionCause.SKILL_MISSING: message("The technician lacks a skill for it."),
    AttentionCause.SERVICE_REMOVED: message("The service is not offered any more."),
    AttentionCause.CALENDAR_CONFLICT: message("The technician's calendar has something else then."),
    AttentionCause.BUSY: message("The technician is busy then."),
    AttentionCause.TOO_CLOSE: message("Something else is too close before or after it."),
    AttentionCause.DAY_FULL: message("The technician has too many bookings that day."),
    AttentionCause.NOT_BOOKABLE_THEN: message("The service can't start at that time."),
    AttentionCause.OUTSIDE_AREA: message("The technician doesn't serve the area of the address."),
    AttentionCause.AREA_DAY: message("The area of the address isn't served on that day."),
    AttentionCause.TRAVEL_TIME: message("There is too little time to drive there or to the next job."),
    AttentionCause.REASSIGNED: message(
        "Cal.com gave it to somebody else, who cannot come then or is not in the project file."
    ),
    AttentionCause.MOVED_TWICE: message("Moved here and in Cal.com at the same time; the time in Cal.com was kept."),
    AttentionCause.CUSTOMER_LEFT: message(
        "The customer canceled their seat in Cal.com; the visit stays for the other attendees."
    ),
    AttentionCause.PUSH_REJECTED: message("Cal.com does not take it."),
}


def say_attention(attention: Attention, voice: Voice) -> str:
    """Say why a booking needs attention; "" if it does not. The calendar's own message is not translated."""
    sentences = [voice.say(SENTENCES[cause]) for cause in attention.in_order()]
    return " ".join([*sentences, attention.detail]).strip()
