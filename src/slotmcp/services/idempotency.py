"""Idempotency keys: the first response is stored with its effect, and repeated requests receive it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slotmcp.domain.errors import IdempotencyMismatch
from slotmcp.ports import Receipt, Transaction
from slotmcp.services.callers import RequestOrigin


class ExplicitKey(NamedTuple):
    """Key that a request contains. It is hashed, because a key may contain a phone number."""

    key: str
    earlier_key: str = ""
    """Key under which older programs stored the response; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKeys:
    """Idempotency keys of one request, with its fingerprint.

    A request with a known explicit key always receives the first response. The implied key is derived from the
    request's arguments; the use case decides whether the first response still applies.
    """

    use_case: str
    credential: str
    explicit: tuple[ExplicitKey, ...]
    implied: str
    """Hashed; empty: none."""
    request: str
    """Fingerprint of every argument that the response depends on."""
    earlier_request: str = ""
    """The same request's fingerprint in receipts of older programs; empty: the same."""

    async def find_response(self, transaction: Transaction) -> str | None:
        """Return the first response to an explicit key; None if there is none.

        Raises:
            IdempotencyMismatch: the key was used for another request.
        """
        for key, earlier_key in self.explicit:
            if receipt := await transaction.receipt(self.use_case, self.credential, key, earlier_key):
                self.check_request(receipt)
                return receipt.answer
        return None

    async def find_implied_receipt(self, transaction: Transaction) -> Receipt | None:
        """Return the receipt of the implied key."""
        return await transaction.receipt(self.use_case, self.credential, self.implied) if self.implied else None

    def check_request(self, receipt: Receipt) -> None:
        """Require that a receipt belongs to this request.

        Raises:
            IdempotencyMismatch: it belongs to another request.
        """
        if receipt.request not in {self.request, self.earlier_request}:
            raise IdempotencyMismatch(
                "This idempotency key or hold was used before for a different request, which remains in effect. "
                "Use a new key for a new request."
            )

    async def store_response(self, transaction: Transaction, response: object) -> None:
        """Store the response as JSON under every key."""
        answer = json.dumps(response)
        for key in filter(None, (*(explicit.key for explicit in self.explicit), self.implied)):
            await transaction.add_receipt(
                Receipt(
                    use_case=self.use_case, credential=self.credential, key=key, request=self.request, answer=answer
                )
            )


def idempotency_keys(  # noqa: PLR0913  everything that the keys consist of
    transaction: Transaction,
    *,
    use_case: str,
    origin: RequestOrigin,
    key: str,
    request: Sequence[object],
    earlier_request: Sequence[object] = (),
    token: str = "",
    implied: str = "",
) -> IdempotencyKeys:
    """Return the keys of a request, hashed with the project's salt. Empty keys are left out.

    `key` is the agent's own, and `token` the hold whose use is final.
    """
    agent_keys = [_agent_key(transaction, origin, key)] if key else []
    token_keys = [ExplicitKey(transaction.pseudonym(f"hold:{token}"))] if token else []
    return IdempotencyKeys(
        use_case=use_case,
        credential=origin.credential,
        explicit=(*agent_keys, *token_keys),
        implied=implied and transaction.pseudonym(implied),
        request=transaction.pseudonym(json.dumps(request, default=str)),
        earlier_request=transaction.pseudonym(json.dumps(earlier_request, default=str)) if earlier_request else "",
    )


def _agent_key(transaction: Transaction, origin: RequestOrigin, key: str) -> ExplicitKey:
    """Return an agent's key. It is scoped to the phone call, because agents number their keys per call."""
    scope = origin.call_ids[:1]
    earlier = f"{scope[0].value}:{key}" if scope else key
    return ExplicitKey(transaction.pseudonym(f"key:{json.dumps((scope, key))}"), transaction.pseudonym(earlier))
