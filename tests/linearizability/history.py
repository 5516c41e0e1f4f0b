"""Conversion of the recorded messages of one business to operations of the sequential specification."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from typing import Final

from concurrency.evidence import StoredOffer
from concurrency.wire import Attempt, moment_ms
from linearizability.actions import Expiry, Refusal, ShopAction
from linearizability.booking_actions import HoldRefusal, MoveRefusal
from linearizability.capacity import Claim
from linearizability.reading import Reader, names
from linearizability.records import Records
from linearizability.search import Operation
from linearizability.search_actions import Alternatives, JoinRefusal, Look, Offer
from linearizability.shop import Shop

ShopOperation = Operation[Shop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """Documented differences between the order of calls and the order of results, in milliseconds."""

    stale_ms: float = 0
    """Age of the availability that get_slots and refusals may use. docs/explanation/redis.md has the limit."""
    early_ms: float = 500
    """A hold may end so much before `expiresAt`, because the test's clock differs from the server's."""
    late_ms: float = 5_000
    """A call may see a hold so long after `expiresAt`, if it read the clock before and was slow."""


EXACT: Final = Tolerance()
AFTER_FAULTS: Final = Tolerance(stale_ms=1_000, late_ms=20_000)
"""Tolerance if servers die, lose Redis, or are slow: a statement is abandoned after at most 7 seconds."""
OFFER_MS: Final = 15 * 60_000
"""Lifetime of an offer."""
IGNORED: Final = frozenset({"list_services", "explain_slot"})
MAY_BE_STALE: Final = (Look, Refusal, MoveRefusal, HoldRefusal, Alternatives, JoinRefusal)
"""Results that may come from cached availability."""


@dataclass(frozen=True)
class History(Records):
    """Messages about one business, as operations."""

    tolerance: Tolerance = EXACT
    stored_offers: Sequence[StoredOffer] = ()
    """Offers in the database, also of other days."""

    def operations(self) -> list[ShopOperation]:
        """Return the operations, with those that the server does by itself: expiries and offers."""
        found = [operation for attempt in self.attempts for operation in self._operations_of(attempt)]
        return [*found, *self._expiries(), *self._offers(), *self._unseen_offers()]

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self)

    def _operations_of(self, attempt: Attempt) -> Iterator[ShopOperation]:
        if attempt.tool in IGNORED or attempt.is_without_effect:
            return
        is_known = attempt.is_final
        for action in self._reader.known(attempt) if is_known else self._reader.unknown(attempt):
            yield Operation(
                action=action,
                called_ms=attempt.asked_ms - (self.tolerance.stale_ms if isinstance(action, MAY_BE_STALE) else 0),
                returned_ms=attempt.answered_ms if is_known else inf,
                is_required=is_known,
            )
            if not is_known and attempt.tool == "create_hold" and not self.bodies[attempt.request]:
                yield self._unknown_expiry(attempt)

    def _expiries(self) -> Iterator[ShopOperation]:
        """Return the end of each hold with a reported expiry."""
        for token, attempt in self.holds.items():
            expires_at = [body["expiresAt"] for body in self.bodies[attempt.request] if body["expiresAt"]]
            if expires_at:
                yield self._around(_expiry(token), moment_ms(expires_at[0]))

    def _unknown_expiry(self, attempt: Attempt) -> ShopOperation:
        """Return the end of a hold whose token was never reported, at any time."""
        action = _expiry(f"of request {attempt.request}")
        return Operation(action=action, called_ms=attempt.asked_ms, returned_ms=inf, is_required=False)

    def _offers(self) -> Iterator[ShopOperation]:
        """Return each offer that a result shows. It was made before, and its expiry tells when."""
        for token, attempt in self.offers.items():
            wait, expires_at = attempt.body["waitId"], attempt.body["offer"]["expiresAt"]
            action = self._offer(wait, token, self.held(token))
            joined_ms = min(one.asked_ms for one in self.attempts if one.body.get("waitId") == wait)
            if not expires_at:
                yield Operation(action=action, called_ms=joined_ms, returned_ms=attempt.answered_ms)
                continue
            made = self._around(action, moment_ms(expires_at) - OFFER_MS)
            called_ms, returned_ms = max(made.called_ms, joined_ms), min(made.returned_ms, attempt.answered_ms)
            yield replace(made, called_ms=called_ms, returned_ms=returned_ms)
            yield self._around(_expiry(token), moment_ms(expires_at))

    def _unseen_offers(self) -> Iterator[ShopOperation]:
        """Return each offer that no result shows, and its end."""
        waits = {one.body.get("waitId") for one in self.attempts}
        for one in self.stored_offers:
            if one.wait in waits and one.token not in self.offers:
                claim = Claim(one.service, one.start, one.end, "held")
                yield self._around(self._offer(one.wait, one.token, claim), one.created_at_ms)
                yield self._around(_expiry(one.token), one.expires_at_ms)

    def _offer(self, wait: str, token: str, claim: Claim) -> Offer:
        text = f"the server offers {token} to {wait}"
        return Offer(text=text, subjects=names(wait, token), team=self.team, wait=wait, token=token, claim=claim)

    def _around(self, action: ShopAction, at_ms: float) -> ShopOperation:
        """Return an action of the server at an instant of its own clock."""
        called_ms, returned_ms = at_ms - self.tolerance.early_ms, at_ms + self.tolerance.late_ms
        return Operation(action=action, called_ms=called_ms, returned_ms=returned_ms)


def _expiry(token: str) -> ShopAction:
    return Expiry(text=f"hold {token} expires", subjects=names(token), token=token)
