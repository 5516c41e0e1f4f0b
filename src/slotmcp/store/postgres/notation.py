"""The store's statements in PostgreSQL's notation: values by number, and the few texts that differ."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from slotmcp.store import statements, trace_statements
from slotmcp.store.postgres import statements as own

_NAMED: Final = re.compile(r"(?<!:):([a-z_]+)")

DONE_BEFORE: Final = ""
"""Stands for a statement whose work another one does here."""

_OWN: Final = {
    statements.REVISION: own.REVISION,
    statements.REVISIONS: own.REVISIONS,
    statements.ADD_CLAIM: own.ADD_CLAIM,
    statements.MOVE_HOLD: own.MOVE_HOLD,
    statements.SAVE_CLAIM: own.SAVE_CLAIM,
    statements.LAPSE_HOLDS: own.LAPSE_HOLDS,
    statements.NEXT_REVISION: own.NEXT_REVISION,
    trace_statements.ADD_TRACES: own.ADD_TRACES,
    trace_statements.CONVERSATIONS: own.CONVERSATIONS,
    trace_statements.REFUSALS: own.REFUSALS,
    **dict.fromkeys((statements.FORGET_HOLDS, statements.FORGET_RECEIPTS, statements.FORGET_CHANGES), DONE_BEFORE),
}
_FUNCTIONS: Final = {"json_group_array(key)": "coalesce(json_agg(key), '[]')::text"}

TAKING: Final = frozenset({statements.ADD_CLAIM, statements.MOVE_HOLD, statements.SAVE_CLAIM})
"""Statements that take time. They give a row, or the time is taken."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement whose values have numbers, and the names of those values in that order."""

    text: str
    names: tuple[str, ...]


@cache
def numbered(statement: str) -> Numbered:
    """A statement of the store as PostgreSQL reads it; worked out once for each."""
    text = _OWN.get(statement, statement)
    for ours, theirs in _FUNCTIONS.items():
        text = text.replace(ours, theirs)
    names = tuple(dict.fromkeys(_NAMED.findall(text)))
    numbers = {name: f"${number}" for number, name in enumerate(names, 1)}
    return Numbered(_NAMED.sub(lambda found: numbers[found[1]], text), names)
