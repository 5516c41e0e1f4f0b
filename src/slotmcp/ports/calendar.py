"""What slotmcp needs of a calendar service, and what it keeps of it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from slotmcp.domain.booking import Customer
from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CalendarEntry, CalendarEvent, DeferredEvent, Delivery, Push, SyncState
from slotmcp.domain.interval import Interval, Minute


class CalendarUnavailable(Exception):  # noqa: N818  the outside's fault, not ours
    """The calendar did not answer, or not now. Nobody knows whether it did what was asked."""

    def __init__(self, message: str, *, retry_after_ms: int = 0, is_outcome_unknown: bool = True) -> None:
        super().__init__(message)
        self.message = message
        """Without anything personal, and without a secret."""
        self.retry_after_ms = retry_after_ms
        """What it said; 0: nothing."""
        self.is_outcome_unknown = is_outcome_unknown
        """False: it is certain that it did nothing. It could not be reached, or said that it had too much to do."""


class CalendarRejected(Exception):  # noqa: N818
    """The calendar will not do it, however often it is asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        """Without anything personal, and without a secret."""


class InvalidSignature(Exception):  # noqa: N818
    """A message of which nobody knows who says it: it is not signed as it has to be."""


class MalformedDelivery(Exception):  # noqa: N818
    """A signed message that is not what the calendar is known to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """A booking that the calendar is to have."""

    booking_id: str
    project_id: str
    event_type_id: int
    start: Minute
    length_minutes: int | None
    """None: as long as the event type says."""
    customer: Customer
    timezone: str
    """The customer's IANA zone."""
    locale: str
    address: str = ""


class CalendarAccount(Protocol):
    """One account at the calendar service. Every method may raise CalendarUnavailable or CalendarRejected."""

    async def events_updated_after(self, after_ms: int, *, limit: int = 100) -> Sequence[CalendarEvent]:
        """What was updated after an instant of the calendar's clock, by when that was.

        `at_ms` of each is when it was updated. Fewer than the limit are all there are; of more there are at least so
        many, and they span at least two milliseconds, so that whoever asks again from the last comes further.
        """
        ...

    async def event(self, uid: str) -> CalendarEvent | None:
        """An event; None: there is none with that uid."""
        ...

    async def create(self, order: NewEvent) -> CalendarEvent:
        """Make an event. Asked twice, it makes two."""
        ...

    async def reschedule(self, uid: str, start: Minute, reason: str) -> CalendarEvent:
        """Give an event another start: the answer has another uid, and `replaces` this one."""
        ...

    async def cancel(self, uid: str, reason: str) -> CalendarEvent:
        """Call an event off."""
        ...

    async def busy_times(self, host: CalcomHost, within: Interval) -> Sequence[Interval]:
        """When the calendars that a host has connected are busy."""
        ...

    async def check(self) -> str:
        """Whose account it is, in a few words for the operator."""
        ...


class Calendar(Protocol):
    """A calendar service."""

    def has_valid_signature(self, body: bytes, signature: str, secrets: Sequence[str]) -> bool:
        """Whether a message was signed with one of the secrets, in a time that tells nothing of them."""
        ...

    def parse_delivery(self, body: bytes) -> Delivery:
        """What a message says.

        Raises:
            MalformedDelivery.
        """
        ...

    def account(self, api_key: str) -> AbstractAsyncContextManager[CalendarAccount]:
        """An account, to be asked until the block ends."""
        ...


class Secrets(Protocol):
    """Knows the secrets that project files name."""

    def __call__(self, name: str) -> str:
        """The secret that a variable of the environment holds; "": there is none."""
        ...


class CalendarRecords(Protocol):
    """What is kept of a project's calendar, within a transaction. None of it moves the revision."""

    async def record_delivery(self, digest: str) -> bool:
        """Remember that a delivery came, for 30 days; False: it came before."""
        ...

    async def entry(self, uid: str) -> CalendarEntry | None:
        """An event by its uid, whatever became of it."""
        ...

    async def entries_in_series(self, series: str) -> tuple[CalendarEntry, ...]:
        """The events of a series, by uid; none where it is ""."""
        ...

    async def entries_of_booking(self, booking_id: str) -> tuple[CalendarEntry, ...]:
        """The events that are a booking, by uid: one that is not over, and those that it replaced."""
        ...

    async def successors(self, uid: str) -> tuple[CalendarEntry, ...]:
        """The events that replaced one, by uid: one, unless the calendar erred."""
        ...

    async def open_entries(self, end_after: Minute) -> tuple[CalendarEntry, ...]:
        """The events that are not over and end after a minute, by start and uid."""
        ...

    async def save_entry(self, entry: CalendarEntry) -> None:
        """Keep an event, in place of what was known of it."""
        ...

    async def defer(self, deferred: DeferredEvent) -> None:
        """Put an event aside, in place of what was put aside of it."""
        ...

    async def deferred_events(self, uid: str = "") -> tuple[DeferredEvent, ...]:
        """What was put aside, of one event or of all, in the order in which it came."""
        ...

    async def remove_deferred(self, uid: str) -> bool:
        """Take an event out of what was put aside; whether it was there."""
        ...

    async def push(self, booking_id: str) -> Push | None:
        """What the calendar has to be told of a booking, if it has to."""
        ...

    async def request_push(self, booking_id: str) -> None:
        """Have the calendar told of a booking, from now on; where that is due already, of what it has become."""
        ...

    async def save_push(self, push: Push) -> None:
        """Remember how telling the calendar went; the version that is kept stays."""
        ...

    async def complete_push(self, booking_id: str, version: int) -> bool:
        """The calendar knows, as of a version; False: the booking has changed since, and it has to be told again."""
        ...

    async def sync_state(self) -> SyncState:
        """How far the calendar was read."""
        ...

    async def save_sync_state(self, state: SyncState) -> None:
        """Remember how far the calendar was read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarView:
    """What is kept of a project's calendar, for whoever looks."""

    entries: tuple[CalendarEntry, ...]
    """Events that are not over and end after now, by start and uid."""
    deferred: tuple[DeferredEvent, ...]
    pushes: tuple[Push, ...]
    """By when they are due."""
    sync: SyncState
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarWork:
    """What there is to do for a project's calendar."""

    due: tuple[str, ...]
    """Bookings of which it can be told now, a hundred at most; those that wait longest first."""
    sync: SyncState
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarBacklog:
    """How far a project's calendar is behind."""

    due: int
    """Bookings of which it does not know yet."""
    oldest_since_ms: int | None
    """Since when it has not known of one; None: it knows all."""
    refused: int
    """Bookings that it will not have."""
    deferred: int
    """Events that were put aside."""
    finished_ms: int
    """When it was last read to its end; 0: never."""
