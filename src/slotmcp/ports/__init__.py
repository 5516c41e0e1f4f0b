"""Ports: what the services require of adapters. The docstrings are the specification; adapters do not repeat it."""

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
    """Clock of a store. All other code takes the current time from the store."""

    def now_ms(self) -> int:
        """Return the milliseconds since the Unix epoch."""


class Ids(Protocol):
    """Generator of ids and tokens."""

    def new_id(self) -> str:
        """Return a unique id that sorts by creation time (a ULID)."""

    def new_token(self) -> str:
        """Return an unguessable bearer secret: at least 128 random bits, URL-safe."""


@dataclass(frozen=True, slots=True)
class Head:
    """Newest committed revision of a project, with the store's current time."""

    revision: int
    now_ms: int


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
    """A stored access key, with the store's current time."""

    key: AccessKey
    secret_hash: str
    """SHA-256 of the secret, in hex."""
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

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        """Return the schedule at exactly that revision, if it is stored."""

    async def save_snapshot(self, schedule: Schedule) -> None:
        """Store a committed schedule for other servers, unless a schedule of the project was stored a moment ago."""

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        """Share a revision that the database had `age_ms` ago, unless a newer one is already shared."""

    async def publish(self, notice: ChangeNotice) -> None:
        """Share the revision of a write that was just committed, and send its notice to every subscriber."""

    def subscribe(self, handler: Callable[[ChangeNotice], None]) -> None:
        """Call the handler with every notice from now on, this server's own included. Notices may be lost."""


class LiveHolds(Protocol):
    """Shared, lossy set of live holds, by token. Never the authority.

    It may lose any entry at any time, so a hold that it does not contain may still be live. No method raises, and
    none waits long. Neither a token nor a customer can be read from it.
    """

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        """Add a hold until it expires; `now_ms` is the store's."""

    async def remove(self, project_id: str, token: str) -> None:
        """Remove a hold that was booked or released."""

    async def contains(self, project_id: str, token: str) -> bool:
        """Return whether a hold with this token is in the set; if it is, the hold exists."""


class Travel(Protocol):
    """Source of travel times by road."""

    async def times(self, project: Project, location: Location, places: Collection[Location]) -> TravelTimes:
        """Return the travel times between a location and each of several places, in both directions.

        Never raises and never waits long: times that are not available in time are estimated with the
        project's travel policy.
        """

    def cached_times(self, project: Project) -> TravelTimes:
        """Return cached travel times without blocking; all others are estimated."""


