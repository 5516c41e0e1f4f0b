"""Erasures of customers, and reports on where their data was erased and where it may remain."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Erasure of a customer. The key is the keyed hash of a contact, from which the contact cannot be read."""

    project_id: str
    key: str
    at_ms: int
    """Time of the newest erasure of this contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanupReport:
    """Places where erased data was overwritten or deleted, and places where it may remain, as clauses."""

    cleaned: tuple[str, ...] = ()
    remaining: tuple[str, ...] = ()

    @classmethod
    def merged(cls, reports: Iterable[Self]) -> Self:
        """Return one report with the places of several."""
        listed = tuple(reports)
        return cls(
            cleaned=tuple(place for report in listed for place in report.cleaned),
            remaining=tuple(place for report in listed for place in report.remaining),
        )


def missing_erasures(known: Iterable[Erasure], applied: Iterable[Erasure]) -> tuple[Erasure, ...]:
    """Return the newest known erasure of each contact, except those that are applied or older than the applied one."""
    times = {(erasure.project_id, erasure.key): erasure.at_ms for erasure in applied}
    missing: dict[tuple[str, str], Erasure] = {}
    for erasure in sorted(known, key=lambda erasure: erasure.at_ms):
        name = erasure.project_id, erasure.key
        if name not in times or erasure.at_ms > times[name]:
            missing[name] = erasure
    return tuple(missing.values())
