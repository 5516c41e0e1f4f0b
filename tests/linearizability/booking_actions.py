"""Sequential specification of bookings: book, move, correct, cancel, find, and refuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from linearizability.actions import Read, Write, is_recognized
from linearizability.capacity import Claim, Team
from linearizability.shop import Fact, Shop


@dataclass(frozen=True, kw_only=True, eq=False)
class Book(Write):
    """book_slot makes a booking, of a start or of a hold. A lapsed hold is revived while there is room."""

    team: Team
    request: str
    booking: str
    token: str
    has_key: bool
    claims: tuple[Claim, ...]
    """The booking; one for each technician if the technician is unknown."""

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name, hold_name = f"booking {self.booking}", f"hold {self.token}"
        hold = state.claim(hold_name)
        if state[name] is not None or is_recognized(state, self.request, has_key=self.has_key or bool(self.token)):
            return []
        if self.token and (hold is None or hold.stage not in {"held", "lapsed"}):
            return []
        changed: dict[str, Fact] = {f"made {self.request}": name, **self._ended(state, hold_name, hold)}
        others = state.others(hold_name)
        return [
            state.put({**changed, name: claim})
            for claim in self.claims
            if (hold is None or _is_same_time(hold, claim)) and self.team.can_all_be_served(others, claim)
        ]

    def _ended(self, state: Shop, hold_name: str, hold: Claim | None) -> Mapping[str, Fact]:
        """Return the facts of the hold that becomes the booking, and of its waitlist entry."""
        if hold is None:
            return {}
        wait = state.wait_of(self.token)
        facts: dict[str, Fact] = {hold_name: replace(hold, stage="used"), f"becomes {self.token}": "a booking"}
        return {**facts, wait: "booked"} if wait else facts


@dataclass(frozen=True, kw_only=True, eq=False)
class BookingRead(Read):
    """A result that shows a booking as it is: a repeated request, or a repeated correction."""

    booking: str
    claim: Claim
    details: str = ""
    """Address that the booking must have; "" if it does not matter."""

    def is_possible(self, state: Shop) -> bool:
        if self.details and state.text(f"details {self.booking}") != self.details:
            return False
        return state[f"booking {self.booking}"] == self.claim


@dataclass(frozen=True, kw_only=True, eq=False)
class HoldRefusal(Read):
    """book_slot finds that a hold was released, or lapsed and lost its time."""

    team: Team
    request: str
    token: str

    def is_possible(self, state: Shop) -> bool:
        hold = state.claim(f"hold {self.token}")
        if state.text(f"made {self.request}") or state.text(f"becomes {self.token}"):
            return False
        if hold is None or hold.stage == "released":
            return True
        return hold.stage == "lapsed" and self.team.surely_free(state.named, hold) <= 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Move(Write):
    """reschedule_booking moves a booking."""

    team: Team
    request: str
    booking: str
    starts: tuple[tuple[str, int], ...]
    """Technician and start; one for each technician if the technician is unknown."""

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name = f"booking {self.booking}"
        old = state.claim(name)
        if old is None or old.stage != "booked" or state.text(f"moved {self.request}"):
            return []
        others = state.others(name)
        claims = [moved(old, start, technician) for technician, start in self.starts]
        mark = {f"moved {self.request}": "yes"}
        return [state.put({**mark, name: one}) for one in claims if self.team.can_all_be_served(others, one)]


@dataclass(frozen=True, kw_only=True, eq=False)
class MoveRefusal(Read):
    """reschedule_booking finds the start taken. The booking stays."""

    team: Team
    request: str
    booking: str
    start: int

    def is_possible(self, state: Shop) -> bool:
        name = f"booking {self.booking}"
        old = state.claim(name)
        if old is None or old.stage != "booked" or state.text(f"moved {self.request}") or old.start == self.start:
            return False
        return self.team.surely_free(state.others(name), moved(old, self.start, "")) <= 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Closed(Read):
    """A change finds its booking canceled."""

    request: str
    booking: str

    def is_possible(self, state: Shop) -> bool:
        claim = state.claim(f"booking {self.booking}")
        return claim is not None and claim.stage == "cancelled" and not state.text(f"moved {self.request}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cancel(Write):
    """cancel_booking ends a booking, once."""

    booking: str
    claim: Claim | None
    """The booking that the result shows; None if there is no result."""

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name = f"booking {self.booking}"
        old = state.claim(name)
        if old is None:
            return []
        new = replace(old, stage="cancelled")
        return [state.put({name: new})] if self.claim in {None, new} else []

    def is_settled(self, state: Shop) -> bool:
        old = state.claim(f"booking {self.booking}")
        return old is not None and old.stage == "cancelled" and self.claim in {None, old}


@dataclass(frozen=True, kw_only=True, eq=False)
class Correct(Write):
    """update_booking stores a new address."""

    booking: str
    claim: Claim | None
    """The booking that the result shows; None if there is no result."""
    details: str

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name, details_name = f"booking {self.booking}", f"details {self.booking}"
        old = state.claim(name)
        if old is None or old.stage != "booked" or state.text(details_name) == self.details:
            return []
        return [state.put({details_name: self.details})] if self.claim in {None, old} else []


@dataclass(frozen=True, kw_only=True, eq=False)
class Found(Read):
    """find_bookings returns all bookings of a customer."""

    requests: frozenset[str]
    """Requests of this customer that may have made a booking."""
    bookings: Mapping[str, tuple[int, int, bool]]
    """Start, end, and whether the booking is canceled, by id."""

    def is_possible(self, state: Shop) -> bool:
        names = {state.text(f"made {request}") for request in self.requests}
        claims = {name: claim for name in names if (claim := state.claim(name)) is not None}
        seen = {f"booking {id_}": facts for id_, facts in self.bookings.items()}
        return seen == {name: (one.start, one.end, one.stage == "cancelled") for name, one in claims.items()}


def moved(claim: Claim, start: int, technician: str) -> Claim:
    """Return a claim at another start."""
    return Claim(claim.service, start, start + claim.end - claim.start, "booked" if technician else "held", technician)


def _is_same_time(hold: Claim, booking: Claim) -> bool:
    return (hold.service, hold.start, hold.end) == (booking.service, booking.start, booking.end)
