"""Reads of several units of work in one statement."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Final

from slotmcp.store.postgres.draft import Knowledge, ReadKey
from slotmcp.store.postgres.link import Link
from slotmcp.store.postgres.statements import PROJECT_VERSION
from slotmcp.store.statement import Row, Statement
from slotmcp.store.values import json_text

_NAMED: Final = re.compile(r"(?<!:):([a-z_]+)")
_NUMBER: Final = re.compile(r"_(minute|ms)$|^revision$")
"""Names of values that are numbers. All others are text."""
VERSION: Final = f"SELECT {PROJECT_VERSION}"
PROJECT: Final = "FROM projects AS p WHERE p.id = :project_id"

# The rows of one statement for each set of values, with the number of the set.
ROWS: Final = """
ARRAY(SELECT q FROM (
    SELECT i.n, r.* FROM json_to_recordset((:{name})::json) AS i (n integer, {columns}) CROSS JOIN LATERAL ({text}) AS r
) AS q)
"""


async def read_all(link: Link, project_id: str, keys: Collection[ReadKey]) -> tuple[str, Knowledge]:
    """Return the version of a project, or "" if it is gone, and the rows of all reads, as they are at that version.

    Raises:
        Fault: the database failed.
    """
    by_statement: dict[Statement, list[ReadKey]] = defaultdict(list)
    for key in keys:
        by_statement[key.statement].append(key)
    kinds = sorted(by_statement, key=lambda statement: statement.text)
    values = {f"sets_{_letters(number)}": _sets(by_statement[kind]) for number, kind in enumerate(kinds)}
    rows = await link.fetch(_combined(tuple(kinds)), project_id=project_id, **values)
    if not rows:
        return "", {}
    ((version, *lists),) = rows
    knowledge: Knowledge = {key: [] for key in keys}
    for kind, found in zip(kinds, lists, strict=True):
        knowledge |= _by_key(by_statement[kind], link.decrypted(found))
    return version, knowledge


def _sets(keys: Iterable[ReadKey]) -> str:
    return json_text([{"n": number, **dict(key.values)} for number, key in enumerate(keys)])


def _by_key(keys: Sequence[ReadKey], found: Iterable[Row]) -> Knowledge:
    rows: list[list[Row]] = [[] for _ in keys]
    for number, *row in found:
        rows[number].append(tuple(row))
    return dict(zip(keys, rows, strict=True))


@cache
def _combined(kinds: tuple[Statement, ...]) -> Statement:
    """Return one statement that reads what some others read. Results are cached."""
    lists = [_rows_of(f"sets_{_letters(number)}", kind) for number, kind in enumerate(kinds)]
    return Statement(f"{', '.join([VERSION, *lists])} {PROJECT}")


def _rows_of(name: str, kind: Statement) -> str:
    text = kind.text_on_postgres
    names = dict.fromkeys(_NAMED.findall(text))
    columns = ", ".join(f"{each} {'bigint' if _NUMBER.search(each) else 'text'}" for each in names)
    return ROWS.format(name=name, columns=columns, text=_NAMED.sub(r"i.\1", text))


def _letters(number: int) -> str:
    return chr(ord("a") + number)
