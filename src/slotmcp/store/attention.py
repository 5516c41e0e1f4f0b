"""Attention of bookings as text: the causes, then the calendar's message on a line of its own."""

from collections.abc import Mapping
from typing import Final

from slotmcp.domain.attention import NO_ATTENTION, Attention, AttentionCause

_REJECTED_PREFIX: Final = "Cal.com does not take it: "
_SENTENCES: Final = {
    "The technician is off.": AttentionCause.TECHNICIAN_OFF,
    "The technician has time off then.": AttentionCause.TIME_OFF,
    "The technician's calendar has something else then.": AttentionCause.CALENDAR_CONFLICT,
    "Cal.com gave it to somebody else, who cannot come then or is not in the project file.": AttentionCause.REASSIGNED,
    "Moved here and in Cal.com at the same time; the time in Cal.com was kept.": AttentionCause.MOVED_TWICE,
    "The customer canceled their seat in Cal.com; the visit stays for the other attendees.": (
        AttentionCause.CUSTOMER_LEFT
    ),
}
"""Sentences that earlier programs stored instead of causes."""
_CAUSES: Final[Mapping[str, AttentionCause]] = {cause.value: cause for cause in AttentionCause}


def attention_text(attention: Attention) -> str:
    """Return an attention as its column's text; "" without causes."""
    causes = " ".join(attention.in_order()) if attention.causes else ""
    return f"{causes}\n{attention.detail}" if attention.detail else causes


def attention_of(text: str) -> Attention:
    """Return the attention that a column's text holds. An unknown sentence becomes the detail."""
    if not text:
        return NO_ATTENTION
    if cause := _SENTENCES.get(text):
        return Attention.of(cause)
    if text.startswith(_REJECTED_PREFIX):
        return Attention.of(AttentionCause.PUSH_REJECTED, detail=text.removeprefix(_REJECTED_PREFIX))
    names, _, detail = text.partition("\n")
    causes = frozenset(filter(None, map(_CAUSES.get, names.split(" "))))
    return Attention(causes, detail) if causes or detail else Attention(detail=text)
