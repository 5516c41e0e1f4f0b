"""Traces: SQL, and their JSON."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.catalog import Location
from slotmcp.domain.moment import PartOfDay
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import Question, ScheduleSource, TechnicianTrace, Trace, TracedUse
from slotmcp.store.statement import Row, Statement

BATCH_ROWS: Final = 500
"""Maximum number of traces that are deleted at a time."""
MEASURED_ROWS: Final = 200
"""Number of the newest traces whose average size is taken for that of all."""
INDEX_BYTES: Final = 300
"""Bytes of a trace in its columns and indexes, without its JSON."""

# Add the traces of a JSON list, except those that exist and those whose project does not exist.
ADD_TRACES = Statement(
    """
INSERT INTO traces (id, project_id, conversation, at_ms, told)
SELECT json_extract(t.value, '$.id'), p.id, json_extract(t.value, '$.conversation'), json_extract(t.value, '$.at_ms'),
       t.value
FROM json_each(:traces) AS t JOIN projects AS p ON p.id = json_extract(t.value, '$.project_id')
WHERE true
ON CONFLICT DO NOTHING RETURNING id
""",
    postgres="""
INSERT INTO traces (id, project_id, conversation, at_ms, told)
SELECT t.value ->> 'id', p.id, t.value ->> 'conversation', (t.value ->> 'at_ms')::bigint, t.value::text
FROM json_array_elements((:traces)::json) AS t (value) JOIN projects AS p ON p.id = t.value ->> 'project_id'
ON CONFLICT DO NOTHING RETURNING id
""",
)

# Read a trace of any project.
TRACE = Statement("SELECT told FROM traces WHERE id = :id")

# Read the traces of a time span.
TRACES = Statement("""
SELECT told FROM traces WHERE project_id = :project_id AND at_ms >= :from_ms AND at_ms < :to_ms ORDER BY at_ms, id
""")

# Read the newest traces of each conversation in a JSON list since a time.
CONVERSATIONS = Statement(
    """
SELECT t.told FROM json_each(:conversations) AS c JOIN traces AS t ON t.id IN (
    SELECT id FROM traces WHERE conversation = c.value AND project_id = :project_id AND at_ms >= :from_ms
    ORDER BY at_ms DESC, id DESC LIMIT :limit)
ORDER BY t.at_ms, t.id
""",
    postgres="""
SELECT t.told FROM json_array_elements_text((:conversations)::json) AS c (value)
CROSS JOIN LATERAL (
    SELECT id, at_ms, told FROM traces WHERE conversation = c.value AND project_id = :project_id AND at_ms >= :from_ms
    ORDER BY at_ms DESC, id DESC LIMIT :limit) AS t
ORDER BY t.at_ms, t.id
""",
)

# Read the newest calls since a time that were refused or had no slots to offer.
REFUSALS = Statement(
    """
SELECT told FROM traces
WHERE project_id = :project_id AND at_ms >= :from_ms AND (json_extract(told, '$.outcome') <> 'ok'
    OR (json_extract(told, '$.use') = 'get_slots' AND json_array_length(told, '$.offered') = 0))
ORDER BY at_ms DESC, id DESC LIMIT :limit
""",
    postgres="""
SELECT told FROM traces
WHERE project_id = :project_id AND at_ms >= :from_ms AND (told::json ->> 'outcome' <> 'ok'
    OR (told::json ->> 'use' = 'get_slots' AND json_array_length(told::json -> 'offered') = 0))
ORDER BY at_ms DESC, id DESC LIMIT :limit
""",
)

# Delete old traces, a limited number at a time, because other writers wait meanwhile.
DROP_TRACES = Statement(f"""
DELETE FROM traces WHERE id IN (SELECT id FROM traces WHERE at_ms < :before_ms ORDER BY at_ms LIMIT {BATCH_ROWS})
RETURNING id
""")

# Delete the oldest traces of all projects.
DROP_OLDEST_TRACES = Statement(
    "DELETE FROM traces WHERE id IN (SELECT id FROM traces ORDER BY at_ms LIMIT :count) RETURNING id"
)

# Count the traces, and measure the newest ones.
TRACES_SIZE = Statement(f"""
SELECT (SELECT count(*) FROM traces),
       (SELECT coalesce(avg(length(told)), 0) FROM
        (SELECT told FROM traces ORDER BY at_ms DESC LIMIT {MEASURED_ROWS}) AS newest)
""")


def excess_traces(rows: Sequence[Row], max_bytes: int) -> int:
    """Return by how many the traces exceed a size, from the row of TRACES_SIZE."""
    ((count, average),) = rows
    return int(max(0, count - max_bytes // (int(average) + INDEX_BYTES)))


def traces_values(traces: Sequence[Trace]) -> dict[str, object]:
    """Return traces as their statement's values."""
    return {"traces": orjson.dumps(traces, option=orjson.OPT_NON_STR_KEYS).decode()}


def traces_of(rows: Iterable[Row]) -> tuple[Trace, ...]:
    """Return the traces that rows of the column `told` hold."""
    return tuple(_trace(orjson.loads(told)) for (told,) in rows)


def _trace(stored: dict[str, Any]) -> Trace:
    return Trace(
        **{
            **stored,
            "use": TracedUse(stored["use"]),
            "book_from": ScheduleSource(stored["book_from"]),
            "question": _question(stored["question"]) if stored["question"] else None,
            "offered": tuple(stored["offered"]),
            "reason": Reason(stored["reason"]) if stored.get("reason") else None,
            "technicians": tuple(
                _technician(technician["technician_id"], technician["could"], tuple(technician["reasons"].items()))
                for technician in stored["technicians"]
            ),
        }
    )


def _question(stored: dict[str, Any]) -> Question:
    return Question(
        **{
            **stored,
            "part_of_day": PartOfDay(stored["part_of_day"]) if stored["part_of_day"] else None,
            "days_of_week": tuple(stored["days_of_week"]),
            "area": Location(**stored["area"]) if stored["area"] else None,
            "priority": Priority(stored.get("priority", Priority.NORMAL)),
        }
    )


@lru_cache(maxsize=4096)
def _technician(technician_id: str, could: int, reasons: tuple[tuple[str, int], ...]) -> TechnicianTrace:
    """Return one shared object for equal arguments, because a month of traces has few different ones."""
    return TechnicianTrace(
        technician_id=technician_id, could=could, reasons={Reason(reason): count for reason, count in reasons}
    )
