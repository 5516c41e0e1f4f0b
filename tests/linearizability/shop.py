"""State of one business in the sequential specification: claims, waitlist entries, and what each request made."""

from collections.abc import Mapping
from functools import cached_property

from linearizability.capacity import Claim, NamedClaims

Fact = Claim | str


class Shop:
    """Immutable facts by name.

    "hold TOKEN" and "booking ID" are claims, "wait ID" is "waiting", "booked" or the token of its offer. "made REQUEST"
    is the name of the claim that a request made, "moved REQUEST" marks a move that was made, "becomes TOKEN" is the
    booking that a hold became, and "details ID" is the newest address of a booking.
    """

    def __init__(self, facts: Mapping[str, Fact] | None = None) -> None:
        self._facts = dict(facts or {})

    def __getitem__(self, name: str) -> Fact | None:
        return self._facts.get(name)

    def claim(self, name: str) -> Claim | None:
        """Return a hold or a booking."""
        found = self._facts.get(name)
        return found if isinstance(found, Claim) else None

    def text(self, name: str) -> str:
        """Return another fact; "" if there is none."""
        found = self._facts.get(name)
        return found if isinstance(found, str) else ""

    def put(self, facts: Mapping[str, Fact]) -> "Shop":
        """Return the state with changed facts."""
        return Shop({**self._facts, **facts})

    @cached_property
    def named(self) -> NamedClaims:
        """Claims that take time."""
        return frozenset(
            (name, fact) for name, fact in self._facts.items() if isinstance(fact, Claim) and fact.takes_time
        )

    def others(self, *names: str) -> NamedClaims:
        """Return the claims that take time, without some of them."""
        return frozenset(one for one in self.named if one[0] not in names)

    def wait_of(self, token: str) -> str:
        """Return the name of the waitlist entry whose offer has a token; "" if there is none."""
        return next((name for name, fact in self._facts.items() if name.startswith("wait ") and fact == token), "")

    @cached_property
    def _frozen(self) -> frozenset[tuple[str, Fact]]:
        return frozenset(self._facts.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shop) and self._frozen == other._frozen

    @cached_property
    def _hash(self) -> int:
        return hash(self._frozen)

    def __hash__(self) -> int:
        return self._hash
