"""Holds: one unit of a start's capacity, kept for a caller who is thinking."""

from dataclasses import dataclass

from slotmcp.domain.catalog import Project, ServiceType
from slotmcp.domain.claim import Hold
from slotmcp.domain.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """A start to be kept for a customer."""

    start: Moment
    customer_reference: str
    """The caller's opaque reference; only its hash with the project's salt is kept."""
    project_id: str | None = None
    service_id: str | None = None
    end: Moment | None = None
    duration_minutes: int | None = None
    technician_id: str | None = None
    ttl_seconds: int | None = None
    idempotency_key: str = ""
    credential: str = "local"
    """Whose idempotency keys these are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldAnswer:
    """A hold that was granted. The technician in it is a witness and is not told."""

    project: Project
    service: ServiceType
    hold: Hold
    capacity_left: int
    """How many more callers this start could serve after the hold was granted."""
    now_ms: int
    replayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAnswer:
    """What became of a hold that was to be given back."""

    released: bool
    """False when there was nothing to give back: unknown, lapsed or released before."""
    booked: bool = False
    """It has become a booking, and stays one."""


class HoldService:
    """Keeps and gives back."""

    async def create_hold(self, request: HoldRequest) -> HoldAnswer:
        """Hold one unit of a start's capacity.

        Raises:
            InvalidArgument, NotFound, SlotUnavailable, HoldLimit, IdempotencyMismatch, Unavailable.
        """
        raise NotImplementedError

    async def release_hold(self, project_id: str | None, token: str) -> ReleaseAnswer:
        """Give a hold back. Doing it again is no error.

        Raises:
            NotFound, Unavailable.
        """
        raise NotImplementedError
