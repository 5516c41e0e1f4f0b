"""Retention of data, and the numbers of rows that a purge deletes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MIN_BOOKING_DAYS: Final = 3
"""Minimum age in days of a booking that is erased or deleted: schedules contain the bookings of the last two days."""


class DataKind(StrEnum):
    """Kind of data that a purge deletes, as the command prints it."""

    CUSTOMERS = "customers of past bookings"
    BOOKINGS = "past bookings"
    CANCELED = "canceled bookings"
    DEFERRED = "deferred calendar events"
    ENTRIES = "ended calendar events"
    DELIVERIES = "webhook deliveries"
    KEYS = "expired or revoked access keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days for which data is kept; 0: without limit."""

    customer_days: int = 0
    """After the end of a booking, its customer is erased."""
    booking_days: int = 0
    """After its end, a booking is deleted."""
    canceled_days: int = 0
    """After its former end, a canceled booking is deleted."""
    key_days: int = 0
    """After its expiry or revocation, an access key is deleted."""


KEEP_ALL: Final = Retention()
"""Retention without limit."""


@dataclass(frozen=True, slots=True)
class Purged:
    """Number of deleted or erased rows by kind."""

    counts: Mapping[DataKind, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of rows of all kinds."""
        return sum(self.counts.values())

    def __add__(self, other: "Purged") -> "Purged":
        """Return the sum of two results."""
        return Purged(Counter(self.counts) + Counter(other.counts))
