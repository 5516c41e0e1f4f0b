"""What slotmcp needs from outside. The docstrings are the specification; adapters do not repeat it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from slotmcp.domain.access import AccessKey
from slotmcp.domain.booking import Booking
from slotmcp.domain.catalog import Location, Project, ServiceType, Technician
from slotmcp.domain.claim import BusyTime, Hold
from slotmcp.domain.interval import Interval
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.engine.travel import TravelTimes
from slotmcp.ports.calendar import CalendarBacklog, CalendarRecords, CalendarView, CalendarWork
from slotmcp.ports.traces import Traces

T = TypeVar("T")


class Clock(Protocol):
    """What time it is. Only a store asks it; everybody else is handed the store's now."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        ...


class Ids(Protocol):
    """New names for new things."""

    def new_id(self) -> str:
        """A unique id that sorts by the time it was made (a ULID)."""
        ...

    def new_token(self) -> str:
        """A bearer secret that cannot be guessed: at least 128 random bits, URL-safe."""
        ...


@dataclass(frozen=True, slots=True)
class Head:
    """Where a project stands: its newest committed revision, and the store's now."""

    revision: int
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an idempotency key once did.

    `key` is unique within its project, credential and use case; `request` is a fingerprint of the
    request that came with it; `answer` is JSON that its use case wrote and can read back.
    """

    use_case: str
    credential: str
    key: str
    request: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEvent:
    """Event in a project that every process can read."""

    number: int
    """Increasing with time within a project."""
    kind: str
    subject_id: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """An access key as it is kept, and the store's now."""

    key: AccessKey
    secret_hash: str
    """The SHA-256 of its secret, in hex."""
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Number of calls allowed in a minute. The calls of one minute may arrive in one burst."""

    per_minute: int


class RateLimiter(Protocol):
    """Counter of calls by name."""

    async def acquire(self, name: str, rate: Rate) -> int:
        """Count a call and return 0 if it is allowed; otherwise return the milliseconds to wait, and count nothing.

        Never raises and never waits long: while the count is unavailable, the call is allowed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNotice:
    """Notice to the fleet of a committed write."""

    project_id: str
    revision: int
    newest_event: int = 0
    """Number of the newest event that the write added; 0: none."""


CommitHandler = Callable[[ChangeNotice], Awaitable[None]]


class Fleet(Protocol):
    """Shared, lossy memory of the servers that use one database: revisions and schedules. Never the authority.

    It may lose any entry at any time. No method raises, and none waits long: a value that is not available in time
    is None.
    """

    async def revision(self, project_id: str) -> int | None:
        """Return the newest revision that a server read or committed within the last second, in one round trip."""
        ...

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        """Return the schedule at exactly that revision, if it is stored."""
        ...

    async def save_snapshot(self, schedule: Schedule) -> None:
        """Store a committed schedule for other servers, unless a schedule of the project was stored a moment ago."""
        ...

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        """Share a revision that the database had `age_ms` ago, unless a newer one is already shared."""
        ...

    async def publish(self, notice: ChangeNotice) -> None:
        """Share the revision of a write that was just committed, and send its notice to every subscriber."""
        ...

    def subscribe(self, handler: Callable[[ChangeNotice], None]) -> None:
        """Call the handler with every notice from now on, this server's own included. Notices may be lost."""
        ...


class LiveHolds(Protocol):
    """Shared, lossy set of live holds, by token. Never the authority.

    It may lose any entry at any time, so a hold that it does not contain may still be live. No method raises, and
    none waits long. Neither a token nor a customer can be read from it.
    """

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        """Add a hold until it expires; `now_ms` is the store's."""
        ...

    async def remove(self, project_id: str, token: str) -> None:
        """Remove a hold that was booked or released."""
        ...

    async def contains(self, project_id: str, token: str) -> bool:
        """Return whether a hold with this token is in the set; if it is, the hold exists."""
        ...


class Travel(Protocol):
    """Knows how long ways take, better than an estimate."""

    async def times(self, project: Project, location: Location, places: Collection[Location]) -> TravelTimes:
        """The ways between a location and each of some places, there and back.

        Never raises and never waits long: what is not known in time is estimated by the project's travel policy.
        """
        ...

    def cached_times(self, project: Project) -> TravelTimes:
        """Whatever it has told before, for who cannot wait; all other ways are estimated."""
        ...


