"""Idempotency: the first response to a key is stored with its effect, and repeated requests receive it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from slotmcp.domain.errors import IdempotencyMismatch
from slotmcp.ports import Receipt, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKeys:
    """Keys of one request, and its fingerprint.

    An explicit key always repeats the first response. The implied key follows from the request's
    arguments; its use case decides whether the first response still applies.
    """

    use_case: str
    credential: str
    explicit: tuple[str, ...]
    """Hashed: a key may contain a phone number."""
    implied: str
    """Hashed; empty: none."""
    request: str
    """Fingerprint of every argument that the response depends on."""

    async def recall(self, transaction: Transaction) -> str | None:
        """Return the first response to an explicit key.

        Raises:
            IdempotencyMismatch: the key was used for another request.
        """
        for key in self.explicit:
            if receipt := await transaction.receipt(self.use_case, self.credential, key):
                return self.response_in(receipt)
        return None

    async def implied_receipt(self, transaction: Transaction) -> Receipt | None:
        """Return the receipt of the implied key."""
        return await transaction.receipt(self.use_case, self.credential, self.implied) if self.implied else None

    def response_in(self, receipt: Receipt) -> str:
        """Return the first response.

        Raises:
            IdempotencyMismatch: it was a response to another request.
        """
        if receipt.request != self.request:
            raise IdempotencyMismatch(
                "This idempotency key or hold was used before for a different request, and that one stands. "
                "Use a new key for a new request."
            )
        return receipt.answer

    async def remember(self, transaction: Transaction, response: object) -> None:
        """Store the response as JSON under every key."""
        answer = json.dumps(response)
        for key in (*self.explicit, *filter(None, (self.implied,))):
            await transaction.add_receipt(
                Receipt(
                    use_case=self.use_case, credential=self.credential, key=key, request=self.request, answer=answer
                )
            )


def idempotency_keys(  # noqa: PLR0913  the parts of a key
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
