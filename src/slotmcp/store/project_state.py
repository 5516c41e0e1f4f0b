"""State of a project under its lock: read once for a group of transactions, and passed on from unit to unit."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from slotmcp.domain.schedule import Schedule
from slotmcp.store.encryption import readable_salt
from slotmcp.store.schedules import Change
from slotmcp.store.statement import Row, Statement

HELD_EXPIRIES_SQL = """
(SELECT min(expires_at_ms) FROM claims WHERE project_id = :project_id AND state = 'held' AND expires_at_ms IS NOT NULL),
(SELECT max(expires_at_ms) FROM claims WHERE project_id = :project_id AND state = 'held' AND expires_at_ms IS NOT NULL)
"""
"""Columns: the earliest and the latest expiry of a project's held claims, expired or not."""

STATE_COLUMNS = f"""
revision, salt, {HELD_EXPIRIES_SQL.strip()},
EXISTS (SELECT 1 FROM waits WHERE project_id = :project_id AND state IN ('waiting', 'offered'))
"""
"""Columns of a project's row, from which `ProjectState.of` makes its state."""

# Read what every transaction of a project needs, and the version of the schema.
PROJECT_STATE = Statement(
    f"SELECT {STATE_COLUMNS}, (SELECT version_num FROM alembic_version) FROM projects WHERE id = :project_id"
)

# Read the earliest and the latest expiry of the held claims.
HELD_EXPIRIES = Statement(f"SELECT {HELD_EXPIRIES_SQL}")


class Expiries(NamedTuple):
    """Bounds of the expiries of a project's held claims; None: there are none."""

    first_ms: int | None = None
    last_ms: int | None = None

    def including(self, expiry_ms: int) -> "Expiries":
        """Return the bounds with another claim."""
        if self.first_ms is None or self.last_ms is None:
            return Expiries(expiry_ms, expiry_ms)
        return Expiries(min(self.first_ms, expiry_ms), max(self.last_ms, expiry_ms))

    def are_within(self, now_ms: int, latest_ms: int) -> bool:
        """Return whether no claim has expired, and none expires after a time."""
        return self.first_ms is None or self.last_ms is None or (now_ms < self.first_ms and self.last_ms <= latest_ms)


NO_EXPIRIES: Final = Expiries()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """State of a project after some units of a group. A unit that fails leaves the state before it."""

    revision: int = 0
    logged_revision: int = 0
    """Revision that the database has. The changes up to it are in its change log."""
    salt: bytes = b""
    expiries: Expiries = NO_EXPIRIES
    has_open_entries: bool = False
    """True if an entry of the waitlist may be open."""
    schedule: Schedule | None = None
    """Newest known schedule. It is current, except for `unread`, unless its revision is below `logged_revision`."""
    unread: frozenset[Change] = frozenset()
    """Changes of the group that the schedule lacks, because they have to be read."""
    log: tuple[tuple[int, frozenset[Change]], ...] = ()
    """Changes of the group by revision, which are logged before its commit."""

    @classmethod
    def of(cls, columns: Row, known: Schedule | None) -> Self:
        """Return the state that STATE_COLUMNS hold. `known` is the newest schedule that this process has read.

        Raises:
            DatabaseUnusable: the database is encrypted, and this process has no key.
        """
        revision, salt, first_ms, last_ms, has_open_entries = columns
        return cls(
            revision=revision,
            logged_revision=revision,
            salt=readable_salt(bytes(salt)),
            expiries=Expiries(first_ms, last_ms),
            has_open_entries=bool(has_open_entries),
            schedule=known if known is not None and known.revision <= revision else None,
        )

    @property
    def has_current_schedule(self) -> bool:
        """True if the schedule lacks no change that another process has made."""
        return self.schedule is not None and self.schedule.revision >= self.logged_revision

    @property
    def complete_schedule(self) -> Schedule | None:
        """Newest schedule that lacks nothing of its revision; None if there is none."""
        return None if self.unread else self.schedule