class Transaction(Protocol):
    """A project's records, locked for writing until the unit of work ends.

    No other writer changes the project in the meantime. Everything is committed durably, or nothing is.
    Methods that change time or catalog increment the revision once per transaction and log the changed
    technician schedules, so that other processes reload only those.
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

        Deletes lapsed and released holds after a day, receipts after 30 days, and closed waitlist entries
        30 days after their window. Does not increment the revision: an expired hold takes no time.
        """

    async def hold(self, token: str) -> Hold | None:
        """Return the hold with a token in any state, even when it is booked by now."""

    async def live_holds_of(self, customer_pseudonym: str) -> int:
        """Return the number of a customer's live holds in the project."""

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
        """Release a live or lapsed hold for its caller; its token becomes invalid."""

    async def withdraw_hold(self, claim_id: str) -> None:
        """Withdraw a hold that no technician can serve."""

    async def add_booking(self, booking: Booking) -> None:
        """Insert a booking without a hold, which takes time.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def confirm_hold(self, booking: Booking) -> None:
        """Turn the hold whose claim has the booking's id into that booking, in one update.

        The hold may be live or lapsed, and its technician may change.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def save_booking(self, booking: Booking) -> None:
        """Replace a booking with its claim. A cancelled booking takes no time.

        Raises:
            ClaimConflict: the technician's time is taken by a live claim.
        """

    async def booking(self, booking_id: str) -> Booking | None:
        """Return a booking by id, in any status."""

    async def bookings_by(self, contact_key: str) -> tuple[Booking, ...]:
        """Return the bookings with a contact key in any status, by start and id."""

    async def forget(self, contact_key: str) -> int:
        """Erase a customer; return the number of affected bookings and waitlist entries.

        Clears the customer, contact keys, pseudonym, address, notes, cancellation reason and location of each
        booking, hold and waitlist entry with the key. Their time, technician, service and status stay. Open
        waitlist entries expire.
        """

    async def add_wait(self, wait: WaitlistEntry) -> None:
        """Insert a waitlist entry."""

    async def save_wait(self, wait: WaitlistEntry) -> None:
        """Replace a waitlist entry."""

    async def wait(self, wait_id: str) -> WaitlistEntry | None:
        """Return a waitlist entry by id, in any state."""

    async def waits(self, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        """Return the waitlist entries in these states, in order of joining."""

    async def add_event(self, kind: str, subject_id: str) -> None:
        """Publish an event to every process after the commit, such as "waitlist.offered" for an entry."""

    async def receipt(self, use_case: str, credential: str, key: str) -> Receipt | None:
        """Return the receipt of an idempotency key, if there is one."""

    async def add_receipt(self, receipt: Receipt) -> None:
        """Insert or replace the receipt of an idempotency key."""

    async def save_project(self, project: Project) -> None:
        """Insert or replace the project's own row. A new project gets its salt here."""

    async def save_services(self, services: Sequence[ServiceType]) -> None:
        """Insert or replace services, ordered as given and before all others."""

    async def save_technicians(self, technicians: Sequence[Technician]) -> None:
        """Insert or replace technicians, ordered as given and before all others."""

    async def remove_services(self, service_ids: Sequence[str]) -> None:
        """Remove services from the catalog. Their bookings stay."""

    async def remove_technicians(self, technician_ids: Sequence[str]) -> None:
        """Remove technicians from the catalog. Their claims stay in the store, but not in the schedule."""

    async def add_busy(self, busy: Sequence[BusyTime]) -> None:
        """Insert outside busy times, except those that exist."""

    async def remove_busy(self, busy: Sequence[BusyTime]) -> None:
        """Delete outside busy times."""


Unit = Callable[[Transaction], Awaitable[T]]
"""Unit of work. It awaits only methods of the transaction, and may run more than once."""


class ScheduleReader(Protocol):
    """Reader of the newest committed revisions and schedules."""

    async def heads(self) -> Mapping[str, Head]:
        """Return the head of every project, sorted by id, in one cheap round trip."""

    async def head(self, project_id: str) -> Head:
        """Return a project's head, in one cheap round trip.

        Raises:
            NotFound: there is no such project; `nearest` lists ids like it.
            Unavailable: the database does not answer in time.
        """

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        """Return the newest committed schedule, read in one snapshot.

        With `known`, an earlier schedule, only the changes since its revision are read, and the
        technician schedules that did not change are the same objects.

        Raises:
            NotFound: there is no such project.
            Unavailable: the database does not answer in time.
        """


class Store(ScheduleReader, Traces, Protocol):
    """Authority on the schedule of every project. Processes share it; the death of one does no harm."""

    @property
    def connections_in_use(self) -> int:
        """Return the number of this process's database connections in use now; 0 without a pool."""

    def subscribe(self, handler: CommitHandler) -> None:
        """Await the handler after each commit of this process that moved a revision or added an event.

        `write` returns after the handler has. A write whose caller was cancelled may be committed without it.
        """

    async def project_ids(self) -> tuple[str, ...]:
        """Return the ids of all projects, sorted."""

    async def bookings(self, project_id: str, within: Interval | None = None) -> tuple[Booking, ...]:
        """Return the project's bookings that are not cancelled and overlap `within`, by start and id."""

    async def booking(self, project_id: str, booking_id: str) -> Booking | None:
        """Return a booking by id, in any status."""

    async def bookings_by(self, project_id: str, reference: str) -> tuple[Booking, ...]:
        """Return the bookings whose contact keys include the pseudonym of a reference, by start and id."""

    async def hold(self, project_id: str, token: str) -> Hold | None:
        """Return the hold with a token in any state, even when it is booked by now."""

    async def wait(self, project_id: str, wait_id: str) -> WaitlistEntry | None:
        """Return a waitlist entry by id, in any state."""

    async def waits(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        """Return the waitlist entries in these states, in order of joining."""

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        """Return the committed events after a number, in order."""

    async def calendar(self, project_id: str) -> CalendarView:
        """Return the calendar records of a project; empty if it has no calendar.

        Raises:
            Unavailable: the database does not answer in time.
        """

    async def calendar_work(self, project_id: str) -> CalendarWork:
        """Return the pending work for a project's calendar, in one cheap round trip.

        Raises:
            Unavailable: the database does not answer in time.
        """

    async def calendar_backlogs(self) -> Mapping[str, CalendarBacklog]:
        """Return the backlog of the first hundred connected calendars by project, sorted, in one cheap round trip.

        Raises:
            Unavailable: the database does not answer in time.
        """

    async def calendar_projects(self) -> tuple[str, ...]:
        """Return the projects with a calendar, sorted."""

    async def add_access_key(self, key: AccessKey, secret_hash: str) -> None:
        """Insert an access key of an existing project durably, with the SHA-256 of its secret in hex.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def access_key(self, key_id: str) -> StoredKey | None:
        """Return an access key by id, expired and revoked ones included, in one cheap round trip and never cached.

        Raises:
            Unavailable: the database does not answer in time.
        """

    async def access_keys(self) -> tuple[AccessKey, ...]:
        """Return all access keys, expired and revoked ones included, in order of creation."""

    async def revoke_access_key(self, key_id: str, at_ms: int) -> bool:
        """Revoke an access key durably; return False if there is none with that id.

        A key that is already revoked keeps its time of revocation.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def now_ms(self) -> int:
        """Return the store's current time, in milliseconds since the Unix epoch."""

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        """Run a unit of work under the project's lock and commit it durably.

        An exception of the unit propagates, and none of its writes are kept. With `create` the project may be
        new: the unit then calls `save_project` first.

        Raises:
            NotFound: there is no such project (without `create`).
            Unavailable: the lock was not acquired in time, or the database is not available; nothing was written.
        """


class ClaimConflict(Exception):  # noqa: N818  an expected refusal
    """The database's constraint rejected a claim because the technician's time is taken."""
