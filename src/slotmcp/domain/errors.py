"""Errors of the domain. Each branch states the caller's next step.

SlotmcpError
├── FixRequest           change the request
│   ├── InvalidArgument      a field is wrong                      invalid_argument
│   │   └── UnansweredQuestions  ask the caller the questions          invalid_argument
│   ├── NotFound             no such project, service or booking   not_found
│   ├── VerificationNeeded   ask for the contact on the booking    verification_needed
│   ├── AlreadyBooked        ask which booking is meant            already_booked
│   ├── HoldLimit            release a hold first                  hold_limit
│   │   └── CredentialHoldLimit  book without a hold                   hold_limit
│   └── IdempotencyMismatch  use a new key                         idempotency_mismatch
├── PickAnother          choose another time
│   ├── SlotUnavailable      taken, or never offered               slot_unavailable
│   │   └── NothingToWaitFor     a wait cannot succeed                 slot_unavailable
│   └── SlotsAvailable       book now instead of waiting           slots_available
├── StartOver            request slots again
│   └── HoldExpired          the hold and its time are gone        hold_expired
│       ├── UnknownHold          no hold has the token                 hold_expired
│       └── HoldWithdrawn        no technician can serve it            hold_expired
├── TryLater             repeat the same request later
│   ├── Unavailable          a dependency is not available         unavailable
│   └── RateLimited          too many calls                        rate_limited
│       ├── TooManyGuesses       too many failed verifications         rate_limited
│       └── WaitLimit            too many entries on the waitlist      rate_limited
├── Stop                 do not retry
│   ├── BookingClosed        the visit has begun, or is over       booking_closed
│   └── Forbidden            the credential does not allow it      forbidden
└── FixSetup             an operator must change the installation
    ├── DatabaseTooNew       written by a newer version            unavailable
    └── DatabaseUnusable     foreign, damaged or inaccessible      unavailable
        ├── DatabaseTooOld       written by an older version           unavailable
        └── DatabaseInUse        other processes have it open          unavailable

Interfaces map errors by `code`; this module knows neither HTTP nor MCP.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from heapq import nlargest
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

if TYPE_CHECKING:
    from slotmcp.domain.interval import Minute
    from slotmcp.domain.offer import Offer
    from slotmcp.domain.reasons import Reason

A = TypeVar("A")
B = TypeVar("B")
_MAX_NEAREST = 12
_MAX_COMPARED = 200
"""Maximum number of ids that are compared completely, which takes tens of microseconds each."""
_CONTACT_MISSING = "Give the phone or the email that the booking was made under, as the caller says it."
_CONTACT_DIFFERS = (
    "No booking has this bookingId with this phone or email. Check the id with find_bookings, and ask the caller for "
    "another phone or email. A corrected one belongs in newPhone or newEmail of update_booking. A booking without "
    "either can only be changed by operators."
)
_MAX_QUOTED_CHARACTERS = 60
_VISIT_BEGAN = "The visit has begun or is over, so it can no longer be changed. An operator can set its outcome."
_BOOKING_CANCELED = "This booking is canceled, so it cannot be changed. Book a new one if the caller wants it."


class ErrorCode(StrEnum):
    """Stable code of an error on every interface."""

    INVALID_ARGUMENT = "invalid_argument"
    NOT_FOUND = "not_found"
    VERIFICATION_NEEDED = "verification_needed"
    ALREADY_BOOKED = "already_booked"
    HOLD_LIMIT = "hold_limit"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    SLOT_UNAVAILABLE = "slot_unavailable"
    SLOTS_AVAILABLE = "slots_available"
    HOLD_EXPIRED = "hold_expired"
    UNAVAILABLE = "unavailable"
    RATE_LIMITED = "rate_limited"
    BOOKING_CLOSED = "booking_closed"
    FORBIDDEN = "forbidden"
    INTERNAL = "internal"
    """An unexpected failure, without an error class."""


class ProblemKind(StrEnum):
    """Subject of a problem, which decides the sentence that callers hear. Earlier members are reported first."""

    NAME = "name"
    """The customer's name is missing or unusable."""
    CONTACT = "contact"
    """A phone number or an email address is required."""
    PHONE = "phone"
    """The phone number is incomplete or impossible."""
    EMAIL = "email"
    """The email address is not valid."""
    SERVICE = "service"
    """The service is missing or unknown."""
    TECHNICIAN = "technician"
    """No technician has that name, or the technician cannot do the work."""
    BOOKING = "booking"
    """The booking is missing or unknown."""
    POSTAL_CODE = "postal_code"
    """The postal code is missing or unreadable."""
    OUTSIDE_AREA = "outside_area"
    """The business does not serve the place of the job."""
    PAST = "past"
    """The time is in the past."""
    TOO_FAR = "too_far"
    """The time is after the last day on which bookings are open."""
    WHICH_DAY = "which_day"
    """The words mean one of two days."""
    TIME = "time"
    """The day or the time of day is missing or unreadable."""
    OTHER = "other"
    """The agent has to correct its request; the caller has nothing to say."""


