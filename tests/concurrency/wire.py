"""Wire messages of a rush: attempts, and the requests they belong to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

Body = Mapping[str, Any]

OK: Final = 200
LOST: Final = 0
NOT_SENT: Final = -1
ASK_AGAIN: Final = frozenset({"unavailable", "rate_limited"})
NOTHING_DONE: Final = "Nothing was done"
"""Begin of the message of an error that promises that the call had no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One message to one server. Attempts of the same request have the same arguments and key."""

    request: int
    server: int
    tool: str
    arguments: Body
    asked_ms: float
    """Milliseconds since the epoch, by a monotonic clock."""
    answered_ms: float
    status: int
    """HTTP status; LOST if there was no response, NOT_SENT if there was no connection."""
    body: Body
    """The tool's response, or empty."""

    @property
    def error(self) -> str:
        """Return the error code of the response; "" on success or without a response."""
        return str(self.body["error"]["code"]) if "error" in self.body else ""

    @property
    def is_final(self) -> bool:
        """Return whether the caller knows the result."""
        return self.status == OK and self.error not in ASK_AGAIN

    @property
    def has_worked(self) -> bool:
        return self.is_final and not self.error

    @property
    def is_without_effect(self) -> bool:
        """Return whether a failed call had no effect: no server received it, or one promised to do nothing."""
        return self.status == NOT_SENT or (
            self.error in ASK_AGAIN and self.body["error"]["message"].startswith(NOTHING_DONE)
        )


@dataclass(frozen=True)
class Request:
    """A caller's request, with all of its attempts."""

    attempts: tuple[Attempt, ...]
    """One or more, in the order of their responses."""

    @property
    def tool(self) -> str:
        return self.attempts[0].tool

    @property
    def arguments(self) -> Body:
        return self.attempts[0].arguments

    @cached_property
    def asked_ms(self) -> float:
        """Return the time of the first attempt."""
        return min(one.asked_ms for one in self.attempts)

    @cached_property
    def finals(self) -> list[Attempt]:
        return [one for one in self.attempts if one.is_final]

    @cached_property
    def successes(self) -> list[Body]:
        """Return the bodies of the successful responses."""
        return [one.body for one in self.attempts if one.has_worked]

    @cached_property
    def success(self) -> Attempt | None:
        """Return the first successful attempt."""
        return next((one for one in self.attempts if one.has_worked), None)

    @property
    def in_doubt(self) -> bool:
        """Return whether the request may have been executed without a known response."""
        return self.success is None and any(not one.is_final for one in self.attempts)

    @property
    def made(self) -> str:
        """Return the id of the created booking or the token of the created hold; "" if there is none."""
        return made_by(self.success.body) if self.success else ""

    @property
    def expires_ms(self) -> float:
        """Return the promised expiry of the created hold."""
        assert self.success is not None
        return moment_ms(self.success.body["expiresAt"])

    def __str__(self) -> str:
        return f"{self.tool} {dict(self.arguments)}"


def requests_in(history: Iterable[Attempt]) -> list[Request]:
    """Return the requests of a history, in the order of their first attempts."""
    by_number = defaultdict(list)
    for attempt in history:
        by_number[attempt.request].append(attempt)
    answered = (tuple(sorted(attempts, key=lambda one: one.answered_ms)) for attempts in by_number.values())
    return sorted(map(Request, answered), key=lambda one: one.asked_ms)


def made_by(body: Body) -> str:
    """Return the id of the booking, or the token of the hold, in a response; "" if there is none."""
    if "booking" in body:
        return str(body["booking"]["bookingId"])
    return str(body.get("holdToken", ""))


def token_in(body: Body) -> str:
    """Return the token of the hold or of the offer in a response; "" if there is none."""
    return str(body.get("holdToken") or body.get("offer", {}).get("holdToken", ""))


def moment_ms(text: str) -> float:
    """Return the milliseconds since the epoch of an instant in the wire format."""
    return datetime.fromisoformat(text).timestamp() * 1000


def minute_of(text: str) -> int:
    """Return the minute since the epoch of an instant in the wire format."""
    return round(moment_ms(text)) // 60_000
