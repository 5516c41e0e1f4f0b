"""Copying the books of projects from one database to another, of either dialect, and checking what arrived.

What belongs to no project stays behind: a key that opens every project may open more there than it did here.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, insert, select

from slotmcp.domain.errors import DatabaseUnusable, InvalidArgument, NotFound
from slotmcp.store.tables import METADATA

BATCH: Final = 1_000
"""Rows that are read, and written, at a time."""

PROJECTS: Final = METADATA.tables["projects"]
TECHNICIANS: Final = METADATA.tables["technicians"]
GIVEN_ANEW: Final = {("technicians", "number"), ("waits", "number")}
"""Numbers that mean nothing outside their database. The order in which waits have them does, and is kept."""

LEFT_BEHIND: Final = {"traces"}
"""What was decided stays where it was decided: nothing that is to come depends on it."""

OWNER: Final = "technician_number"
"""Copied as the technician's id."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CopiedTable:
    """What one table gave to the copy, and what was found there afterwards."""

    name: str
    rows: int
    digest: str
    """The SHA-256 of all rows in their order, in hex: the same on both sides."""


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied."""

    project_ids: tuple[str, ...]
    tables: tuple[CopiedTable, ...]


def copy_books(source: Connection, target: Connection, project_ids: Sequence[str]) -> CopyReport:
    """Copy projects, all of them where none is named, with everything that is kept of them, and check the copy.

    Both connections are in a transaction, which the caller ends; the source's sees one state.

    Raises:
        NotFound: the source has no such project.
        InvalidArgument: the source has none at all, or the target has one of them.
        DatabaseUnusable: what arrived is not what was sent.
    """
    wanted = _wanted(source, project_ids)
    _refuse_known(target, wanted)
    tables = [table for table in METADATA.sorted_tables if table.name not in LEFT_BEHIND]
    copied = [_copy_table(source, target, table, wanted) for table in tables]
    for one in copied:
        if _read_back(target, one.name, wanted) != one:
            raise DatabaseUnusable(f"The copy differs from the original in {one.name}. Nothing was copied.")
    return CopyReport(wanted, tuple(copied))


def _wanted(source: Connection, asked: Sequence[str]) -> tuple[str, ...]:
    there = _project_ids(source)
    if not there:
        raise InvalidArgument("--from", "holds no project; there is nothing to copy.")
    for project_id in asked:
        if project_id not in there:
            raise NotFound.among("--project", "project", project_id, there)
    return tuple(dict.fromkeys(asked)) or tuple(there)


def _refuse_known(target: Connection, wanted: Sequence[str]) -> None:
    if known := sorted({*_project_ids(target)} & {*wanted}):
        raise InvalidArgument("--to", f"has {', '.join(known)} already, and two books are not made one.")


def _project_ids(connection: Connection) -> list[str]:
    return list(connection.scalars(select(PROJECTS.c.id).order_by(PROJECTS.c.id)))


def _copy_table(source: Connection, target: Connection, table: Table, project_ids: Sequence[str]) -> CopiedTable:
    digest = RowDigest(table.name)
    for project_id in project_ids:
        numbers = _numbers(target, project_id) if OWNER in table.columns else {}
        for rows in _read(source, table, project_id):
            digest.add(rows)
            target.execute(insert(table), [_owned_there(row, numbers) for row in rows])
    return digest.total


def _read_back(target: Connection, name: str, project_ids: Sequence[str]) -> CopiedTable:
    digest = RowDigest(name)
    for project_id in project_ids:
        for rows in _read(target, METADATA.tables[name], project_id):
            digest.add(rows)
    return digest.total


def _read(connection: Connection, table: Table, project_id: str) -> Iterator[list[Row]]:
    """A project's rows of a table, batch by batch, in an order that every database gives them."""
    result = connection.execute(_selected(table, project_id).execution_options(yield_per=BATCH))
    for rows in result.mappings().partitions():
        yield [dict(row) for row in rows]


def _selected(table: Table, project_id: str) -> Select[Any]:
    kept = [column for column in table.columns if (table.name, column.name) not in GIVEN_ANEW]
    if OWNER not in table.columns:
        owner = PROJECTS.c.id if table is PROJECTS else table.c.project_id
        return select(*kept).where(owner == project_id).order_by(*_order(table))
    columns = [TECHNICIANS.c.id.label(OWNER) if column.name == OWNER else column for column in kept]
    joined = table.join(TECHNICIANS, table.c[OWNER] == TECHNICIANS.c.number)
    order = [TECHNICIANS.c.id, *(column for column in _order(table) if column.name != OWNER)]
    return select(*columns).select_from(joined).where(TECHNICIANS.c.project_id == project_id).order_by(*order)


def _order(table: Table) -> list[Any]:
    return [TECHNICIANS.c.id] if table is TECHNICIANS else list(table.primary_key.columns)


def _numbers(target: Connection, project_id: str) -> dict[str, int]:
    """The numbers that a project's technicians were given there."""
    found = select(TECHNICIANS).where(TECHNICIANS.c.project_id == project_id)
    return {row["id"]: row["number"] for row in target.execute(found).mappings()}


def _owned_there(row: Row, numbers: dict[str, int]) -> Row:
    return {**row, OWNER: numbers[row[OWNER]]} if numbers else row


class RowDigest:
    """Row count and digest of one table."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = 0
        self._digest = hashlib.sha256()

    def add(self, rows: Sequence[Row]) -> None:
        """Count a batch of rows and add it to the digest."""
        self._rows += len(rows)
        for row in rows:
            self._digest.update(repr(sorted(row.items())).encode())

    @property
    def total(self) -> CopiedTable:
        """Return the count and the digest of all rows added so far."""
        return CopiedTable(self._name, self._rows, self._digest.hexdigest())
