"""SQL statements with a text for each database, and the parts of them that follow from a table's columns."""

from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Row: TypeAlias = tuple[Any, ...]
"""Values of one row, in the order of the statement's columns; the types in `slotmcp.store.columns` name them."""

FOREIGN_AWAIT = "A unit of work awaits the transaction's methods and nothing else."


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """SQL statement; `:name` stands for the value with that name."""

    text: str
    """For SQLite, and for PostgreSQL unless it has a text of its own."""
    postgres: "str | CoveredBy | None" = None
    takes_time: bool = False
    """PostgreSQL returns a row, or a live claim already has the time."""


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


def drive(awaitable: Awaitable[T]) -> T:
    """Run an awaitable that never suspends to its end, without an event loop.

    Raises:
        RuntimeError: it suspended.
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
    """Columns that identify a row within the database."""
    columns: tuple[str, ...]
    """Columns, without a number that the database assigns."""


def insert(table: Table, **expressions: str) -> str:
    """Return an INSERT of all columns; each takes the value of its own name, or the SQL expression given for it."""
    values = ", ".join(expressions.get(column, f":{column}") for column in table.columns)
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({values})"


def upsert(table: Table, *, keep: Collection[str] = (), **expressions: str) -> str:
    """Return an INSERT that replaces a row with the same key, except for the columns to keep."""
    replaced = [column for column in table.columns if column not in {*table.key, *keep}]
    updates = ", ".join(f"{column} = excluded.{column}" for column in replaced)
    return f"{insert(table, **expressions)} ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {updates}"


def update(table: Table, *, keep: Collection[str] = (), **expressions: str) -> str:
    """Return an UPDATE of the row with a key, except for the columns to keep; values are those of `insert`."""
    changed = [column for column in table.columns if column not in {*table.key, *keep}]
    updates = ", ".join(f"{column} = {expressions.get(column, f':{column}')}" for column in changed)
    conditions = " AND ".join(f"{column} = :{column}" for column in table.key)
    return f"UPDATE {table.name} SET {updates} WHERE {conditions}"


def listing_keys(text: str) -> Statement:
    """Return a statement in which `{keys}` stands for a JSON list of the values of the column `key`."""
    return Statement(
        text.format(keys="json_group_array(key)"),
        postgres=text.format(keys="coalesce(json_agg(key), '[]')::text"),
    )
