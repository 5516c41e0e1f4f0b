"""SQL that only PostgreSQL runs, and statements with numbered placeholders for asyncpg."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from slotmcp.store.access import CREDENTIAL_ENDS
from slotmcp.store.columns import ACCESS_KEY_COLUMNS, CLAIM_COLUMNS
from slotmcp.store.project_state import STATE_COLUMNS
from slotmcp.store.statement import CoveredBy, Statement

_NAMED: Final = re.compile(r"(?<!:):([a-z_]+)")
PROJECT_VERSION: Final = "p.xmin::text || ' ' || extract(epoch FROM pg_postmaster_start_time())"
"""Version of a project's row on one server only, because one that takes over may use the same transaction ids."""
_NOW_MS: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

# Read the state of a project, the time, and the schema's version.
STATE = Statement(f"""
SELECT {STATE_COLUMNS}, {_NOW_MS}, (SELECT version_num FROM alembic_version) FROM projects WHERE id = :project_id
""")

# Read the changes after a revision, each with its claim if that is live. The limit makes an index find each claim.
CHANGED_CLAIMS = Statement(f"""
SELECT g.technician_id AS owner, g.claim_id, c.*
FROM (SELECT DISTINCT technician_id, claim_id FROM changes WHERE project_id = :project_id AND revision > :revision) AS g
LEFT JOIN LATERAL (
    SELECT {CLAIM_COLUMNS} FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
    WHERE c.project_id = :project_id AND c.id = g.claim_id AND c.state IN ('held', 'booked') LIMIT 1
) AS c ON true
""")

# Begin a transaction that waits for a lock for a limited time.
BEGIN: Final = "BEGIN; SET LOCAL lock_timeout = {wait_ms}"

# Lock a project in a new transaction. The id is hexadecimal, because commands in one message have no values.
LOCK_IN_TRANSACTION: Final = f"""
{BEGIN};
SELECT 1 FROM projects WHERE id = convert_from(decode('{{id_hex}}', 'hex'), 'UTF8') FOR NO KEY UPDATE
"""

# Write the rows of a group of units of work, unless the project's row has another version.
WRITE_GROUP = Statement("""
WITH server AS MATERIALIZED (SELECT extract(epoch FROM pg_postmaster_start_time())::text AS started)
SELECT outcome, revision, version || ' ' || started, now_ms FROM server CROSS JOIN LATERAL write_group(
    :project_id, CASE split_part(:version, ' ', 2) WHEN started THEN split_part(:version, ' ', 1) ELSE '' END, :schema,
    (:work)::jsonb)
""")

# Read a project's revision and the time.
HEAD = Statement(f"SELECT revision, {_NOW_MS} FROM projects WHERE id = :project_id")

# Read the revisions of all projects and the time.
HEADS = Statement(f"SELECT id, revision, {_NOW_MS} FROM projects ORDER BY id")

# Read the revisions of the first projects, the time, and the number of all projects.
FIRST_HEADS = Statement(
    f"SELECT id, revision, {_NOW_MS}, (SELECT count(*) FROM projects) FROM projects ORDER BY id LIMIT :limit"
)

# Lock a project and give its row a new version, then read the time at which the lock was granted, and the schema's
# version.
LOCK_PROJECT = Statement(f"""
WITH locked AS MATERIALIZED (UPDATE projects SET revision = revision WHERE id = :project_id RETURNING id)
SELECT {_NOW_MS}, (SELECT version_num FROM alembic_version) FROM locked
""")

# Write the row of test writes. Another server that writes it at this moment is not waited for.
TEST_WRITE = Statement(f"""
UPDATE clock SET checked_at_ms = {_NOW_MS} WHERE id = (SELECT id FROM clock WHERE id = 1 FOR UPDATE SKIP LOCKED)
""")

# Prevent other servers from creating a project with this id, which has no row yet that could be locked.
LOCK_NAME = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:project_id, 1))")

# Read an access key and the time.
ACCESS_KEY_NOW = Statement(f"SELECT {ACCESS_KEY_COLUMNS}, {_NOW_MS} FROM access_keys WHERE id = :id")

# Read the times at which some credentials end, and the time.
CREDENTIAL_ENDS_NOW = Statement(f"SELECT {_NOW_MS}, ends.* FROM ({CREDENTIAL_ENDS.postgres}) AS ends")

# Read the time.
NOW = Statement(f"SELECT {_NOW_MS}")

# Read what identifies the history of the data: the cluster, its timeline, the database and its tables.
INCARNATION = Statement("""
SELECT concat_ws('-', (SELECT system_identifier FROM pg_control_system()), left(pg_walfile_name(
    CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_insert_lsn() END), 8), d.oid, 'projects'::regclass::oid)
FROM pg_database AS d WHERE d.datname = current_database()
""")

# Read the version of the server.
SERVER_VERSION = Statement("SELECT current_setting('server_version')")

# Read the version of the schema, and the size and the state of the database.
DATABASE_FACTS = Statement("""
SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM projects),
       pg_database_size(current_database()), pg_is_in_recovery()
""")


@dataclass(frozen=True, slots=True)
class NumberedStatement:
    """SQL with numbered placeholders, and the names of their values in that order."""

    text: str
    names: tuple[str, ...]


@cache
def numbered(statement: Statement) -> NumberedStatement | None:
    """Return a statement for asyncpg, or None if another statement covers it. Results are cached."""
    if isinstance(statement.postgres, CoveredBy):
        return None
    text = statement.text_on_postgres
    names = tuple(dict.fromkeys(_NAMED.findall(text)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return NumberedStatement(_NAMED.sub(lambda match: numbers[match[1]], text), names)
