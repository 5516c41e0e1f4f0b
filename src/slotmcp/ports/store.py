"""Port of the store: schedules, bookings, waitlists, events, calendars and access keys of all projects."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from slotmcp.domain.access import AccessKey, DashboardSession
from slotmcp.domain.booking import Booking
from slotmcp.domain.calendar import CalendarBacklog
from slotmcp.domain.catalog import Location
from slotmcp.domain.claim import Claim, Hold
from slotmcp.domain.erasure import CleanupReport, Erasure
from slotmcp.domain.interval import Interval, Minute
from slotmcp.domain.retention import Purged, Retention
from slotmcp.domain.schedule import Schedule
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports.calendar import CalendarView, CalendarWork
from slotmcp.ports.fleet import CommitHandler
from slotmcp.ports.project_memory import ProjectMemory
from slotmcp.ports.traces import Traces
from slotmcp.ports.transaction import Unit

T = TypeVar("T")
BookingPages: TypeAlias = AsyncIterator[Sequence[Booking]]


@dataclass(frozen=True, slots=True)
class Head:
    """Newest committed revision of a project, with the store's current time."""

    revision: int
    now_ms: int


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


class ScheduleReader(Protocol):
    """Reader of the newest committed revisions and schedules."""

    async def only_head(self) -> tuple[str, Head]:
        """Return the id and the head of the only project, in one cheap round trip.

        Raises:
            InvalidArgument: there is no project, or more than one.
            Unavailable: the database does not respond in time.
        """

    async def head(self, project_id: str) -> Head:
        """Return a project's head, in one cheap round trip.

        Raises:
            NotFound: there is no such project; `nearest` lists similar ids.
            Unavailable: the database does not respond in time.
        """

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        """Return the newest committed schedule, read in one snapshot.

        With an earlier schedule as `known`, only the changes since its revision are read. Technician schedules that
        did not change are the same objects.

        Raises:
            NotFound: there is no such project.
            Unavailable: the database does not respond in time.
        """


