"""SQL statements with a text for each database, and functions that build them from a table's columns."""

import re
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Row: TypeAlias = tuple[Any, ...]
"""Values of one row, in the order of the statement's columns; the types in `slotmcp.store.columns` name them."""

_INDEX_HINT: Final = re.compile(r" INDEXED BY \w+")

FOREIGN_AWAIT = "A unit of work may await only its transaction's methods."


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """SQL statement; `:name` is the placeholder of the value with that name."""

    text: str
    """SQL for both databases, or for SQLite alone if PostgreSQL has its own.

    SQLite has no statistics, and estimates that a project has ten rows of each table. `INDEXED BY` names the index
    where it would therefore read all rows of a project. PostgreSQL has statistics and gets the text without it.
    """
    postgres: "str | CoveredBy | None" = None
    """SQL for PostgreSQL if it differs; CoveredBy: PostgreSQL skips the statement."""
    takes_time: bool = False
    """True if PostgreSQL returns no row when a live claim has the time."""

    @property
    def text_on_postgres(self) -> str:
        """SQL for PostgreSQL, even of a statement that another one usually covers."""
        return _INDEX_HINT.sub("", self.postgres if isinstance(self.postgres, str) else self.text)


@dataclass(frozen=True, slots=True)
class CoveredBy:
    """Marker of a statement that PostgreSQL skips: another one does its work in the same round trip."""

    statement: Statement


class Fetch(Protocol):
    """Function that runs one statement with its named values and returns all rows."""

    def __call__(self, statement: Statement, /, **values: object) -> Awaitable[Sequence[Row]]:
        """Run the statement.

        Raises:
            ClaimConflict: the constraint against overlapping claims rejected it.
        """
        ...


class RunMany(Protocol):
    """Function that runs one statement for each set of named values, and returns no rows."""

    def __call__(self, statement: Statement, sets: Sequence[dict[str, object]], /) -> Awaitable[None]:
        """Run the statement for each set. On PostgreSQL all sets share a round trip. Without sets, nothing runs.

        Raises:
            ClaimConflict: the constraint against overlapping claims rejected one; the transaction must not go on.
        """
        ...


def drive(awaitable: Awaitable[T]) -> T:
    """Return the result of an awaitable that never suspends, without an event loop.

    Raises:
        RuntimeError: it suspended.
        Exception: any exception of the awaitable.
    """
    steps = awaitable.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError(FOREIGN_AWAIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Name and columns of a table."""

    name: str
    key: tuple[str, ...]
    """Columns of the primary key."""
    columns: tuple[str, ...]
    """All columns except a number that the database assigns."""


def insert(table: Table, **expressions: str) -> str:
    """Return an INSERT of all columns. A column without an SQL expression takes the value of its own name."""
    values = ", ".join(expressions.get(column, f":{column}") for column in table.columns)
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({values})"


def upsert(table: Table, *, unchanged: Collection[str] = (), **expressions: str) -> str:
    """Return an INSERT that updates an existing row with the same key, except its unchanged columns."""
    replaced = [column for column in table.columns if column not in {*table.key, *unchanged}]
    updates = ", ".join(f"{column} = excluded.{column}" for column in replaced)
    return f"{insert(table, **expressions)} ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {updates}"


def update(table: Table, *, unchanged: Collection[str] = (), **expressions: str) -> str:
    """Return an UPDATE of the row with a key, except its unchanged columns. Values are as in `insert`."""
    changed = [column for column in table.columns if column not in {*table.key, *unchanged}]
    updates = ", ".join(f"{column} = {expressions.get(column, f':{column}')}" for column in changed)
    conditions = " AND ".join(f"{column} = :{column}" for column in table.key)
    return f"UPDATE {table.name} SET {updates} WHERE {conditions}"


def select_with_keys(text: str, *, postgres: str = "") -> Statement:
    """Return a SELECT whose `{keys}` is replaced by a JSON list of the column `key`, and `{among_keys}` as below."""
    return select_among_keys(
        text.replace("{keys}", "json_group_array(key)"),
        (postgres or text).replace("{keys}", "coalesce(json_agg(key), '[]')::text"),
    )


def select_among_keys(text: str, postgres: str = "") -> Statement:
    """Return a SELECT whose `{among_keys}` is replaced by a comparison with the JSON list `:keys`."""
    return Statement(
        text.replace("{among_keys}", "IN (SELECT value FROM json_each(:keys))"),
        postgres=(postgres or text).replace(
            "{among_keys}", "= ANY(ARRAY(SELECT json_array_elements_text(:keys::json)))"
        ),
    )
