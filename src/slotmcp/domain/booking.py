"""A booking: an appointment that is sold, for whom, and why that technician."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import InvalidArgument


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
    kept: bool = False
    """It was this technician's already, at the time that it was moved from."""
    decided_by: RankingKey | None = None
    """The first key in which the winner was ahead of the next; None: in no key, nobody was next, or not noted."""


class BookingStatus(StrEnum):
    """Where a booking stands."""

    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    """Confirmed, at another time than at first."""
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    """The technician came, the customer was not there."""


TRANSITIONS: Final[Mapping[BookingStatus, frozenset[BookingStatus]]] = {
    BookingStatus.CONFIRMED: frozenset(
        {BookingStatus.RESCHEDULED, BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
    ),
    BookingStatus.RESCHEDULED: frozenset(
        {BookingStatus.RESCHEDULED, BookingStatus.CANCELLED, BookingStatus.COMPLETED, BookingStatus.NO_SHOW}
    ),
    BookingStatus.CANCELLED: frozenset(),
    BookingStatus.COMPLETED: frozenset({BookingStatus.NO_SHOW}),
    BookingStatus.NO_SHOW: frozenset({BookingStatus.COMPLETED}),
}
"""Which status may follow which. What was told wrongly of a visit can be put right; the rest is final."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A confirmed appointment. Its claim's id is its id."""

    claim: Claim
    customer: Customer | None = None
    """None for a booking that came with a project file, or whose customer was forgotten."""
    visit: Visit = field(default_factory=Visit)
    reason: AssignmentReason | None = None
    status: BookingStatus = BookingStatus.CONFIRMED
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of the references by which its customer finds it: phone, e-mail, customerHash."""
    cancel_reason: str = ""
    attention: str = ""
    """Why somebody has to look at it, such as time off in its way; empty when nobody has to."""

    @property
    def id(self) -> str:
        """The booking's id."""
        return self.claim.id

    def with_status(self, status: BookingStatus) -> Self:
        """The same in another status.

        Raises:
            InvalidArgument: that status does not follow this one.
        """
        if status not in TRANSITIONS[self.status]:
            raise InvalidArgument("bookingId", f"this booking is {self.status}; it cannot become {status}.")
        return replace(self, status=status)
