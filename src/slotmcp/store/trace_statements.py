"""The SQL of traces, as it runs. Above each statement stands its purpose."""

# Keep traces, told as one JSON list; of one that is there already, and of a project that is not, nothing is kept.
ADD_TRACES = """
INSERT INTO traces (id, project_id, conversation, at_ms, told)
SELECT json_extract(t.value, '$.id'), p.id, json_extract(t.value, '$.conversation'), json_extract(t.value, '$.at_ms'),
       t.value
FROM json_each(:traces) AS t JOIN projects AS p ON p.id = json_extract(t.value, '$.project_id')
WHERE true
ON CONFLICT DO NOTHING RETURNING id
"""

# A trace, of whichever project.
TRACE = "SELECT told FROM traces WHERE id = :id"

# The traces of a span of time.
TRACES = """
SELECT told FROM traces WHERE project_id = :project AND at_ms >= :from_ms AND at_ms < :to_ms ORDER BY at_ms, id
"""

# What was said in some conversations, told as a JSON list, since a time; of each the newest alone.
CONVERSATIONS = """
SELECT t.told FROM json_each(:conversations) AS c JOIN traces AS t ON t.id IN (
    SELECT id FROM traces WHERE conversation = c.value AND project_id = :project AND at_ms >= :from_ms
    ORDER BY at_ms DESC, id DESC LIMIT :most)
ORDER BY t.at_ms, t.id
"""

# The newest calls since a time that were told no, or asked what is free when nothing was.
REFUSALS = """
SELECT told FROM traces
WHERE project_id = :project AND at_ms >= :from_ms AND (json_extract(told, '$.outcome') <> 'ok'
    OR (json_extract(told, '$.use') = 'get_slots' AND json_array_length(told, '$.offered') = 0))
ORDER BY at_ms DESC, id DESC LIMIT :most
"""

# Forget old traces, a few thousand at a time: whoever else writes need not wait long.
DROP_TRACES = """
DELETE FROM traces WHERE id IN (SELECT id FROM traces WHERE at_ms < :before_ms ORDER BY at_ms LIMIT 2000) RETURNING id
"""