class Store(ScheduleReader, Traces, Protocol):
    """Authoritative store of all projects. Several processes may share it, and any of them may crash."""

    @property
    def project_memory(self) -> ProjectMemory:
        """Return the memory for everything that this process keeps per project, also outside of the store."""

    @property
    def connections_in_use(self) -> int:
        """Return the number of this process's database connections in use now; 0 without a pool."""

    @property
    def locks_all_projects(self) -> bool:
        """Return True if a write to one project also locks the others."""

    def subscribe(self, handler: CommitHandler) -> None:
        """Subscribe to the commits of this process that increment a revision or add an event.

        `write` awaits the handler after the commit. If its caller was cancelled, the handler may not be called.
        """

    async def project_ids(self) -> tuple[str, ...]:
        """Return the ids of all projects, sorted."""

    async def heads(self) -> Mapping[str, Head]:
        """Return the head of every project, sorted by id."""

    async def bookings(self, project_id: str, within: Interval | None = None) -> tuple[Booking, ...]:
        """Return the project's bookings that are not canceled and overlap `within`, by start and id."""

    async def bookings_needing_attention(self, project_id: str, after: Minute) -> tuple[Booking, ...]:
        """Return the bookings that need attention and end after a minute, by start and id."""

    async def scan_bookings(self, project_id: str, read: Callable[[BookingPages], Awaitable[T]]) -> T:
        """Pass the project's bookings that are not canceled to `read`, by id, and return its result.

        All pages are of one snapshot. `read` may await only the next page. It is called again if the connection breaks.
        """

    async def booking(self, project_id: str, booking_id: str) -> Booking | None:
        """Return a booking by id, in any status."""

    async def booking_claims(self, project_id: str, booking_ids: Collection[str]) -> Mapping[str, Claim]:
        """Return the claims of the bookings with some ids, in any status, by id, in one round trip."""

    async def bookings_by(self, project_id: str, *references: str, now: Minute, max_others: int) -> tuple[Booking, ...]:
        """Return the bookings whose contact keys include the pseudonym of one of the references, by start and id.

        Of the bookings that are canceled or have ended, only some are returned.

        Args:
            project_id: project of the bookings.
            references: such as `phone:+13035550101`.
            now: minute after which the others end.
            max_others: number of canceled or past bookings of each reference, those with the latest starts.
        """

    async def bookings_overlapping(
        self, project_id: str, contact_keys: Collection[str], *, service_id: str, start: Minute, end: Minute
    ) -> tuple[Booking, ...]:
        """Return what the method of the same name of a transaction returns."""

    async def pseudonyms(self, project_id: str) -> Callable[[str], str]:
        """Return the function `pseudonym` of a project's transactions. Only the first call reads the database.

        Raises:
            NotFound: there is no such project.
            Unavailable: the database does not respond in time.
        """

    async def hold(self, project_id: str, token: str) -> Hold | None:
        """Return the hold with a token in any state, even when it is booked by now."""

    async def holds(self, project_id: str, tokens: Collection[str]) -> Mapping[str, Hold]:
        """Return the holds with some tokens, in any state, by token, in one round trip."""

    async def waitlist_entry(self, project_id: str, entry_id: str) -> WaitlistEntry | None:
        """Return a waitlist entry by id, in any state."""

    async def waitlist_entries(self, project_id: str, *states: WaitlistState) -> tuple[WaitlistEntry, ...]:
        """Return the waitlist entries in these states, in order of joining."""

    async def waiting_projects(self) -> tuple[str, ...]:
        """Return the projects with an open waitlist entry, sorted, in one round trip."""

    async def projects_of_waitlist_entry(self, entry_id: str) -> tuple[str, ...]:
        """Return the projects that have a waitlist entry with this id, sorted, in one round trip."""

    async def newest_events(self) -> Mapping[str, int]:
        """Return the number of the newest event of each project that has any, in one round trip."""

    async def events(self, project_id: str, after: int) -> tuple[ProjectEvent, ...]:
        """Return the committed events after a number, in order."""

    async def calendar(self, project_id: str) -> CalendarView:
        """Return the calendar records of a project; empty if it has no calendar.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def calendar_work(self, project_id: str) -> CalendarWork:
        """Return the pending work for a project's calendar, in one cheap round trip.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def calendar_backlogs(self) -> Mapping[str, CalendarBacklog]:
        """Return the backlog of the first hundred connected calendars by project, sorted, in one cheap round trip.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def due_calendars(self, *, now_ms: int, finished_by_ms: int) -> tuple[str, ...]:
        """Return the projects with work for their calendar, sorted, in one round trip.

        Work is a push that is due by `now_ms`, or a reconciliation if the last one ended by `finished_by_ms`.

        Raises:
            Unavailable: the database does not respond in time.
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
            Unavailable: the database does not respond in time.
        """

    async def access_keys(self) -> tuple[AccessKey, ...]:
        """Return all access keys, expired and revoked ones included, in order of creation."""

    async def has_access_keys(self) -> bool:
        """Return whether any access key exists, expired and revoked ones included, in one cheap round trip.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def valid_credentials(self, ids: Collection[str]) -> frozenset[str]:
        """Return those of some ids of access keys and dashboard sessions that are valid now, in one cheap round trip.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def revoke_access_key(self, key_id: str, at_ms: int) -> bool:
        """Revoke an access key durably; return False if no key has that id.

        A revoked key keeps its time of revocation.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def add_session(self, session: DashboardSession) -> None:
        """Insert a dashboard session of an existing key durably.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def session(self, session_id: str) -> DashboardSession | None:
        """Return a dashboard session by id, in one cheap round trip and never cached.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def extend_session(self, session_id: str, idle_at_ms: int) -> None:
        """Set the time at which a session is over unless it is used again.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def delete_session(self, session_id: str) -> None:
        """Delete a session durably, if it exists.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def delete_sessions(self, now_ms: int, *, max_per_key: int, max_in_all: int) -> int:
        """Delete the sessions that are over or whose key is, and the oldest above the limits; return their number.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def postal_code_location(self, country: str, postal_code: str, *, found_after_ms: int) -> Location | None:
        """Return the stored location of a postal code, if it was found after a time.

        Raises:
            Unavailable: the database does not respond in time.
        """

    async def save_postal_code_location(
        self, country: str, postal_code: str, location: Location, *, found_at_ms: int
    ) -> None:
        """Store the location of a postal code. The oldest above the limit are deleted.

        Raises:
            Unavailable: the database is not available; nothing was written.
        """

    async def erasures(self, project_id: str) -> tuple[Erasure, ...]:
        """Return the logged erasures of a project, in order."""

    async def count_purgeable(self, project_id: str, retention: Retention, *, now_ms: int) -> Purged:
        """Return the numbers of a project's rows whose retention is over."""

    async def purge_access_keys(self, over_by_ms: int, *, is_dry_run: bool) -> int:
        """Delete the access keys that were over by a time and have no session; return their number.

        In a dry run, only count them.
        """

    async def claim_task(self, task: str, *, now_ms: int, next_ms: int) -> bool:
        """Claim a periodic task until its next time; return False if it is not due.

        Of several servers, only one gets it.
        """

    async def postpone_task(self, task: str, *, next_ms: int) -> None:
        """Change the next time of a periodic task."""

    async def clean_up(self, *, is_thorough: bool) -> CleanupReport:
        """Overwrite or release what deleted rows left in the database's files, as far as this program can.

        This may take seconds, in which writers wait. Without `is_thorough`, a large database is cleaned only as far as
        no writer waits, and the report names what is left.

        Raises:
            Unavailable: the database does not respond.
        """

    async def check_write(self) -> None:
        """Write something durably that no one reads.

        Raises:
            Unavailable: the database cannot be written, or soon cannot. The message says why.
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
