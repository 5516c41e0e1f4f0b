"""Sequential specification of searches and of the waitlist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from linearizability.actions import Read, Write
from linearizability.capacity import Claim, NamedClaims, Team
from linearizability.shop import Shop


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A slot of a result."""

    capacity: int
    technicians: frozenset[str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Look(Read):
    """get_slots shows the capacity of each start in a window."""

    team: Team
    wanted: tuple[Claim, ...]
    """A claim at each start of the window."""
    shown: Mapping[int, Shown]
    """By start."""
    _known: dict[NamedClaims, bool] = field(default_factory=dict)
    """Agreement of the result with these claims. The search asks often, and changes other facts, too."""

    def is_possible(self, state: Shop) -> bool:
        if state.named not in self._known:
            self._known[state.named] = all(self._is_right(state, one) for one in self.wanted)
        return self._known[state.named]

    def _is_right(self, state: Shop, wanted: Claim) -> bool:
        slot = self.shown.get(wanted.start)
        at_least = self.team.surely_free(state.named, wanted)
        if slot is None:
            return at_least <= 0
        claims = [claim for _, claim in state.named]
        return (
            at_least <= slot.capacity
            and slot.technicians <= set(self.team.free_of_bookings(claims, wanted))
            and self.team.can_all_be_served(state.named, wanted, slot.capacity)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Alternatives(Read):
    """Starts that a refusal offers instead. Each of them was available at one instant of the call."""

    team: Team
    wanted: tuple[Claim, ...]
    booking: str = ""
    """Booking that would move; its time counts as free."""

    def is_possible(self, state: Shop) -> bool:
        others = state.others(f"booking {self.booking}")
        return all(self.team.can_all_be_served(others, one) for one in self.wanted)


@dataclass(frozen=True, kw_only=True, eq=False)
class Join(Write):
    """join_waitlist adds an entry, because no start of the window is available."""

    team: Team
    wait: str
    wanted: tuple[Claim, ...]
    """A claim at each start of the window."""

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name = f"wait {self.wait}"
        if state[name] is not None or any(self.team.surely_free(state.named, one) > 0 for one in self.wanted):
            return []
        return [state.put({name: "waiting"})]


@dataclass(frozen=True, kw_only=True, eq=False)
class JoinRefusal(Read):
    """join_waitlist finds an available start in the window."""

    team: Team
    waits: frozenset[str]
    """Entries of this customer."""
    wanted: tuple[Claim, ...]

    def is_possible(self, state: Shop) -> bool:
        if any(state.text(f"wait {one}") not in {"", "booked"} for one in self.waits):
            return False
        return any(self.team.can_all_be_served(state.named, one) for one in self.wanted)


@dataclass(frozen=True, kw_only=True, eq=False)
class Wait(Read):
    """join_waitlist shows an earlier entry: waiting, booked, or with the token of its offer."""

    wait: str
    shown: str

    def is_possible(self, state: Shop) -> bool:
        return state[f"wait {self.wait}"] == self.shown


@dataclass(frozen=True, kw_only=True, eq=False)
class Offer(Write):
    """The server keeps freed time for a waitlist entry, before the entry shows it."""

    team: Team
    wait: str
    token: str
    claim: Claim

    def next_states(self, state: Shop) -> Sequence[Shop]:
        name = f"hold {self.token}"
        if state[f"wait {self.wait}"] != "waiting" or state[name] is not None:
            return []
        if not self.team.can_all_be_served(state.named, self.claim):
            return []
        return [state.put({name: self.claim, f"wait {self.wait}": self.token})]
