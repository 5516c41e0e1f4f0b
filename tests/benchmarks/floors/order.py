"""Orders that a floor carries out, and their results."""

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Span = tuple[str, str, int, int]
"""Booking id, technician id, first minute and end, with buffers."""

HOLD_MS = 90_000


class Result(StrEnum):
    """Result of an order."""

    DONE = "done"
    REPLAYED = "replayed"
    """The key was used before, and nothing was written."""
    TAKEN = "taken"
    """The technician has another job then, or the hold has lapsed. Nothing was written."""


class Kind(StrEnum):
    """Kind of an order."""

    BOOK = "book"
    HOLD = "hold"
    CONFIRM = "confirm"
    """Book a held time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One call of a customer."""

    key: str
    booking_id: str
    technician: str
    start: int
    end: int
    name: str
    phone: str
    now_ms: int
    kind: Kind = Kind.BOOK


class Floor(Protocol):
    """Minimal booking system."""

    def run(self, order: Order) -> Awaitable[Result]:
        """Carry out an order durably."""
        ...
