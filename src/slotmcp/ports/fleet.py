"""Ports between the servers that share a database: change notices, snapshots, live holds and limits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from slotmcp.domain.claim import Hold
from slotmcp.domain.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Number of calls allowed in a minute. The calls of one minute may arrive in one burst."""

    per_minute: int


class RateLimiter(Protocol):
    """Counter of calls by name."""

    async def acquire(self, name: str, rate: Rate) -> int:
        """Count a call and return 0 if it is allowed; otherwise return the milliseconds to wait, and count nothing.

        Never raises and never waits long. If the count is unavailable, the call is allowed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLimit:
    """Largest number of attempts within any span of this length."""

    count: int
    period_ms: int


class AttemptLimiter(Protocol):
    """Counter of attempts by name, exact at every moment. Meant for small limits: it keeps the time of each attempt.

    No method raises, and none waits long. If the count is unavailable, the attempt is allowed.
    """

    async def acquire(self, name: str, limit: AttemptLimit) -> int:
        """Count an attempt and return 0 if it is allowed; otherwise return the milliseconds to wait."""

    async def refund(self, name: str) -> None:
        """Forget the newest attempt, because it shall not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNotice:
    """Notice of a committed write to all servers of the fleet."""

    project_id: str
    revision: int
    newest_event: int = 0
    """Number of the newest event that the write added; 0: none."""


CommitHandler = Callable[[ChangeNotice], Awaitable[None]]


class Fleet(Protocol):
    """Shared, lossy cache of revisions and schedules for the servers that use one database. Never authoritative.

    It may lose any entry at any time. No method raises, and none waits long: a value that is not available in time
    is None.
    """

    async def revision(self, project_id: str) -> int | None:
        """Return the newest revision that a server read or committed within the last second, in one round trip."""

    async def snapshot(self, project_id: str, revision: int) -> Schedule | None:
        """Return the schedule at exactly that revision, if it is stored."""

    async def save_snapshot(self, schedule: Schedule) -> None:
        """Store a committed schedule for other servers, unless the project's schedule was stored very recently."""

    async def drop_snapshots(self, project_id: str) -> bool:
        """Delete all stored schedules of a project; return False if they could not be deleted."""

    async def report_revision(self, project_id: str, revision: int, *, age_ms: int) -> None:
        """Share a revision that the database had `age_ms` ago, unless a newer one is already shared."""

    async def publish(self, notice: ChangeNotice) -> None:
        """Share the revision of a write that was just committed, and send its notice to every subscriber."""

    def subscribe(self, handler: Callable[[ChangeNotice], None]) -> None:
        """Call the handler with every notice from now on, this server's own included. Notices may be lost."""


class LiveHolds(Protocol):
    """Shared, lossy set of live holds, by token. Never authoritative.

    It may lose any entry at any time, so a hold that it does not contain may still be live. No method raises, and
    none waits long. Neither a token nor a customer can be read from it.
    """

    async def add(self, project_id: str, hold: Hold, *, now_ms: int) -> None:
        """Add a hold until it expires; `now_ms` is the store's."""

    async def remove(self, project_id: str, token: str) -> None:
        """Remove a hold that was booked or released."""

    async def contains(self, project_id: str, token: str) -> bool:
        """Return whether a hold with this token is in the set; if it is, the hold exists."""
