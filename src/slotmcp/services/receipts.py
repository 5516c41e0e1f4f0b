"""Idempotency: what a key did once it answers again, within the transaction of the effect."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from slotmcp.domain.errors import IdempotencyMismatch
from slotmcp.ports import Receipt, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one request, any of which recalls it, and what the request was."""

    use_case: str
    credential: str
    keys: tuple[str, ...]
    """Hashed: a key may have been made from a phone number."""
    request: str
    """A fingerprint of all that decides the answer."""

    async def recall(self, transaction: Transaction) -> str | None:
        """The first answer, if one of the keys was used before for this request.

        Raises:
            IdempotencyMismatch: it was used for another one.
        """
        receipt = await self.first(transaction)
        return None if receipt is None else self.answer_in(receipt)

    async def first(self, transaction: Transaction) -> Receipt | None:
        """What one of the keys did before, for whatever request."""
        for key in self.keys:
            if receipt := await transaction.receipt(self.use_case, self.credential, key):
                return receipt
        return None

    def answer_in(self, receipt: Receipt) -> str:
        """The first answer.

        Raises:
            IdempotencyMismatch: it was to another request.
        """
        if receipt.request != self.request:
            raise IdempotencyMismatch(
                "This idempotency key or hold was used before for a different request, and that one stands. "
                "Use a new key for a new request."
            )
        return receipt.answer

    async def remember(self, transaction: Transaction, answer: str) -> None:
        """Let each of the keys give this answer from now on."""
        for key in self.keys:
            await transaction.add_receipt(
                Receipt(
                    use_case=self.use_case,
                    credential=self.credential,
                    key=key,
                    request=self.request,
                    answer=answer,
                )
            )


def keys_of(
    transaction: Transaction, *, use_case: str, credential: str, keys: Sequence[str], request: Sequence[object]
) -> Keys:
    """The keys of a request, hashed with the project's salt. Empty keys are left out."""
    return Keys(
        use_case=use_case,
        credential=credential,
        keys=tuple(transaction.pseudonym(key) for key in keys if key),
        request=transaction.pseudonym(json.dumps(request, default=str)),
    )
