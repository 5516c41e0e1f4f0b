"""Calendar events, their stored state, and the progress of synchronization.

A calendar may report an event several times, late, out of order, or never. `CalendarEvent.merged_with` combines two
reports so that every order of reports leads to the same state.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.interval import Interval, Minute

EVENT_SOURCE_PREFIX: Final = "calcom:"
"""Prefix of the source of an event's busy time; the event's uid follows."""
CONNECTED_CALENDAR_SOURCE: Final = "calcom-calendar"
"""Source of a busy time from a connected calendar."""
CALENDAR_SOURCE_PREFIX: Final = "calcom"
"""Prefix of the sources of all busy times from calendars."""

UNDATED: Final = 0
"""Time of a report without a time. The report counts as the oldest, so it can create and end events only."""


class EventStatus(StrEnum):
    """Status of an event. The last three are final."""

    PENDING = "pending"
    """Requested, but not accepted yet."""
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REPLACED = "replaced"
    """Rescheduled: another event with another uid has replaced it."""

    @property
    def is_over(self) -> bool:
        """True for a final status: the event takes no time."""
        return self not in {EventStatus.PENDING, EventStatus.ACCEPTED}


class EventKind(StrEnum):
    """Kind of event."""

    APPOINTMENT = "appointment"
    ABSENCE = "absence"
    """Out of office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReference:
    """Host of an event, by email address, user id or both. Stored as JSON under these names."""

    email: str = ""
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """State of an event as the calendar reported it. Deferred events are stored as JSON under these names."""

    uid: str
    status: EventStatus
    start: Minute
    end: Minute
    at_ms: int
    """Time of the report, by the calendar's clock."""
    kind: EventKind = EventKind.APPOINTMENT
    hosts: tuple[HostReference, ...] = ()
    """Hosts, the organizer first."""
    series: str = ""
    """Identifier shared by an event and its replacements, if the calendar reports one (iCalUID)."""
    sequence: int | None = None
    """Number that grows with each replacement, if the calendar reports one (iCalSequence)."""
    event_type_id: int | None = None
    replaces: str = ""
    """Uid of the event that this one replaced."""
    keeps_predecessor: bool = False
    """One attendee moved here from `replaces`, which continues unless it is reported as replaced. Not stored."""
    customer: Customer | None = None
    visit: Visit = field(default_factory=Visit)
    booking_id: str = ""
    """Booking that the event was created from, if the calendar reports it."""

    @property
    def interval(self) -> Interval:
        """Start and end, without buffers."""
        return self.start, self.end

    def merged_with(self, other: "CalendarEvent") -> "CalendarEvent":
        """Merge two reports of one event, in either order. The newer one wins, but never undoes a final status."""
        sequence = max((report.sequence for report in (self, other) if report.sequence is not None), default=None)
        newer, older = sorted((self, other), key=lambda event: event.recency(sequence), reverse=True)
        return replace(
            newer,
            sequence=sequence,
            series=newer.series or older.series,
            replaces=newer.replaces or older.replaces,
            event_type_id=newer.event_type_id if newer.event_type_id is not None else older.event_type_id,
            booking_id=newer.booking_id or older.booking_id,
            customer=newer.customer or older.customer,
        )

    def recency(self, default_sequence: int | None) -> tuple[bool, int, int, bool]:
        """Return a sort key: final status, then sequence, then time, then acceptance. The greater report wins."""
        sequence = default_sequence if self.sequence is None else self.sequence
        return self.status.is_over, sequence or 0, self.at_ms, self.status is not EventStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShow:
    """Report that the customer missed an event, or attended after all."""

    uid: str
    is_no_show: bool
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatChange:
    """Report that one attendee left an event with seats, which continues with the other attendees."""

    left_uid: str
    """Event that the attendee left."""
    attendee: Customer | None
    """Attendee who left; None: unknown."""
    event: CalendarEvent
    """The event that continues, without a customer; or the event that the attendee moved to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Webhook delivery with a valid signature."""

    digest: str
    """SHA-256 of the body in hex, which identifies repeated deliveries."""
    trigger: str
    change: CalendarEvent | SeatChange | NoShow | None = None
    """None: the delivery changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """Stored event, with its booking and busy times."""

    event: CalendarEvent
    """Newest state. If the event has a booking, the booking holds the customer and the visit instead."""
    booking_id: str = ""
    """Booking of the event."""
    busy: tuple[BusyTime, ...] = ()
    """Time taken in addition to a booking, or instead of one."""
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of the customer's contacts, while the event holds a customer."""
    no_show_at_ms: int = 0
    """Time of the last no-show report, by the calendar's clock; 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredEvent:
    """Event that cannot be applied with the current project file, such as one with unknown hosts."""

    event: CalendarEvent
    why: str
    """Sentence for the operator, with a remedy."""
    at_ms: int
    """Time of deferral, by the store's clock."""
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of the customer's contacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Pending push of a booking to the calendar. The worker determines the steps when it runs the push."""

    booking_id: str
    version: int
    """Number that grows with each change of the booking."""
    since_ms: int
    """Time of the oldest change that the calendar has not received."""
    due_ms: int
    """Time of the next attempt."""
    attempts: int = 0
    tried_at_ms: int | None = None
    """Start of an attempt with unknown outcome."""
    tried_start: Minute | None = None
    """Start requested by that attempt; None: it was a cancellation."""
    refused: str = ""
    """Reason for the calendar's rejection. The push is not repeated until the booking changes."""
    renews: bool = False
    """True if the event has an outdated customer or address, and must be replaced by another one."""

    @property
    def is_cancelling(self) -> bool:
        """True if an attempt with unknown outcome, or one that is due, cancels the event."""
        return self.tried_at_ms is not None and self.tried_start is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """Progress of a project's reconciliation, and the lease of its worker."""

    watermark_ms: int = 0
    """Time before which all updates are known, by the calendar's clock."""
    worker: str = ""
    """Worker that holds the lease; "": none."""
    worker_until_ms: int = 0
    """End of the lease, by the store's clock."""
    finished_ms: int = 0
    """End of the last complete reconciliation; 0: never."""
    problem: str = ""
    """Error of the last reconciliation; "": none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarBacklog:
    """Counts of the pending work for a project's calendar."""

    due: int
    """Bookings to push, except rejected ones."""
    oldest_since_ms: int | None
    """Time since which the oldest push has been pending; None: no push is pending."""
    refused: int
    """Bookings that the calendar rejected."""
    deferred: int
    """Events that could not be applied."""
    finished_ms: int
    """End of the last complete reconciliation; 0: never."""
