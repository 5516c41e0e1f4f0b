"""Booking: a confirmed appointment with its customer and the reason for its technician."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from slotmcp.domain.attention import NO_ATTENTION, Attention
from slotmcp.domain.catalog import RankingKey
from slotmcp.domain.claim import Claim
from slotmcp.domain.errors import BookingClosed, InvalidArgument
from slotmcp.domain.interval import MS_PER_MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Customer of an appointment. Never logged."""

    name: str
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Customer's answer to a question of the service."""

    question_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Address of an appointment, with notes for the technician."""

    address: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentReason:
    """Reason for an assignment: the ranking policy, and the technician's value for each key."""

    policy: tuple[RankingKey, ...]
    values: Mapping[RankingKey, int]
    considered: int
    """Number of technicians who could take the job."""
    wished: bool = False
    """True if the caller requested this technician."""
    kept: bool = False
    """True if a rescheduled booking kept its technician."""
    decided_by: RankingKey | None = None
    """First key that ranked the technician above the next one; None: a tie, no other technician, or not recorded."""


class BookingStatus(StrEnum):
    """Status of a booking."""

    CONFIRMED = "confirmed"
    RESCHEDULED = "rescheduled"
    """Confirmed, and moved to another time at least once."""
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    """The customer missed the appointment."""


MAX_FORMER_KEYS: Final = 5
MAX_ANSWERS: Final = 10
"""Answers of one booking."""
MAX_ANSWER_CHARACTERS: Final = 300
_ACTIVE: Final = frozenset({BookingStatus.CONFIRMED, BookingStatus.RESCHEDULED})

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
"""Allowed next statuses. Only completed and no-show can be corrected later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A confirmed appointment. It has the id of its claim."""

    claim: Claim
    customer: Customer | None = None
    """None for a booking from a project file, and after the customer was erased."""
    visit: Visit = field(default_factory=Visit)
    answers: tuple[Answer, ...] = ()
    """Answers to the questions of the service."""
    reason: AssignmentReason | None = None
    status: BookingStatus = BookingStatus.CONFIRMED
    contact_keys: tuple[str, ...] = ()
    """Keyed hashes of the customer's references: phone, email and customerHash."""
    former_keys: tuple[str, ...] = ()
    """Keyed hashes of replaced contacts, newest first. They only recognize repeated requests, and prove nothing."""
    call_keys: tuple[str, ...] = ()
    """Keyed hashes of the unguessable ids of the call that booked."""
    cancel_reason: str = ""
    attention: Attention = NO_ATTENTION
    """Causes why an operator must review the booking, such as time off."""
    is_additional: bool = False
    """True if the customer wanted it in addition to another visit at the same time."""

    @property
    def id(self) -> str:
        """Id of the booking."""
        return self.claim.id

    def with_contact_keys(self, keys: tuple[str, ...]) -> Self:
        """Return the booking with other contact keys. It remembers the last replaced ones."""
        known = dict.fromkeys((*self.contact_keys, *self.former_keys))
        former = [key for key in known if key not in keys]
        return replace(self, contact_keys=keys, former_keys=tuple(former[:MAX_FORMER_KEYS]))

    @property
    def is_active(self) -> bool:
        """True if the booking is confirmed or rescheduled."""
        return self.status in _ACTIVE

    def require_open(self, now_ms: int) -> None:
        """Require that the booking is active and its visit has not begun.

        Raises:
            BookingClosed.
        """
        if not self.is_active or self.claim.start * MS_PER_MINUTE <= now_ms:
            raise BookingClosed(is_canceled=self.status is BookingStatus.CANCELLED)

    def require_not_over(self, now_ms: int) -> None:
        """Require that an active visit is not over. Its outcome is set instead, and past reports stay as they are.

        Raises:
            BookingClosed.
        """
        if self.is_over(now_ms):
            raise BookingClosed(is_canceled=False)

    def is_over(self, now_ms: int) -> bool:
        """Return whether the visit has ended and has no outcome yet."""
        return self.is_active and self.claim.end * MS_PER_MINUTE <= now_ms

    def with_status(self, status: BookingStatus) -> Self:
        """Return the booking in another status.

        Raises:
            InvalidArgument: the current status does not allow it.
        """
        if status not in TRANSITIONS[self.status]:
            raise InvalidArgument("bookingId", f"this booking is {self.status}; it cannot become {status}.")
        return replace(self, status=status)
