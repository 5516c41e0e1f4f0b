"""Port of a transaction: one project's records, locked for writing."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from slotmcp.domain.attention import Attention
from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Claim, Hold
from slotmcp.domain.erasure import Erasure
from slotmcp.domain.interval import Minute
from slotmcp.domain.retention import Purged, Retention
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports.calendar import CalendarRecords

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Record of a request with an idempotency key.

    `key` is unique within its project, credential and use case. `request` is a fingerprint of the
    request, and `answer` the response as JSON of the use case.
    """

    use_case: str
    credential: str
    key: str
    request: str
    answer: str
    created_at_ms: int = field(default=0, compare=False)
    """Time of the transaction that added it, which the store sets."""


class ClaimConflict(Exception):  # noqa: N818  an expected refusal
    """The database rejected a claim by its constraint, because the technician's time is taken."""


class Transaction(Protocol):
    """A project's records, locked for writing until the unit of work ends.

    No other writer changes the project in the meantime. Everything is committed durably, or nothing is.
    Methods that change time or catalog increment the revision once per transaction and log the changed
    technician schedules, so that other processes reload only those.

    At most once per minute and process, the store also deletes a project's lapsed and released holds after a day,
    receipts after 30 days, closed waitlist entries 30 days after their window, and all but the newest events.
    """

    @property
    def now_ms(self) -> int:
        """Start of the transaction, by the store's clock: the current time of the unit of work."""

    @property
    def revision(self) -> int:
        """Project's revision after the writes of this transaction so far."""

    @property
    def calendar(self) -> CalendarRecords:
        """Records of the project's calendar.

        In a project with a calendar, `add_booking`, `confirm_hold` and a `save_booking` that changes time or
        technician, or cancels, add a due push to the calendar.
        """

    async def schedule(self) -> Schedule:
        """Return the schedule, with the writes of this transaction.

        Technician schedules that did not change since the store's last schedule are the same objects.
        """

    def pseudonym(self, text: str) -> str:
        """Return a keyed hash (HMAC-SHA256 with the project's secret salt, hex) of a personal reference."""

    async def lapse_holds(self) -> int:
        """Mark expired holds as lapsed, so that the constraint frees their time; return their number.

        Does not increment the revision: an expired hold takes no time.
        """

    async def hold(self, token: str) -> Hold | None:
        """Return the hold with a token in any state, even when it is booked by now."""

    async def holds(self, tokens: Collection[str]) -> Mapping[str, Hold]:
        """Return the holds with some tokens, in any state, by token, in one round trip."""

    async def hold_of_claim(self, claim_id: str) -> Hold | None:
        """Return the hold with a claim's id in any state, even when it is booked by now."""

    async def add_hold(self, hold: Hold) -> None:
        """Insert a hold, which takes time.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def move_hold(self, claim_id: str, technician_id: str) -> None:
        """Pin a live hold to another technician.

        Raises:
            ClaimConflict: that technician's time is taken by a live claim.
        """

    async def release_hold(self, claim_id: str) -> None:
        """Release a live or lapsed hold, so that it can no longer be booked."""

    async def withdraw_hold(self, claim_id: str) -> None:
        """Withdraw a hold that no technician can serve."""

    async def add_booking(self, booking: Booking) -> None:
        """Insert a booking without a hold, which takes time.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def add_bookings(self, added: Sequence[Booking]) -> None:
        """Insert bookings as `add_booking` does, in a few round trips however many they are.

        Raises:
            ClaimConflict: the technician's time of one of them is taken by a live claim, or by another of them.
        """

    async def confirm_hold(self, booking: Booking) -> None:
        """Turn the hold whose claim has the booking's id into that booking, in one update. It loses its terms.

        The hold may be live or lapsed, and its technician may change.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def save_booking(self, booking: Booking) -> None:
        """Replace a booking with its claim. A canceled booking takes no time.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def booking(self, booking_id: str) -> Booking | None:
        """Return a booking by id, in any status."""

    async def booking_claims(self, booking_ids: Collection[str]) -> Mapping[str, Claim]:
        """Return the claims of the bookings with some ids, in any status, by id, in one round trip."""

    async def bookings_by(self, contact_key: str) -> tuple[Booking, ...]:
        """Return the bookings with a contact key in any status, by start and id. Former keys do not count."""

    async def bookings_overlapping(
        self, contact_keys: Collection[str], *, service_id: str, start: Minute, end: Minute
    ) -> tuple[Booking, ...]:
        """Return the bookings of a service with one of these contact keys that overlap a span, by start and id.

        Former contact keys count. Canceled bookings take no time and are left out.
        """

    async def attention(self) -> Mapping[str, Attention]:
        """Return the attention of every booking that needs some, by booking id."""

    async def bookings_needing_attention(self) -> tuple[Booking, ...]:
        """Return the bookings that need attention and have not ended, by start and id."""

    async def set_attention(self, booking_id: str, attention: Attention) -> None:
        """Replace a booking's attention. Does not increment the revision: time and catalog stay."""

    async def erase_customer(self, contact_key: str) -> int:
        """Erase a customer; return the number of affected bookings and waitlist entries.

        Clears the customer, contact and call keys, pseudonym, terms, address, notes, cancellation reason and location
        of each booking, hold and waitlist entry with the key. Their time, technician, service and status stay. Open
        waitlist entries expire. The traces of these bookings and holds, and of the phone calls that made them, lose the
        call id and the area. Messages of the calendar that may quote the customer are replaced.
        """

    async def add_erasure(self, erasure: Erasure) -> None:
        """Log an erasure of this project. An older one of the same contact is replaced."""

    async def purge(self, retention: Retention, *, limit: int) -> Purged:
        """Delete at most `limit` rows of each kind whose retention is over; return their numbers.

        Bookings of the last MIN_BOOKING_DAYS stay, and those that a calendar event or a push refers to.
        Does not increment the revision: schedules do not contain these bookings.
        """

    async def add_waitlist_entry(self, entry: WaitlistEntry) -> None:
        """Insert a waitlist entry."""

    async def save_waitlist_entry(self, entry: WaitlistEntry) -> None:
        """Replace a waitlist entry."""

    async def waitlist_entry(self, entry_id: str) -> WaitlistEntry | None:
        """Return a waitlist entry by id, in any state."""

    async def waitlist_entries(self, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        """Return the waitlist entries in these states, in order of joining."""

    async def add_event(self, kind: str, subject_id: str) -> None:
        """Publish an event to every process after the commit, such as "waitlist.offered" for an entry."""

    async def receipt(self, use_case: str, credential: str, *keys: str) -> Receipt | None:
        """Return the receipt of the first of these idempotency keys that has one."""

    async def add_receipt(self, receipt: Receipt) -> None:
        """Insert or replace the receipt of an idempotency key."""

    async def save_project(self, project: Project) -> None:
        """Insert or replace the project's own row. A new project gets its salt here."""

    async def save_services(self, services: Sequence[ServiceType]) -> None:
        """Insert or replace services, in this order and before all others."""

    async def save_technicians(self, technicians: Sequence[Technician]) -> None:
        """Insert or replace technicians, in this order and before all others."""

    async def remove_services(self, service_ids: Sequence[str]) -> None:
        """Remove services from the catalog. Their bookings stay."""

    async def remove_technicians(self, technician_ids: Sequence[str]) -> None:
        """Remove technicians from the catalog. Their claims stay in the store, but not in the schedule."""

    async def add_busy(self, busy: Sequence[BusyTime]) -> None:
        """Insert outside busy times, except those that exist."""

    async def remove_busy(self, busy: Sequence[BusyTime]) -> None:
        """Delete outside busy times."""


Unit = Callable[[Transaction], Awaitable[T]]
"""Unit of work. It awaits only methods of the transaction, and the store may run it more than once."""
