"""Outcomes of moves and cancellations one after the other, derived from `docs/explanation/retries.md` alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeArguments:
    """Arguments of reschedule_booking or cancel_booking. Minutes count from midnight."""

    booking: int = 0
    phone: str = ""
    call: str = ""
    cancels: bool = False
    reason: str = ""
    start: int | None = None
    token_of: int | None = None
    """Number of the hold whose token is sent."""
    key: str = ""


@dataclass(slots=True, kw_only=True)
class BookingState:
    """State of a booking."""

    start: int
    phone: str
    call: str = ""
    """Call id that made it."""
    status: str = "confirmed"
    reason: str = ""


@dataclass(slots=True)
class Visits:
    """Bookings by their number, the starts of the holds, and the moves that were made."""

    booked: dict[int, BookingState]
    held: Mapping[int, int]
    moves: dict[tuple[object, ...], tuple[int, int, int]] = field(default_factory=dict)
    """Booking, new start and start before, by each key and token of a move."""
    causes: dict[tuple[int, int], int] = field(default_factory=dict)
    """Start before the last move of a booking to a start."""

    def decide(self, request: ChangeArguments, now: int) -> tuple[str, int | None]:
        """Carry out a request; return its outcome, and the booking's earlier start after a move."""
        booked = self.booked[request.booking]
        if request.phone != booked.phone and not (_is_secret(request.call) and request.call == booked.call):
            return "unverified", None
        return (self._cancel(booked, request, now), None) if request.cancels else self._move(booked, request, now)

    @staticmethod
    def _cancel(booked: BookingState, request: ChangeArguments, now: int) -> str:
        outcome = "replay" if booked.status == "cancelled" else "new"
        if outcome == "new" and now >= booked.start:
            return "closed"
        booked.status, booked.reason = "cancelled", booked.reason or request.reason
        return outcome

    def _move(self, booked: BookingState, request: ChangeArguments, now: int) -> tuple[str, int | None]:
        target = (
            self.held[request.token_of] if request.start is None and request.token_of is not None else request.start
        )
        assert target is not None
        uses = _uses(request)
        earlier = next((self.moves[use] for use in uses if use in self.moves), None)
        if earlier is not None:
            is_same = earlier[:2] == (request.booking, target)
            return ("replay", earlier[2]) if is_same else ("mismatch", None)
        cause = self.causes.get((request.booking, target))
        if cause is not None and request.token_of is None and booked.status != "cancelled" and booked.start == target:
            return "replay", cause
        if booked.status == "cancelled" or now >= booked.start:
            return "closed", None
        if request.token_of is not None and target != self.held[request.token_of]:
            return "invalid", None
        before = booked.start
        if before != target:
            booked.start, booked.status = target, "rescheduled"
        self.causes[request.booking, target] = before
        self.moves.update((use, (request.booking, target, before)) for use in uses)
        return "new", before


def _uses(request: ChangeArguments) -> list[tuple[object, ...]]:
    scope = request.call if _is_secret(request.call) else (request.booking, request.call)
    keys: list[tuple[object, ...]] = [("key", scope, request.key)] if request.key else []
    return [*keys, *([("token", request.token_of)] if request.token_of is not None else [])]


def _is_secret(text: str) -> bool:
    return len(text) >= 16 and len(set(text)) >= 8
