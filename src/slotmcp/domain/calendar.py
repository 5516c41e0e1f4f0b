"""What a calendar says, and what is kept of it.

A calendar tells of one event several times, late, twice, out of order, or never. `CalendarEvent.joined` makes one of
two that were said of the same event, so that whatever comes in whatever order leads to the same end.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.booking import Customer, Visit
from slotmcp.domain.claim import BusyTime
from slotmcp.domain.interval import Interval, Minute

EVENT_SOURCE_PREFIX: Final = "calcom:"
"""How the source of a busy time begins that an event takes; its uid follows."""
CONNECTED_CALENDAR_SOURCE: Final = "calcom-calendar"
"""The source of a busy time of a calendar that a host has connected."""
CALENDAR_SOURCE_PREFIX: Final = "calcom"
"""How the source of every busy time of a calendar's begins."""


UNDATED: Final = 0
"""When something was said that does not say when: before all that does. It begins and ends events, and undoes none."""


class EventStatus(StrEnum):
    """Where an event stands. The last three are its end: an event never comes back from them."""

    PENDING = "pending"
    """Requested, and not accepted yet."""
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REPLACED = "replaced"
    """It has another time now, as an event with another uid."""

    @property
    def is_over(self) -> bool:
        """Whether it takes no time any more, whatever else is said of it."""
        return self not in {EventStatus.PENDING, EventStatus.ACCEPTED}


class EventKind(StrEnum):
    """What an event is."""

    APPOINTMENT = "appointment"
    ABSENCE = "absence"
    """Out of office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReference:
    """Who an event is with, as the calendar knows them. Either may be unknown: "" and None."""

    email: str = ""
    user_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent:
    """What was said of an event, by a delivery or by the feed."""

    uid: str
    status: EventStatus
    start: Minute
    end: Minute
    at_ms: int
    """When it was said, by the calendar's clock."""
    kind: EventKind = EventKind.APPOINTMENT
    hosts: tuple[HostReference, ...] = ()
    """The one who leads it first."""
    series: str = ""
    """The same for an event and all that it is replaced by, where the calendar says so (an iCalUID)."""
    sequence: int | None = None
    """Grows within a series, where the calendar says so (an iCalSequence)."""
    event_type_id: int | None = None
    replaces: str = ""
    """The uid of the event whose time it had before."""
    customer: Customer | None = None
    visit: Visit = field(default_factory=Visit)
    booking_id: str = ""
    """The booking of ours that it was made from, if it says so."""

    @property
    def interval(self) -> Interval:
        """Its time, without buffers."""
        return self.start, self.end

    def merged_with(self, other: "CalendarEvent") -> "CalendarEvent":
        """What is known of an event of which both were said, in whatever order: the newer, an end never undone."""
        sequence = max((one for one in (self.sequence, other.sequence) if one is not None), default=None)
        newer, older = sorted((self, other), key=lambda one: one.recency(sequence), reverse=True)
        return replace(
            newer,
            sequence=sequence,
            series=newer.series or older.series,
            replaces=newer.replaces or older.replaces,
            event_type_id=newer.event_type_id if newer.event_type_id is not None else older.event_type_id,
            booking_id=newer.booking_id or older.booking_id,
            customer=newer.customer or older.customer,
        )

    def recency(self, usual: int | None) -> tuple[bool, int, int, bool]:
        """Greater is newer. A sequence that was not said is the usual one."""
        sequence = usual if self.sequence is None else self.sequence
        return self.status.is_over, sequence or 0, self.at_ms, self.status is not EventStatus.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShow:
    """The host came, and the customer was not there, or was after all."""

    uid: str
    is_no_show: bool
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message of the calendar's whose signature was good."""

    digest: str
    """The SHA-256 of its body, in hex: the same message has the same."""
    trigger: str
    said: CalendarEvent | NoShow | None = None
    """None: nothing that changes anything here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """An event as it is kept, and what it takes here."""

    event: CalendarEvent
    """The newest that was said of it. Once a booking has them, without customer and visit."""
    booking_id: str = ""
    """The booking that it is."""
    busy: tuple[BusyTime, ...] = ()
    """The time that it takes beside a booking, or instead of one."""
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of what its customer is known by, as long as it has one."""
    no_show_at_ms: int = 0
    """When it was last said whether the customer was there, by the calendar's clock; 0: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredEvent:
    """An event that cannot be applied as things stand, such as one of a host whom nobody knows."""

    event: CalendarEvent
    why: str
    """A sentence for the operator, with what would help."""
    at_ms: int
    """When it came to this, by the store's clock."""
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of what its customer is known by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A booking of which the calendar has to be told. What is to be told is worked out when it is tried."""

    booking_id: str
    version: int
    """Grows with every change of the booking."""
    since_ms: int
    """Since when the calendar does not know."""
    due_ms: int
    """When to try, or to try again."""
    attempts: int = 0
    tried_at_ms: int | None = None
    """When an attempt began of which nobody knows how it ended."""
    tried_start: Minute | None = None
    """The start that it asked for; None: it was to cancel."""
    refused: str = ""
    """Why the calendar will not have it; it is not tried again until the booking changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """How far a project's calendar was read, and who is at it."""

    watermark_ms: int = 0
    """All that was updated before this, by the calendar's clock, is known."""
    worker: str = ""
    """Who syncs; "": nobody."""
    worker_until_ms: int = 0
    """When somebody else may take over, by the store's clock."""
    finished_ms: int = 0
    """When all was last read to the end; 0: never."""
    problem: str = ""
    """Why it did not come to an end the last time; "": it did."""
