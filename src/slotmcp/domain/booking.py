"""A booking: an appointment that is sold, for whom, and why that technician."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.claim import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Whom the appointment is for. Never logged."""

    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Where the technician goes, and what to know there."""

    address: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentReason:
    """Why this technician: the policy, and the winner's value of each key in it."""

    policy: tuple[RankingKey, ...]
    values: Mapping[RankingKey, int]
    considered: int
    """How many technicians could have taken it."""
    wished: bool = False
    """The caller asked for this technician."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A confirmed appointment. Its claim's id is its id."""

    claim: Claim
    customer: Customer | None = None
    """None for a booking that came with a project file."""
    visit: Visit = field(default_factory=Visit)
    reason: AssignmentReason | None = None

    @property
    def id(self) -> str:
        """The booking's id."""
        return self.claim.id
