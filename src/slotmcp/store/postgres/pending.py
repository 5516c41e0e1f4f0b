"""Pending writes of a group of units of work, which one statement writes after all units have been decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import orjson

from slotmcp.store.encryption import FieldCipher

Touched: TypeAlias = tuple[str, ...]
"""Kind and key of something that a unit reads or writes: ("claim", id), ("receipt", use case, credential, key)."""
Rows: TypeAlias = list[Mapping[str, object]]

UPDATES: Final = "updates"
"""Name of the list of changes of existing rows. The other lists have the name of their table."""


@dataclass(slots=True)
class PendingWrites:
    """Rows to write, rows that must not exist, and what they touch."""

    touched: set[Touched] = field(default_factory=set)
    rows: dict[str, Rows] = field(default_factory=dict)
    """New rows by table, and updates."""
    missing: dict[str, list[object]] = field(default_factory=dict)
    """Rows that the units assumed to be missing, by kind."""

    def add(self, name: str, row: Mapping[str, object], *touched: Touched) -> None:
        """Add a row to a list."""
        self.rows.setdefault(name, []).append(row)
        self.touched.update(touched)

    def assume_missing(self, kind: str, row: object) -> None:
        """Add a row that must not exist."""
        self.missing.setdefault(kind, []).append(row)

    def include(self, unit: "PendingWrites") -> None:
        """Add what a unit of work writes."""
        self.touched |= unit.touched
        for name, rows in unit.rows.items():
            self.rows.setdefault(name, []).extend(rows)

    def include_assumptions(self, unit: "PendingWrites") -> None:
        """Add what a unit of work assumed to be missing, whether it succeeded or not."""
        for kind, rows in unit.missing.items():
            self.missing.setdefault(kind, []).extend(rows)

    def as_json(self, *, clock_ms: int | None, cipher: FieldCipher | None) -> str:
        """Return the argument `work` of the function write_group.

        Raises:
            orjson.JSONEncodeError: a text is not valid Unicode.
        """
        rows = {name: [_encrypted(row, cipher) for row in rows] for name, rows in self.rows.items()}
        work: dict[str, object] = {UPDATES: [], **rows, **self.missing, "clock_ms": clock_ms}
        return orjson.dumps(work).decode()


def _encrypted(row: Mapping[str, object], cipher: FieldCipher | None) -> Mapping[str, object]:
    return cipher.encrypt_values(dict(row)) if cipher else row
