"""Idempotency keys: the first response is stored with its effect, and repeated requests receive it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from slotmcp.domain.errors import IdempotencyMismatch
from slotmcp.ports import Receipt, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKeys:
    """Idempotency keys of one request, with its fingerprint.

    A request with a known explicit key always receives the first response. The implied key is derived from the
    request's arguments; the use case decides whether the first response still applies.
    """

    use_case: str
    credential: str
    explicit: tuple[str, ...]
    """Hashed, because a key may contain a phone number."""
    implied: str
    """Hashed; empty: none."""
    request: str
    """Fingerprint of every argument that the response depends on."""

    async def find_response(self, transaction: Transaction) -> str | None:
        """Return the first response to an explicit key; None if there is none.

        Raises:
            IdempotencyMismatch: the key was used for another request.
        """
        for key in self.explicit:
            if receipt := await transaction.receipt(self.use_case, self.credential, key):
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
        if receipt.request != self.request:
            raise IdempotencyMismatch(
                "This idempotency key or hold was used before for a different request, which remains in effect. "
                "Use a new key for a new request."
            )

    async def store_response(self, transaction: Transaction, response: object) -> None:
        """Store the response as JSON under every key."""
        answer = json.dumps(response)
        for key in (*self.explicit, *filter(None, (self.implied,))):
            await transaction.add_receipt(
                Receipt(
                    use_case=self.use_case, credential=self.credential, key=key, request=self.request, answer=answer
                )
            )


def idempotency_keys(  # noqa: PLR0913  everything that the keys consist of
    transaction: Transaction,
    *,
    use_case: str,
    credential: str,
    explicit: Sequence[str],
    request: Sequence[object],
    implied: str = "",
) -> IdempotencyKeys:
    """Return the keys of a request, hashed with the project's salt. Empty keys are left out."""
    return IdempotencyKeys(
        use_case=use_case,
        credential=credential,
        explicit=tuple([transaction.pseudonym(key) for key in explicit if key]),
        implied=implied and transaction.pseudonym(implied),
        request=transaction.pseudonym(json.dumps(request, default=str)),
    )
