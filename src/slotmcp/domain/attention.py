"""Attention: the causes why an operator must review a booking."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self


class AttentionCause(StrEnum):
    """Cause of a booking's attention."""

    TECHNICIAN_OFF = "technician_off"
    TIME_OFF = "time_off"
    BUSINESS_CLOSED = "business_closed"
    """The date is a public holiday or a closed date."""
    OUTSIDE_HOURS = "outside_hours"
    """No shift or override contains the appointment, or a break overlaps it."""
    SKILL_MISSING = "skill_missing"
    SERVICE_REMOVED = "service_removed"
    CALENDAR_CONFLICT = "calendar_conflict"
    """An event of the technician's calendar overlaps the appointment."""
    BUSY = "busy"
    """A busy time of the project file overlaps the appointment."""
    TOO_CLOSE = "too_close"
    """Another appointment or a busy time overlaps the buffers, or leaves no room for a floating break."""
    DAY_FULL = "day_full"
    """The technician has too many other bookings on that date."""
    NOT_BOOKABLE_THEN = "not_bookable_then"
    """The service cannot start at that time, or only for emergencies."""
    OUTSIDE_AREA = "outside_area"
    """The technician does not serve the area of the job, or the business refuses its postal code."""
    AREA_DAY = "area_day"
    """The area of the job is not served on that day."""
    TRAVEL_TIME = "travel_time"
    REASSIGNED = "reassigned"
    """The calendar has another host, who cannot come then or is not in the project file."""
    MOVED_TWICE = "moved_twice"
    """Moved here and in the calendar at the same time."""
    CUSTOMER_LEFT = "customer_left"
    """The customer gave up their seat of a group event."""
    PUSH_REJECTED = "push_rejected"
    """The calendar rejected the booking."""


FROM_SCHEDULE: Final = frozenset(AttentionCause) - {
    AttentionCause.REASSIGNED,
    AttentionCause.MOVED_TWICE,
    AttentionCause.CUSTOMER_LEFT,
    AttentionCause.PUSH_REJECTED,
}
"""Causes that follow from the schedule: technicians, services, rules, and time that is taken."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Causes of a booking's attention, or none."""

    causes: frozenset[AttentionCause] = frozenset()
    detail: str = ""
    """Message of the calendar that rejected the booking."""

    def __bool__(self) -> bool:
        """Return whether an operator must review the booking."""
        return bool(self.causes or self.detail)

    @classmethod
    def of(cls, *causes: AttentionCause, detail: str = "") -> Self:
        """Return the attention with these causes."""
        return cls(frozenset(causes), detail)

    def including(self, causes: Iterable[AttentionCause], *, detail: str = "") -> Self:
        """Return the attention with further causes."""
        return replace(self, causes=self.causes.union(causes), detail=detail or self.detail)

    def excluding(self, causes: Iterable[AttentionCause]) -> Self:
        """Return the attention without some causes. The detail belongs to the cause PUSH_REJECTED."""
        left = self.causes.difference(causes)
        is_explained = AttentionCause.PUSH_REJECTED in left or left == self.causes
        return replace(self, causes=left, detail=self.detail if is_explained else "")

    def in_order(self) -> tuple[AttentionCause, ...]:
        """Return the causes in the order of their definition."""
        return tuple(cause for cause in AttentionCause if cause in self.causes)


NO_ATTENTION: Final = Attention()
