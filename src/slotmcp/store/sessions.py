"""Dashboard sessions: SQL, rows and values."""

from collections.abc import Mapping

from slotmcp.domain.access import DashboardSession
from slotmcp.store.columns import DASHBOARD_SESSION_COLUMNS, DASHBOARD_SESSIONS, DashboardSessionRow
from slotmcp.store.statement import Row, Statement, insert
from slotmcp.store.values import values_of

# Add a session.
ADD_SESSION = Statement(insert(DASHBOARD_SESSIONS))

# Read a session.
SESSION = Statement(f"SELECT {DASHBOARD_SESSION_COLUMNS} FROM dashboard_sessions WHERE id = :id")

# Extend the idle time of a session.
EXTEND_SESSION = Statement("UPDATE dashboard_sessions SET idle_at_ms = :idle_at_ms WHERE id = :id RETURNING id")

# Delete a session.
DELETE_SESSION = Statement("DELETE FROM dashboard_sessions WHERE id = :id RETURNING id")

# Delete the sessions that are over, and the oldest above the limits.
DELETE_SESSIONS = Statement("""
DELETE FROM dashboard_sessions WHERE expires_at_ms <= :now_ms OR idle_at_ms <= :now_ms
    OR key_id IN (SELECT id FROM access_keys WHERE revoked_at_ms IS NOT NULL OR expires_at_ms <= :now_ms)
    OR id IN (
        SELECT id FROM (
            SELECT id, row_number() OVER (PARTITION BY key_id ORDER BY created_at_ms DESC, id) AS rank_in_key,
                   row_number() OVER (ORDER BY created_at_ms DESC, id) AS rank_in_all
            FROM dashboard_sessions
        ) AS ranked
        WHERE rank_in_key > :max_per_key OR rank_in_all > :max_in_all
    )
RETURNING id
""")


def session_of(row: Row) -> DashboardSession:
    """Return the session that a row holds."""
    return DashboardSession(**DashboardSessionRow(*row)._asdict())


def session_values(session: DashboardSession) -> Mapping[str, object]:
    """Return a session as its statement's values."""
    return values_of(DashboardSessionRow._fields, session)
