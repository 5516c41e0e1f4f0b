"""Idempotency keys: the first response is stored with its effect, and repeated requests receive it again.

`docs/explanation/retries.md` specifies to whom a key belongs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Final

from slotmcp.domain.booking_rules import Priority
from slotmcp.domain.caller import is_guessable
from slotmcp.domain.errors import IdempotencyMismatch
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.ports import Receipt, Transaction
from slotmcp.services.callers import RequestOrigin

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SHARED_KEY_LIFETIME_MS: Final = 15 * MS_PER_SECOND
"""Time for which a guessable key identifies a request without a known caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKeys:
    """Idempotency keys of one request, with its fingerprint. All are hashed, because they may contain phone numbers.

    A known explicit key belongs to one request. The implied key is derived from the request's arguments; the use case
    decides whether the first response still applies.
    """

    use_case: str
    credential: str
    explicit: tuple[str, ...]
    """The agent's key in each of its scopes, and the key of the hold's token."""
    earlier: str = ""
    """The agent's key as older programs stored it; empty: none."""
    implied: str = ""
    """Empty: none."""
    request: str
    """Fingerprint of every argument that the response depends on."""
    earlier_request: str
    """Fingerprint as older programs stored it."""
    is_shared: bool = False
    """True if other callers may use the agent's key, too."""

    async def find_receipt(self, transaction: Transaction) -> Receipt | None:
        """Return the receipt of an explicit key, whether or not it was used for the same request.

        A key of an older program, or one that callers may share, is only known for the same request.
        """
        keys = [*self.explicit, *filter(None, [self.earlier])]
        receipt = await transaction.receipt(self.use_case, self.credential, *keys) if keys else None
        if receipt is None or self.is_same_request(receipt):
            has_expired = receipt is not None and self._has_expired(receipt, transaction.now_ms)
            return None if has_expired else receipt
        return None if self.is_shared or receipt.key == self.earlier else receipt

    def is_same_request(self, receipt: Receipt) -> bool:
        """Return whether a receipt belongs to the same request."""
        return receipt.request in {self.request, self.earlier_request}

    async def find_implied_receipt(self, transaction: Transaction) -> Receipt | None:
        """Return the receipt of the implied key."""
        return await transaction.receipt(self.use_case, self.credential, self.implied) if self.implied else None

    async def store_response(self, transaction: Transaction, response: object) -> None:
        """Store the response as JSON under every key."""
        answer = json.dumps(response)
        for key in filter(None, (*self.explicit, self.implied)):
            await transaction.add_receipt(
                Receipt(
                    use_case=self.use_case, credential=self.credential, key=key, request=self.request, answer=answer
                )
            )

    def _has_expired(self, receipt: Receipt, now_ms: int) -> bool:
        return self.is_shared and receipt.created_at_ms + SHARED_KEY_LIFETIME_MS <= now_ms


def key_mismatch() -> IdempotencyMismatch:
    """Return the error for a key or token of another request."""
    return IdempotencyMismatch(
        "This idempotency key or hold was used before for a different request, which remains in effect. "
        "Use a new key for a new request."
    )


def idempotency_keys(  # noqa: PLR0913  everything that the keys consist of
    transaction: Transaction,
    *,
    use_case: str,
    origin: RequestOrigin,
    key: str,
    owners: Sequence[str],
    request: Sequence[object],
    earlier_request: Sequence[object] = (),
    token: str = "",
    implied: str = "",
) -> IdempotencyKeys:
    """Return the keys of a request, hashed with the project's salt. Empty keys are left out.

    Args:
        transaction: source of the salt.
        use_case: name of the use case.
        origin: client that sent the request.
        key: the agent's own key.
        owners: references of the caller or booking to which the key belongs outside of a known phone call.
        request: every argument that the response depends on.
        earlier_request: the same, as older programs stored it; empty: equal.
        token: token of a hold that can be used once.
        implied: key that is derived from the arguments.
    """
    pseudonym = transaction.pseudonym
    explicit = [*(_scoped(origin, key, owners) if key else []), *([f"hold:{token}"] if token else [])]
    fingerprint = pseudonym(json.dumps(request, default=str))
    return IdempotencyKeys(
        use_case=use_case,
        credential=origin.credential,
        explicit=tuple(map(pseudonym, explicit)),
        earlier=pseudonym(_earlier(origin, key)) if key else "",
        implied=implied and pseudonym(implied),
        request=fingerprint,
        earlier_request=pseudonym(json.dumps(earlier_request, default=str)) if earlier_request else fingerprint,
        is_shared=not owners and not origin.secret_call_ids and is_guessable(key),
    )


def values_of(item: "DataclassInstance") -> tuple[object, ...]:
    """Return the values of a dataclass's fields for a fingerprint, without copying them as `astuple` does."""
    return tuple([getattr(item, name) for name in _names_of(type(item))])


@cache
def _names_of(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def job_details(postal_code: str, priority: Priority | None) -> tuple[object, ...]:
    """Return the postal code and the priority for a fingerprint, which is as before for requests without them."""
    return (postal_code, priority or Priority.NORMAL) if postal_code or priority is Priority.EMERGENCY else ()


def _scoped(origin: RequestOrigin, key: str, owners: Sequence[str]) -> list[str]:
    """Return an agent's key in its scopes: the phone call if its id cannot be guessed, else each owner, else nothing.

    A call id that can be guessed also distinguishes. The parts are a list, so that they cannot run into each other.
    """
    calls = [list(call_id) for call_id in origin.call_ids]
    scopes: list[object] = [["call", *call_id] for call_id in origin.secret_call_ids[:1]]
    scopes = scopes or [["owner", owner, calls] for owner in owners] or [["shared", calls]]
    return ["key:" + json.dumps([scope, key]) for scope in scopes]


def _earlier(origin: RequestOrigin, key: str) -> str:
    """Return an agent's key as older programs stored it: after the value of X-Call-Id, if there was one."""
    values = [call_id.value for call_id in origin.call_ids if call_id.header == "x-call-id"]
    return ":".join([*values, key])
