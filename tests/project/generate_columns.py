"""`make generate`: writes `slotmcp/store/columns.py` from the tables, which are the one definition of all columns."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Final, get_args

from sqlalchemy import Table, UniqueConstraint

from slotmcp.store import tables

PATH: Final = Path(tables.__file__).with_name("columns.py")
LINE: Final = 120

HEADER: Final = '''"""Generated columns of the tables, and of the rows that statements read.

Do not edit: `make generate` writes this module from `slotmcp.store.tables`.
"""

from typing import Final, NamedTuple

from slotmcp.store.statement import Table
'''


@dataclass(frozen=True, slots=True)
class Part:
    """Columns of one table in a row: all of them, without some."""

    table: str
    alias: str = ""
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Extra:
    """A column that comes from another table or an expression."""

    name: str
    sql: str = ""
    """Empty: the statement adds its own expression after the others."""


OWNER: Final = Extra("technician_id", "t.id")
CONTACT_KEYS: Final = Extra("contact_keys")
FORMER_KEYS: Final = Extra("former_keys")
CALL_KEYS: Final = Extra("call_keys")
HIDDEN_IN_HOLD: Final = frozenset({"project_id", "technician_number"})
CLAIM: Final = Part("claims", "c", HIDDEN_IN_HOLD | {"state", "hold_token", "customer_pseudonym"})

ROWS: Final[dict[str, tuple[Part | Extra, ...]]] = {
    "Project": (Part("projects", without=frozenset({"salt", "revision"})),),
    "Service": (Part("services", without=frozenset({"project_id", "position", "archived"})),),
    "Technician": (Part("technicians", without=frozenset({"number", "project_id", "position", "archived"})),),
    "Claim": (OWNER, CLAIM),
    "Hold": (OWNER, Part("claims", "c", HIDDEN_IN_HOLD)),
    "Booking": (
        OWNER,
        Part("claims", "c", CLAIM.without | {"hold_terms"}),
        Part("bookings", "b", frozenset({"project_id", "claim_id", "created_at_ms"})),
        CONTACT_KEYS,
        FORMER_KEYS,
        CALL_KEYS,
    ),
    "Busy": (OWNER, Part("busy_times", "b", frozenset({"technician_number"}))),
    "Receipt": (Part("receipts", without=frozenset({"project_id"})),),
    "WaitlistEntry": (Part("waits", "w", frozenset({"number", "project_id"})), CONTACT_KEYS),
    "Event": (Part("events", without=frozenset({"project_id"})),),
    "AccessKey": (Part("access_keys"),),
    "DashboardSession": (Part("dashboard_sessions"),),
    "CalendarEntry": (Part("calendar_entries", without=frozenset({"project_id"})),),
    "DeferredEvent": (Part("calendar_parked", without=frozenset({"project_id", "uid"})),),
    "Push": (Part("calendar_pushes", without=frozenset({"project_id"})),),
    "Sync": (Part("calendar_syncs", without=frozenset({"project_id"})),),
}
"""The rows that statements read."""


def generated() -> str:
    """Return the module's text."""
    definitions = [_table(table) for table in tables.METADATA.sorted_tables]
    names = [table.name for table in tables.METADATA.sorted_tables]
    definitions.append("\n".join(["TABLE_NAMES: Final = (", *(f'    "{name}",' for name in names), ")"]))
    rows = (f"\n\n{_row(name, parts)}" for name, parts in ROWS.items())
    return "\n".join([HEADER, *definitions, *_encrypted(), *rows]) + "\n"


def _table(table: Table) -> str:
    key = _key(table)
    number = next((column.name for column in table.primary_key if column.name not in key), "")
    columns = [column.name for column in table.columns if column.name != number]
    return "\n".join(
        [
            f"{table.name.upper()}: Final = Table(",
            f'    name="{table.name}",',
            f"    key={_tuple(key)},",
            *_lines("columns", columns),
            ")",
        ]
    )


def _encrypted() -> Iterator[str]:
    columns = (column for table in tables.METADATA.sorted_tables for column in table.columns)
    yield "\nENCRYPTED_COLUMNS: Final = frozenset(\n    {"
    yield from (f'        "{name}",' for name in sorted({one.name for one in columns if one.info.get("encrypted")}))
    yield "    }\n)"


def _key(table: Table) -> list[str]:
    """Return the primary key, or the unique columns where the primary key is a number that the database assigns."""
    if table.dialect_options["sqlite"]["autoincrement"]:
        unique = next(one for one in table.constraints if isinstance(one, UniqueConstraint))
        return [column.name for column in unique.columns]
    return [column.name for column in table.primary_key.columns]


def _tuple(names: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"({quoted},)" if len(names) == 1 else f"({quoted})"


def _lines(field: str, names: list[str]) -> Iterator[str]:
    line = f"    {field}={_tuple(names)},"
    if len(line) <= LINE:
        yield line
        return
    yield f"    {field}=("
    yield from (f'        "{name}",' for name in names)
    yield "    ),"


def _row(name: str, parts: tuple[Part | Extra, ...]) -> str:
    fields = "\n".join(f"    {field}: {kind}" for part in parts for field, kind in _fields(part))
    columns = ", ".join(column for part in parts for column in _columns(part))
    names = " and ".join(f"`{part.table}`" for part in parts if isinstance(part, Part))
    row = f'class {name}Row(NamedTuple):\n    """Columns of {names}."""\n\n{fields}'
    return f"{row}\n\n\n{_text(_constant(name), columns)}"


def _text(constant: str, columns: str) -> str:
    line = f'{constant}: Final = "{columns}"'
    if len(line) <= LINE:
        return line
    lines = [f'    "{part}"' for part in textwrap.wrap(columns, LINE - 8, drop_whitespace=False)]
    return "\n".join([f"{constant}: Final = (", *lines, ")"])


def _constant(name: str) -> str:
    words = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name)
    return f"{words.lstrip('_')}_COLUMNS".replace("__", "_").upper()


def _fields(part: Part | Extra) -> Iterator[tuple[str, str]]:
    if isinstance(part, Extra):
        yield part.name, "str"
        return
    for column in _kept(part):
        yield column, _type(part.table, column)


def _columns(part: Part | Extra) -> Iterator[str]:
    if isinstance(part, Extra):
        yield from filter(None, [part.sql])
        return
    yield from (f"{part.alias}.{column}" if part.alias else column for column in _kept(part))


def _kept(part: Part) -> list[str]:
    return [column.name for column in tables.METADATA.tables[part.table].columns if column.name not in part.without]


def _type(table: str, column: str) -> str:
    model = next(one for one in vars(tables).values() if getattr(one, "__tablename__", None) == table)
    annotation = model.model_fields[column].annotation
    kinds = [kind.__name__ for kind in get_args(annotation) or [annotation] if kind is not NoneType]
    return " | ".join([*kinds, "None"] if NoneType in get_args(annotation) else kinds)


if __name__ == "__main__":
    PATH.write_text(generated(), encoding="utf-8")
