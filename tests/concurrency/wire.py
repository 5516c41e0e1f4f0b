"""What went over the wire in a rush: attempts, and the requests that they were for."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

Body = Mapping[str, Any]

OK: Final = 200
LOST: Final = 0
ASK_AGAIN: Final = frozenset({"unavailable", "rate_limited"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One message to one server. Attempts of the same request carry the same arguments, and the same key."""

    request: int
    server: int
    tool: str
    arguments: Body
    asked_ms: float
    """Milliseconds since the epoch, by a clock that does not jump."""
    answered_ms: float
    status: int
    """HTTP's; 0 where nothing came back."""
    body: Body
    """What the tool answered, or nothing."""

    @property
    def error(self) -> str:
        """The code of the error that it was answered with; empty where it worked, or where there was no answer."""
        return str(self.body["error"]["code"]) if "error" in self.body else ""

    @property
    def is_final(self) -> bool:
        """Whether the caller knows what became of it."""
        return self.status == OK and self.error not in ASK_AGAIN

    @property
    def has_worked(self) -> bool:
        return self.is_final and not self.error


@dataclass(frozen=True)
class Request:
    """What somebody wanted, however often they had to ask."""

    attempts: tuple[Attempt, ...]
    """In the order in which they were answered; one or more."""

    @property
    def tool(self) -> str:
        return self.attempts[0].tool

    @property
    def arguments(self) -> Body:
        return self.attempts[0].arguments

    @cached_property
    def asked_ms(self) -> float:
        """When it was asked first."""
        return min(one.asked_ms for one in self.attempts)

    @cached_property
    def finals(self) -> list[Attempt]:
        return [one for one in self.attempts if one.is_final]

    @cached_property
    def successes(self) -> list[Body]:
        """What those who it worked for were told."""
        return [one.body for one in self.attempts if one.has_worked]

    @cached_property
    def success(self) -> Attempt | None:
        """The first answer that said that it worked."""
        return next((one for one in self.attempts if one.has_worked), None)

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been done without anybody having been told."""
        return self.success is None and any(not one.is_final for one in self.attempts)

    @property
    def made(self) -> str:
        """The id of the booking or the token of the hold that it made; empty where it made none."""
        return made_by(self.success.body) if self.success else ""

    @property
    def expires_ms(self) -> float:
        """Until when the hold that it made was promised."""
        assert self.success is not None
        return moment_ms(self.success.body["expiresAt"])

    def __str__(self) -> str:
        return f"{self.tool} {dict(self.arguments)}"


def requests_in(history: Iterable[Attempt]) -> list[Request]:
    """The requests of a history, in the order in which they were asked."""
    by_number = defaultdict(list)
    for attempt in history:
        by_number[attempt.request].append(attempt)
    answered = (tuple(sorted(attempts, key=lambda one: one.answered_ms)) for attempts in by_number.values())
    return sorted(map(Request, answered), key=lambda one: one.asked_ms)


def made_by(body: Body) -> str:
    """The id of the booking, or the token of the hold, that an answer is about; empty where it is about none."""
    if "booking" in body:
        return str(body["booking"]["bookingId"])
    return str(body.get("holdToken", ""))


def moment_ms(text: str) -> float:
    """Milliseconds since the epoch of an instant as it is written on the wire."""
    return datetime.fromisoformat(text).timestamp() * 1000


def minute_of(text: str) -> int:
    """The minute since the epoch of an instant as it is written on the wire."""
    return round(moment_ms(text)) // 60_000
