"""Sequential specification of holds: create, repeat, release, expire, and refuse."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from linearizability.capacity import Claim, Team
from linearizability.shop import Shop


@dataclass(frozen=True, kw_only=True, eq=False)
class ShopAction(ABC):
    """Action on the state of one business."""

    text: str
    """The request and its result, for people."""
    subjects: frozenset[str] = frozenset()

    @abstractmethod
    def next_states(self, state: Shop) -> Sequence[Shop]:
        """Return the possible states afterwards."""

    @abstractmethod
    def is_settled(self, state: Shop) -> bool:
        """Return whether the action is possible, and has no effect here nor later."""

    def __str__(self) -> str:
        return self.text


class Write(ShopAction):
    """Action that changes the state. It is settled only if it has nothing left to change."""

    def is_settled(self, state: Shop) -> bool:
        del state
        return False


class Read(ShopAction):
    """Action that observes the state."""

    @abstractmethod
    def is_possible(self, state: Shop) -> bool:
        """Return whether the result agrees with the state."""

    def next_states(self, state: Shop) -> Sequence[Shop]:
        return [state] if self.is_possible(state) else []

    def is_settled(self, state: Shop) -> bool:
        return self.is_possible(state)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hold(Write):
    """create_hold makes a new hold."""

    team: Team
    request: str
    token: str
    claim: Claim
    has_key: bool

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name = f"hold {self.token}"
        if state[name] is not None or is_recognized(state, self.request, has_key=self.has_key):
            return []
        if not self.team.can_all_be_served(state.named, self.claim):
            return []
        return [state.put({name: self.claim, f"made {self.request}": name})]


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatedHold(Read):
    """create_hold returns an earlier hold."""

    token: str
    has_key: bool

    def is_possible(self, state: Shop) -> bool:
        claim = state.claim(f"hold {self.token}")
        return claim is not None and _is_replayed(claim, has_key=self.has_key)


@dataclass(frozen=True, kw_only=True, eq=False)
class Refusal(Read):
    """create_hold or book_slot of a start finds it taken."""

    team: Team
    request: str
    claim: Claim
    has_key: bool

    def is_possible(self, state: Shop) -> bool:
        if is_recognized(state, self.request, has_key=self.has_key):
            return False
        return self.team.surely_free(state.named, self.claim) <= 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Release(Write):
    """release_hold frees the time of a hold or an offer."""

    token: str

    def next_states(self, state: Shop) -> Sequence[Shop]:
        claim = state.claim(f"hold {self.token}")
        if claim is None or claim.stage != "held":
            return []
        return [_ended(state, self.token, replace(claim, stage="released"))]


@dataclass(frozen=True, kw_only=True, eq=False)
class NothingReleased(Read):
    """release_hold finds no live hold."""

    token: str

    def is_possible(self, state: Shop) -> bool:
        claim = state.claim(f"hold {self.token}")
        return claim is None or claim.stage != "held"


@dataclass(frozen=True, kw_only=True, eq=False)
class Expiry(ShopAction):
    """A hold or an offer ends by itself, on the server's clock."""

    token: str

    def next_states(self, state: Shop) -> Sequence[Shop]:
        claim = state.claim(f"hold {self.token}")
        if claim is None or claim.stage != "held":
            return [state]
        return [_ended(state, self.token, replace(claim, stage="lapsed"))]

    def is_settled(self, state: Shop) -> bool:
        claim = state.claim(f"hold {self.token}")
        return claim is not None and claim.stage != "held"


class Expected(Read):
    """A result that is always possible, such as the refusal of a start at which nobody works."""

    def is_possible(self, state: Shop) -> bool:
        del state
        return True


class Unexpected(Read):
    """A result that is never possible."""

    def is_possible(self, state: Shop) -> bool:
        del state
        return False


def is_recognized(state: Shop, request: str, *, has_key: bool) -> bool:
    """Return whether an earlier attempt of a request made something that a retry returns."""
    claim = state.claim(state.text(f"made {request}"))
    return claim is not None and _is_replayed(claim, has_key=has_key)


def _ended(state: Shop, token: str, claim: Claim) -> Shop:
    """Return the state with an ended hold. If it was an offer, its entry waits again."""
    wait = state.wait_of(token)
    return state.put({f"hold {token}": claim, **({wait: "waiting"} if wait else {})})


def _is_replayed(claim: Claim, *, has_key: bool) -> bool:
    """Return whether a retry returns a claim: with a key always unless it was released, without one a live hold."""
    return claim.stage != "released" if has_key else claim.stage in {"held", "booked"}