_KIND_BY_ID = {
    "serviceType": ProblemKind.SERVICE,
    "technicianId": ProblemKind.TECHNICIAN,
    "bookingId": ProblemKind.BOOKING,
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field: its name on the wire, and the valid form."""

    field: str
    problem: str
    kind: ProblemKind = ProblemKind.OTHER


class SlotmcpError(Exception):
    """Base class. `message` is a sentence that an agent can act on."""

    code: ClassVar[ErrorCode]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FixRequest(SlotmcpError):  # noqa: N818  a branch, named by the next step
    """The request has to change."""


class InvalidArgument(FixRequest):
    """A field is wrong. `fields` lists each wrong field with its valid form."""

    code = ErrorCode.INVALID_ARGUMENT

    def __init__(self, field: str, problem: str, *more: FieldProblem, kind: ProblemKind = ProblemKind.OTHER) -> None:
        self.fields = (FieldProblem(field, problem, kind), *more)
        super().__init__(" ".join(f"{wrong.field}: {wrong.problem}" for wrong in self.fields))

    @classmethod
    def of(cls, problems: Sequence[FieldProblem]) -> Self:
        """Return the error for one or more problems."""
        first, *others = problems
        return cls(first.field, first.problem, *others, kind=first.kind)

    @property
    def kind(self) -> ProblemKind:
        """The first kind, in the order of `ProblemKind`, of all problems."""
        return min((wrong.kind for wrong in self.fields), key=list(ProblemKind).index)


class UnansweredQuestions(InvalidArgument):
    """Required questions of the service have no answer. `asks` are the questions as callers hear them."""

    def __init__(self, questions: Mapping[str, str]) -> None:
        """Create the error for questions by id."""
        first, *more = [
            FieldProblem(
                "answers", f'the answer to {id_} is missing. Ask the caller: "{ask}" Then add "{id_}: ..." to answers.'
            )
            for id_, ask in questions.items()
        ]
        super().__init__(first.field, first.problem, *more)
        self.asks = tuple(questions.values())


class NotFound(FixRequest):
    """Nothing has the id `wanted`. `field` is the request's field; `nearest` are similar valid ids."""

    code = ErrorCode.NOT_FOUND

    def __init__(self, field: str, message: str, *, nearest: Sequence[str] = (), wanted: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.nearest = tuple(nearest)
        self.wanted = wanted

    @property
    def kind(self) -> ProblemKind:
        """Subject of the id."""
        return _KIND_BY_ID.get(self.field, ProblemKind.OTHER)

    @classmethod
    def among(cls, field: str, kind: str, wanted: str, valid: Sequence[str] | Mapping[str, str]) -> Self:
        """Return the error for an id that is not among the valid ones, which may have names.

        It lists the most similar ones first, and all of up to twelve.
        """
        quoted, names = wanted[:_MAX_QUOTED_CHARACTERS], dict(valid) if isinstance(valid, Mapping) else {}
        nearest = _nearest(quoted, list(valid), names)
        listed = f"Valid: {', '.join(_named(id_, names) for id_ in nearest)}." if nearest else "There is none yet."
        return cls(field, f"There is no {kind} {quoted!r}. {listed}", nearest=nearest, wanted=wanted)

    @classmethod
    def ambiguous(cls, field: str, kind: str, wanted: str, names: Mapping[str, str]) -> Self:
        """Return the error for a name that several have, by their ids."""
        listed = ", ".join(_named(id_, names) for id_ in names)
        message = f"Several {kind} are called {wanted[:_MAX_QUOTED_CHARACTERS]!r}: {listed}. Give the id of one."
        return cls(field, message, nearest=list(names), wanted=wanted)


class VerificationNeeded(FixRequest):
    """The caller has not proved that the booking is theirs.

    An unknown id, a wrong contact and a booking without a contact are reported alike, so that ids cannot be guessed.
    """

    code = ErrorCode.VERIFICATION_NEEDED

    def __init__(self, *, has_contact: bool) -> None:
        super().__init__(_CONTACT_DIFFERS if has_contact else _CONTACT_MISSING)
        self.has_contact = has_contact


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Return the results of two checks of one request.

    Raises:
        InvalidArgument: both failed; it has the problems of both. If one failed, its own error is raised.
    """
    try:
        result = first()
    except (InvalidArgument, NotFound) as error:
        try:
            second()
        except (InvalidArgument, NotFound) as other:
            raise InvalidArgument.of([*problems_of(error), *problems_of(other)]) from None
        raise
    return result, second()


def problems_of(error: InvalidArgument | NotFound) -> tuple[FieldProblem, ...]:
    """Return the wrong fields of an error."""
    if isinstance(error, InvalidArgument):
        return error.fields
    return (FieldProblem(error.field, error.message, error.kind),)


def _nearest(wanted: str, valid: Sequence[str], names: Mapping[str, str]) -> Sequence[str]:
    """Return the ids that are similar by id or name, then the others if that makes at most twelve."""
    by_text = {text.casefold(): id_ for id_ in valid for text in (names.get(id_, id_), id_)}
    similar = get_close_matches(wanted.casefold(), _plausible(wanted.casefold(), by_text), n=_MAX_NEAREST, cutoff=0.4)
    ids = dict.fromkeys(by_text[text] for text in similar)
    others = valid if len(valid) <= _MAX_NEAREST or not ids else ()
    return list(dict.fromkeys([*ids, *others]))[:_MAX_NEAREST]


def _plausible(wanted: str, texts: Collection[str]) -> Collection[str]:
    """Return all of a few texts, or the few of many that share the most pairs of characters with the wanted one."""
    if len(texts) <= _MAX_COMPARED:
        return texts
    pairs = {wanted[at : at + 2] for at in range(len(wanted) - 1)}
    return nlargest(_MAX_COMPARED, texts, key=lambda text: sum(pair in text for pair in pairs))


def _named(id_: str, names: Mapping[str, str]) -> str:
    return f"{id_} ({names[id_]})" if id_ in names else id_


class HoldLimit(FixRequest):
    """The caller has the maximum number of live holds, or held overlapping time for as long as possible."""

    code = ErrorCode.HOLD_LIMIT

    def __init__(self, message: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms
        """Time until the same request can succeed; None: the caller has to release another hold."""


class CredentialHoldLimit(HoldLimit):
    """The callers of a credential have the maximum together. The caller of the request may hold nothing."""


class IdempotencyMismatch(FixRequest):
    """The idempotency key belongs to another request."""

    code = ErrorCode.IDEMPOTENCY_MISMATCH


class PickAnother(SlotmcpError):  # noqa: N818
    """The start is not free. `alternatives` holds free starts."""

    def __init__(self, message: str, *, alternatives: "Offer | None" = None) -> None:
        super().__init__(message)
        self.alternatives = alternatives


class SlotUnavailable(PickAnother):
    """The start is taken, or was never offered. The alternatives are the nearest free starts.

    `start` is the requested start, and `reason` the reason against it: of the requested technician, or of the team.
    """

    code = ErrorCode.SLOT_UNAVAILABLE

    def __init__(
        self,
        message: str,
        *,
        alternatives: "Offer | None" = None,
        start: "Minute | None" = None,
        reason: "Reason | None" = None,
    ) -> None:
        super().__init__(message, alternatives=alternatives)
        self.start = start
        self.reason = reason


class NothingToWaitFor(SlotUnavailable):
    """No start in the requested window can become available. `technician_name` is that of a requested technician."""

    def __init__(
        self, message: str, *, reason: "Reason", technician_name: str = "", alternatives: "Offer | None" = None
    ) -> None:
        super().__init__(message, alternatives=alternatives, reason=reason)
        self.technician_name = technician_name


class SlotsAvailable(PickAnother):
    """The requested window has free slots, so there is nothing to wait for."""

    code = ErrorCode.SLOTS_AVAILABLE


class StartOver(SlotmcpError):  # noqa: N818
    """The caller's hold is gone."""


class HoldExpired(StartOver):
    """The hold expired and its time is taken, or the hold never existed."""

    code = ErrorCode.HOLD_EXPIRED

    def __init__(self, message: str, *, alternatives: "Offer | None" = None) -> None:
        super().__init__(message)
        self.alternatives = alternatives


class UnknownHold(HoldExpired):
    """No hold has the token. `own_starts` are the starts of the caller's live holds."""

    def __init__(self, message: str, *, alternatives: "Offer", own_starts: Sequence[int] = ()) -> None:
        super().__init__(message, alternatives=alternatives)
        self.own_starts = tuple(own_starts)


class HoldWithdrawn(HoldExpired):
    """The business withdrew the hold because no technician can serve it."""


class TryLater(SlotmcpError):  # noqa: N818
    """The request is valid, and can be repeated later."""

    retryable = True

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class Unavailable(TryLater):
    """A dependency is unavailable, or did not respond in time."""

    code = ErrorCode.UNAVAILABLE


class RateLimited(TryLater):
    """Too many calls by one credential, or in one phone call."""

    code = ErrorCode.RATE_LIMITED


class TooManyGuesses(RateLimited):
    """Too many failed verifications in one phone call, or of one booking."""


class WaitLimit(RateLimited):
    """Too many waitlist entries: of the customer, by the credential, or in the project."""


class Stop(SlotmcpError):  # noqa: N818
    """The caller should not retry."""


class BookingClosed(Stop):
    """The visit has begun, is over or was canceled, so a caller can no longer change it."""

    code = ErrorCode.BOOKING_CLOSED

    def __init__(self, *, is_canceled: bool) -> None:
        super().__init__(_BOOKING_CANCELED if is_canceled else _VISIT_BEGAN)
        self.is_canceled = is_canceled


class Forbidden(Stop):
    """The credential does not allow the request."""

    code = ErrorCode.FORBIDDEN


class FixSetup(SlotmcpError):  # noqa: N818
    """An operator must change the installation."""

    code = ErrorCode.UNAVAILABLE


class DatabaseTooNew(FixSetup):
    """A newer version of the program wrote the database. It was left unchanged."""


class DatabaseUnusable(FixSetup):
    """The database is foreign, damaged or inaccessible. It was left unchanged."""


class DatabaseTooOld(DatabaseUnusable):
    """An older version of the program wrote the database, and this command does not upgrade it."""


class DatabaseInUse(DatabaseUnusable):
    """Other processes have the database open. It was left unchanged."""
