"""Ports of external calendars: the calendar service, and the store of its events."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from slotmcp.domain.booking import Customer
from slotmcp.domain.calcom import CalcomHost
from slotmcp.domain.calendar import CalendarEntry, CalendarEvent, DeferredEvent, Delivery, Push, SyncState
from slotmcp.domain.interval import Interval, Minute


class CalendarError(Exception):
    """Failed request to the calendar."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        """Clause with the calendar as subject ("it ..."), without personal data and secrets."""


class CalendarRejected(CalendarError):  # noqa: N818
    """Permanent rejection of a request."""


class CalendarUnavailable(CalendarError):  # noqa: N818
    """Temporary failure: the request may be repeated later."""

    def __init__(self, message: str, *, retry_after_ms: int = 0, is_outcome_unknown: bool = True) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms
        """Delay requested by the calendar; 0: none."""
        self.is_outcome_unknown = is_outcome_unknown
        """False if the request had no effect, because it was not sent or was rate-limited."""


class InvalidSignature(Exception):  # noqa: N818
    """Delivery whose signature no secret of the project made."""


class MalformedDelivery(Exception):  # noqa: N818
    """Signed delivery with an unknown format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Event to create for a booking."""

    booking_id: str
    project_id: str
    event_type_id: int
    start: Minute
    length_minutes: int | None
    """None: the length of the event type."""
    customer: Customer
    timezone: str
    """IANA time zone of the customer."""
    locale: str
    address: str = ""


class CalendarAccount(Protocol):
    """One account at the calendar service. Every method may raise CalendarError."""

    async def events_updated_after(self, after_ms: int, *, limit: int = 100) -> Sequence[CalendarEvent]:
        """Return the events updated after an instant of the calendar's clock, by time of update (`at_ms`).

        A result below the limit is complete. Any other result spans at least two milliseconds, even if it then
        exceeds the limit, so that the caller can continue after the last event.
        """

    async def event(self, uid: str) -> CalendarEvent | None:
        """Return an event, or None if no event has the uid."""

    async def create(self, new_event: NewEvent) -> CalendarEvent:
        """Create an event. Not idempotent: each call creates one."""

    async def reschedule(self, uid: str, start: Minute, reason: str) -> CalendarEvent:
        """Move an event to another start; return the new event, which has another uid and `replaces` this one."""

    async def cancel(self, uid: str, reason: str) -> CalendarEvent:
        """Cancel an event."""

    async def busy_times(self, host: CalcomHost, within: Interval) -> Sequence[Interval]:
        """Return the busy times in the calendars that a host has connected."""

    async def name(self) -> str:
        """Return the name of the account's user for operators."""


class Calendar(Protocol):
    """Client of a calendar service."""

    def has_valid_signature(self, body: bytes, signature: str, secrets: Sequence[str]) -> bool:
        """Return whether one of the secrets made the signature, in constant time."""

    def parse_delivery(self, body: bytes) -> Delivery:
        """Parse the body of a webhook delivery.

        Raises:
            MalformedDelivery.
        """

    def account(self, api_key: str) -> AbstractAsyncContextManager[CalendarAccount]:
        """Open an account until the block ends."""


class Secrets(Protocol):
    """Lookup of the secrets that project files name."""

    def __call__(self, name: str) -> str:
        """Return the secret in an environment variable; "" if it is not set."""


class CalendarRecords(Protocol):
    """Stored records of a project's calendar, within a transaction. Changes do not move the revision."""

    async def record_delivery(self, digest: str) -> bool:
        """Record a delivery for 30 days; return False if it was recorded before."""

    async def entry(self, uid: str) -> CalendarEntry | None:
        """Return the entry of an event in any status."""

    async def entries_in_series(self, series: str) -> tuple[CalendarEntry, ...]:
        """Return the entries of a series, by uid; none if the series is ""."""

    async def entries_of_booking(self, booking_id: str) -> tuple[CalendarEntry, ...]:
        """Return the entries of a booking's events, by uid, including those that were replaced or are over."""

    async def successors(self, uid: str) -> tuple[CalendarEntry, ...]:
        """Return the entries of the events that replaced an event, by uid; a correct calendar has at most one."""

    async def open_entries(self, end_after: Minute) -> tuple[CalendarEntry, ...]:
        """Return the entries of events that are not over and end after a minute, by start and uid."""

    async def save_entry(self, entry: CalendarEntry) -> None:
        """Insert or replace the entry of an event."""

    async def defer(self, deferred: DeferredEvent) -> None:
        """Insert or replace a deferred event."""

    async def deferred_events(self, uid: str = "") -> tuple[DeferredEvent, ...]:
        """Return the deferred event with a uid, or all of them, in the order in which they were deferred."""

    async def remove_deferred(self, uid: str) -> bool:
        """Remove a deferred event; return False if there was none."""

    async def push(self, booking_id: str) -> Push | None:
        """Return the pending push of a booking."""

    async def request_push(self, booking_id: str, *, renews: bool = False) -> None:
        """Make a push of a booking due now; one that is pending gets a new version and is no longer refused.

        With `renews` the push replaces the event by a new one. A pending push that renews continues to do so.
        """

    async def save_push(self, push: Push) -> None:
        """Save the progress of a push, except its version."""

    async def complete_push(self, booking_id: str, version: int) -> bool:
        """Remove a push that still has this version; return False if the booking has changed since."""

    async def sync_state(self) -> SyncState:
        """Return the state of reconciliation."""

    async def save_sync_state(self, state: SyncState) -> None:
        """Save the state of reconciliation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarView:
    """Everything stored about a project's calendar."""

    entries: tuple[CalendarEntry, ...]
    """Events that are not over and end after now, by start and uid."""
    deferred: tuple[DeferredEvent, ...]
    pushes: tuple[Push, ...]
    """Pending pushes, by due time."""
    sync: SyncState
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarWork:
    """Pending work for a project's calendar."""

    due: tuple[str, ...]
    """Up to 100 bookings to push now, the longest waiting first."""
    sync: SyncState
    now_ms: int