class Transaction(Protocol):
    """One project's book, locked for writing until the unit of work ends.

    Nobody else writes to the project meanwhile. All of it is committed, durably, or nothing is.
    Methods that change time or catalog move the revision once for the whole transaction and log which
    diaries changed, so that other processes reload just those.
    """

    @property
    def now_ms(self) -> int:
        """When the transaction began, by the store's clock. The unit's only now."""
        ...

    @property
    def revision(self) -> int:
        """The project's revision as this transaction leaves it so far."""
        ...

    @property
    def calendar(self) -> CalendarRecords:
        """What is kept of the project's calendar.

        Where the project is connected to one, `add_booking`, `confirm_hold` and a `save_booking` that changes time or
        technician, or cancels, make a push due: the calendar has to be told.
        """
        ...

    async def schedule(self) -> Schedule:
        """The book as this transaction sees it, its own writes included.

        Diaries that did not change since the last book that this store gave are the same objects.
        """
        ...

    def pseudonym(self, text: str) -> str:
        """A keyed hash (HMAC-SHA256 with the project's secret salt, hex) of a personal reference."""
        ...

    async def lapse_holds(self) -> int:
        """Mark holds that have expired as lapsed, so that the constraint lets their time be taken; say how many.

        Forgets lapsed and released holds after a day, receipts after 30, and waits that are over 30 days after
        their window. Does not move the revision: an expired hold took no time already.
        """
        ...

    async def hold(self, token: str) -> Hold | None:
        """The hold with this token, whatever its state; its claim's state may be booked by now."""
        ...

    async def live_holds_of(self, customer_pseudonym: str) -> int:
        """How many live holds this customer has in the project."""
        ...

    async def add_hold(self, hold: Hold) -> None:
        """Take time with a hold.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """
        ...

    async def move_hold(self, claim_id: str, technician_id: str) -> None:
        """Pin a live hold to another technician.

        Raises:
            ClaimConflict: that technician's time is taken by a live claim.
        """
        ...

    async def release_hold(self, claim_id: str) -> None:
        """Give a hold back, live or lapsed, at its caller's wish: its token is of no use any more."""
        ...

    async def withdraw_hold(self, claim_id: str) -> None:
        """Take a hold's time back, because nobody is left who could serve it."""
        ...

    async def add_booking(self, booking: Booking) -> None:
        """Take time with a booking that no hold came before.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """
        ...

    async def confirm_hold(self, booking: Booking) -> None:
        """Turn the hold whose claim has the booking's id into that booking, in one update.

        The hold may be live or lapsed; its technician may change with it.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """
        ...

    async def save_booking(self, booking: Booking) -> None:
        """Replace all that is known of a booking, its claim included; a cancelled one takes no time.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """
        ...

    async def booking(self, booking_id: str) -> Booking | None:
        """A booking by its id, whatever its status."""
        ...

    async def bookings_by(self, contact_key: str) -> tuple[Booking, ...]:
        """The bookings with this contact key, by start and id, whatever their status."""
        ...

    async def forget(self, contact_key: str) -> int:
        """Erase a customer; say from how many bookings and waits.

        Of each booking, hold and wait with the key go the customer, contact keys, pseudonym, address, notes, reason
        for cancelling and place; its time, technician, service and status stay. A wait that was open has expired.
        """
        ...

    async def add_wait(self, wait: WaitlistEntry) -> None:
        """Put somebody on the waitlist."""
        ...

    async def save_wait(self, wait: WaitlistEntry) -> None:
        """Replace all that is known of a wait."""
        ...

    async def wait(self, wait_id: str) -> WaitlistEntry | None:
        """A wait by its id, whatever its state."""
        ...

    async def waits(self, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        """Waits in these states, in the order in which they were joined."""
        ...

    async def add_event(self, kind: str, subject_id: str) -> None:
        """Tell every process, when this is committed, that something happened: "waitlist.offered" to a wait, say."""
        ...

    async def receipt(self, use_case: str, credential: str, key: str) -> Receipt | None:
        """What this key did before, if anything."""
        ...

    async def add_receipt(self, receipt: Receipt) -> None:
        """Remember what a key did, in place of what it did before."""
        ...

    async def save_project(self, project: Project) -> None:
        """Insert or replace the project's own row. A new project gets its salt here."""
        ...

    async def save_services(self, services: Sequence[ServiceType]) -> None:
        """Insert or replace these services, and put all into this order, others after them."""
        ...

    async def save_technicians(self, technicians: Sequence[Technician]) -> None:
        """Insert or replace these technicians, and put all into this order, others after them."""
        ...

    async def remove_services(self, service_ids: Sequence[str]) -> None:
        """Take services out of the catalog. Their bookings stay."""
        ...

    async def remove_technicians(self, technician_ids: Sequence[str]) -> None:
        """Take technicians out of the catalog. Their claims stay in the store, not in the book."""
        ...

    async def add_busy(self, busy: Sequence[BusyTime]) -> None:
        """Add outside busy times; one that is there already is left alone."""
        ...

    async def remove_busy(self, busy: Sequence[BusyTime]) -> None:
        """Remove outside busy times."""
        ...


Unit = Callable[[Transaction], Awaitable[T]]
"""A unit of work: awaits the transaction's methods and nothing else, and may be run more than once."""


class ScheduleReader(Protocol):
    """Reader of the newest committed revisions and schedules."""

    async def heads(self) -> Mapping[str, Head]:
        """Return the head of every project, sorted by id, in one cheap round trip."""
        ...

    async def head(self, project_id: str) -> Head:
        """Return a project's head, in one cheap round trip.

        Raises:
            NotFound: there is no such project; `nearest` lists ids like it.
            Unavailable: the database does not answer in time.
        """
        ...

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        """Return the newest committed schedule, read in one snapshot.

        With `known`, an earlier schedule of the project, only the changes since its revision are read, and the
        technician schedules that did not change are the same objects.

        Raises:
            NotFound: there is no such project.
            Unavailable: the database does not answer in time.
        """
        ...


class Store(ScheduleReader, Traces, Protocol):
    """Authority on the schedule of every project. Processes share it; the death of one does no harm."""

    @property
    def connections_in_use(self) -> int:
        """Return the number of this process's database connections in use now; 0 without a pool."""
        ...

    def subscribe(self, handler: CommitHandler) -> None:
        """Await the handler after each commit of this process that moved a revision or added an event.

        `write` returns after the handler has. A write whose caller was cancelled may be committed without it.
        """
        ...

    async def project_ids(self) -> tuple[str, ...]:
        """Return the ids of all projects, sorted."""
        ...

    async def bookings(self, project_id: str, within: Interval | None = None) -> tuple[Booking, ...]:
        """All of the project's bookings that are not cancelled, by start and id; `within`: that overlap a time."""
        ...

    async def booking(self, project_id: str, booking_id: str) -> Booking | None:
        """A booking by its id, whatever its status."""
        ...

    async def bookings_by(self, project_id: str, reference: str) -> tuple[Booking, ...]:
        """The bookings whose contact keys include the pseudonym of a reference, by start and id."""
        ...

    async def hold(self, project_id: str, token: str) -> Hold | None:
        """The hold with this token, whatever its state; its claim's state may be booked by now."""
        ...

    async def wait(self, project_id: str, wait_id: str) -> WaitlistEntry | None:
        """A wait by its id, whatever its state."""
        ...

    async def waits(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        """Waits in these states, in the order in which they were joined."""
        ...

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        """Committed events with a larger number, in order."""
        ...

    async def calendar(self, project_id: str) -> CalendarView:
        """What is kept of a project's calendar; nothing where it has none.

        Raises:
            Unavailable: the database does not answer in time.
        """
        ...

    async def calendar_work(self, project_id: str) -> CalendarWork:
        """What there is to do for a project's calendar: a cheap trip.

        Raises:
            Unavailable: the database does not answer in time.
        """
        ...

    async def calendar_backlogs(self) -> Mapping[str, CalendarBacklog]:
        """How far calendars are behind, by project, sorted; of the first hundred that are connected: a cheap trip.

        Raises:
            Unavailable: the database does not answer in time.
        """
        ...

    async def calendar_projects(self) -> tuple[str, ...]:
        """The projects that are connected to a calendar, sorted."""
        ...

    async def add_access_key(self, key: AccessKey, secret_hash: str) -> None:
        """Keep a new access key, durably, with the SHA-256 of its secret in hex. Its project is one that there is.

        Raises:
            Unavailable: the database is away; nothing was written.
        """
        ...

    async def access_key(self, key_id: str) -> StoredKey | None:
        """An access key by its id, whatever became of it: one cheap trip, never from a memory of an earlier one.

        Raises:
            Unavailable: the database does not answer in time.
        """
        ...

    async def access_keys(self) -> tuple[AccessKey, ...]:
        """All access keys, the expired and the revoked too, in the order in which they were made."""
        ...

    async def revoke_access_key(self, key_id: str, at_ms: int) -> bool:
        """Let an access key open nothing any more, durably; False: there is none with that id.

        One that was revoked before stays revoked since then.

        Raises:
            Unavailable: the database is away; nothing was written.
        """
        ...

    async def now_ms(self) -> int:
        """The store's now, in milliseconds since the Unix epoch."""
        ...

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        """Run a unit of work under the project's lock and commit it durably.

        What the unit raises is raised here, and nothing of it is kept. With `create` the project may be
        new: the unit then calls `save_project` before anything else.

        Raises:
            NotFound: there is no such project (without `create`).
            Unavailable: the lock was not had in time, or the database is away; nothing was written.
        """
        ...


class ClaimConflict(Exception):  # noqa: N818  a named constraint, not a failure of ours
    """The database's own constraint refused a claim: the technician's time is taken."""
