"""The SQL that differs from SQLite's, or that only PostgreSQL runs. Above each statement stands its purpose."""

from slotmcp.store import statements

# Where a project stands, and what time it is there.
REVISION = """
SELECT revision, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM projects WHERE id = :project
"""

# Where each project stands, and what time it is there.
REVISIONS = """
SELECT id, revision, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM projects ORDER BY id
"""

# Lock a project, then learn what a unit of work has to know before it begins, and what time it is by then.
LOCK_PROJECT = """
WITH locked AS MATERIALIZED (SELECT revision, salt FROM projects WHERE id = :project FOR NO KEY UPDATE)
SELECT revision, salt, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM locked
"""

# Let nobody else create a project of this name meanwhile: there is no row yet that could be locked.
LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended(:project, 1))"

# A key, for whoever shows it, and what time it is.
ACCESS_KEY = """
SELECT id, name, scope, project_id, created_at_ms, expires_at_ms, revoked_at_ms, secret_hash,
       (extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM access_keys WHERE id = :id
"""

# What time it is.
NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"

# Let the time of expired holds be taken, and forget holds that ended, and what keys did, long ago: one trip for three.
LAPSE_HOLDS = """
WITH forgotten_holds AS (
    DELETE FROM claims
    WHERE project_id = :project AND state IN ('lapsed', 'released', 'withdrawn') AND expires_at_ms <= :expired_by
), forgotten_receipts AS (
    DELETE FROM receipts WHERE project_id = :project AND created_at_ms <= :created_by
)
UPDATE claims SET state = 'lapsed' WHERE project_id = :project AND state = 'held' AND expires_at_ms <= :now
RETURNING id
"""

# Move a project's revision, and forget changes that are so old that whoever missed them reads everything anew.
NEXT_REVISION = """
WITH forgotten AS (
    DELETE FROM changes
    WHERE project_id = :project AND revision <= (SELECT p.revision + 1 - :logged FROM projects AS p WHERE id = :project)
)
UPDATE projects SET revision = revision + 1 WHERE id = :project RETURNING revision
"""

# Take time, unless it is taken.
ADD_CLAIM = f"{statements.ADD_CLAIM} ON CONFLICT ON CONSTRAINT claims_never_overlap DO NOTHING RETURNING id"

# Pin a hold to another technician, unless their time is taken.
MOVE_HOLD = """
UPDATE claims AS c
SET technician_number = (SELECT number FROM technicians WHERE project_id = :project AND id = :technician)
WHERE c.project_id = :project AND c.id = :id AND NOT EXISTS (
    SELECT 1 FROM claims AS other JOIN technicians AS t ON t.number = other.technician_number
    WHERE t.project_id = :project AND t.id = :technician AND other.state IN ('held', 'booked')
      AND other.end_minute > c.start_minute AND other.start_minute < c.end_minute AND other.id <> c.id)
RETURNING c.id
"""

# Turn a hold into a booking, or move or cancel a booking, unless the time is taken.
SAVE_CLAIM = """
UPDATE claims AS c
SET technician_number = (SELECT number FROM technicians WHERE project_id = :project AND id = :technician),
    service_id = :service, start_minute = :start, end_minute = :end, buffer_before_minutes = :buffer_before,
    buffer_after_minutes = :buffer_after, state = :state, expires_at_ms = NULL,
    technician_chosen = :technician_chosen, latitude = :latitude, longitude = :longitude
WHERE c.project_id = :project AND c.id = :id AND (:state = 'cancelled' OR NOT EXISTS (
    SELECT 1 FROM claims AS other JOIN technicians AS t ON t.number = other.technician_number
    WHERE t.project_id = :project AND t.id = :technician AND other.state IN ('held', 'booked')
      AND other.end_minute > :start AND other.start_minute < :end AND other.id <> c.id))
RETURNING c.id
"""

# Keep traces, told as one JSON list; of one that is there already, and of a project that is not, nothing is kept.
ADD_TRACES = """
INSERT INTO traces (id, project_id, conversation, at_ms, told)
SELECT t.value ->> 'id', p.id, t.value ->> 'conversation', (t.value ->> 'at_ms')::bigint, t.value::text
FROM json_array_elements((:traces)::json) AS t (value) JOIN projects AS p ON p.id = t.value ->> 'project_id'
ON CONFLICT DO NOTHING RETURNING id
"""

# What was said in some conversations, told as a JSON list, since a time; of each the newest alone.
CONVERSATIONS = """
SELECT t.told FROM json_array_elements_text((:conversations)::json) AS c (value)
CROSS JOIN LATERAL (
    SELECT id, at_ms, told FROM traces WHERE conversation = c.value AND project_id = :project AND at_ms >= :from_ms
    ORDER BY at_ms DESC, id DESC LIMIT :most) AS t
ORDER BY t.at_ms, t.id
"""

# The newest calls since a time that were told no, or asked what is free when nothing was.
REFUSALS = """
SELECT told FROM traces
WHERE project_id = :project AND at_ms >= :from_ms AND (told::json ->> 'outcome' <> 'ok'
    OR (told::json ->> 'use' = 'get_slots' AND json_array_length(told::json -> 'offered') = 0))
ORDER BY at_ms DESC, id DESC LIMIT :most
"""
