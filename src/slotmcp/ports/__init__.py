"""Ports: interfaces that the adapters implement. Their docstrings are the specification; adapters do not repeat it."""

from slotmcp.ports.environment import Clock, Geocoder, Ids, Place, Travel
from slotmcp.ports.fleet import (
    AttemptLimit,
    AttemptLimiter,
    ChangeNotice,
    CommitHandler,
    Fleet,
    LiveHolds,
    Rate,
    RateLimiter,
)
from slotmcp.ports.project_memory import ProjectMemory
from slotmcp.ports.store import BookingPages, Head, ProjectEvent, ScheduleReader, Store, StoredKey
from slotmcp.ports.transaction import ClaimConflict, Receipt, Transaction, Unit

__all__ = [
    "AttemptLimit",
    "AttemptLimiter",
    "BookingPages",
    "ChangeNotice",
    "ClaimConflict",
    "Clock",
    "CommitHandler",
    "Fleet",
    "Geocoder",
    "Head",
    "Ids",
    "LiveHolds",
    "Place",
    "ProjectEvent",
    "ProjectMemory",
    "Rate",
    "RateLimiter",
    "Receipt",
    "ScheduleReader",
    "Store",
    "StoredKey",
    "Transaction",
    "Travel",
    "Unit",
]
