"""The errors of the trade. Each says what the caller does next.

SlotmcpError
├── FixRequest           change the request
│   ├── InvalidArgument      a field is wrong                      invalid_argument
│   ├── NotFound             no such project, service, booking     not_found
│   ├── HoldLimit            release a hold first                  hold_limit
│   └── IdempotencyMismatch  use a new key                         idempotency_mismatch
├── PickAnother          choose another time
│   ├── SlotUnavailable      taken, or never offered               slot_unavailable
│   └── SlotsAvailable       nobody has to wait for it             slots_available
├── StartOver            ask for slots again
│   └── HoldExpired          the hold lapsed and its unit is gone  hold_expired
│       └── HoldWithdrawn        nobody is left who could serve it     hold_expired
├── TryLater             the same request may work later
│   ├── Unavailable          a dependency is away                  unavailable
│   └── RateLimited          too many calls                        rate_limited
├── Stop                 asking again does not help
│   └── Forbidden            the credential does not reach it      forbidden
└── FixSetup             change the installation; no caller can help
    ├── DatabaseTooNew       a newer program has been here         unavailable
    └── DatabaseUnusable     not ours, damaged, or out of reach    unavailable

A face maps them by `code`; nothing here knows HTTP or MCP.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from slotmcp.domain.offer import Offer

_NEAREST = 5
_QUOTED_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong field: its name on the wire and what would be right."""

    field: str
    problem: str


class SlotmcpError(Exception):
    """The root. `message` is a sentence for an agent to act on."""

    code: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FixRequest(SlotmcpError):  # noqa: N818  a branch, named by what the caller does
    """The request has to change."""


class InvalidArgument(FixRequest):
    """A field is wrong. `fields` names each, with what would be right."""

    code = "invalid_argument"

    def __init__(self, field: str, problem: str, *more: FieldProblem) -> None:
        self.fields = (FieldProblem(field, problem), *more)
        super().__init__(" ".join(f"{one.field}: {one.problem}" for one in self.fields))


class NotFound(FixRequest):
    """No such thing. `field` is where it was named, `wanted` the id; `nearest` are valid ids like it."""

    code = "not_found"

    def __init__(self, field: str, message: str, *, nearest: Sequence[str] = (), wanted: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.nearest = tuple(nearest)
        self.wanted = wanted

    @classmethod
    def among(cls, field: str, kind: str, wanted: str, valid: Sequence[str]) -> Self:
        """The error for an id that is not among the valid ones; it lists those most like it."""
        nearest = get_close_matches(wanted[:_QUOTED_CHARACTERS], valid, n=_NEAREST, cutoff=0.4) or valid[:_NEAREST]
        listed = f"Valid: {', '.join(nearest)}." if nearest else "There is none yet."
        return cls(
            field, f"There is no {kind} {wanted[:_QUOTED_CHARACTERS]!r}. {listed}", nearest=nearest, wanted=wanted
        )


class HoldLimit(FixRequest):
    """This customer holds as many slots as the project allows."""

    code = "hold_limit"


class IdempotencyMismatch(FixRequest):
    """The key was used for another request."""

    code = "idempotency_mismatch"


class PickAnother(SlotmcpError):  # noqa: N818
    """Not that way. `alternatives` holds starts that can be had."""

    def __init__(self, message: str, *, alternatives: "Offer | None" = None) -> None:
        super().__init__(message)
        self.alternatives = alternatives


class SlotUnavailable(PickAnother):
    """Taken, or never offered; the alternatives are the nearest."""

    code = "slot_unavailable"


class SlotsAvailable(PickAnother):
    """Nobody has to wait: some of the window can be had right now."""

    code = "slots_available"


class StartOver(SlotmcpError):  # noqa: N818
    """What the caller had is gone."""


class HoldExpired(StartOver):
    """The hold lapsed and its unit is gone, or it never was."""

    code = "hold_expired"

    def __init__(self, message: str, *, alternatives: "Offer | None" = None) -> None:
        super().__init__(message)
        self.alternatives = alternatives


class HoldWithdrawn(HoldExpired):
    """The business had to take the held time back: nobody is left who could serve it."""


class TryLater(SlotmcpError):  # noqa: N818
    """Nothing is wrong with the request."""

    retryable = True

    def __init__(self, message: str, *, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class Unavailable(TryLater):
    """A dependency is away, or too busy to answer in time."""

    code = "unavailable"


class RateLimited(TryLater):
    """Too many calls by one credential, or about one phone call."""

    code = "rate_limited"


class Stop(SlotmcpError):  # noqa: N818
    """No other request would be answered either."""


class Forbidden(Stop):
    """The credential does not reach what was asked for."""

    code = "forbidden"


class FixSetup(SlotmcpError):  # noqa: N818
    """Whoever installed it has to change something; asking again does not help."""

    code = "unavailable"


class DatabaseTooNew(FixSetup):
    """The database was written by a newer program. It was left untouched."""


class DatabaseUnusable(FixSetup):
    """The database is not ours, or it or its folder cannot be used. It was left untouched."""
