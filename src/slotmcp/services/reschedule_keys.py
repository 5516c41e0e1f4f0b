"""What makes a request to reschedule the same as an earlier one."""

import json
from dataclasses import asdict, dataclass

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.claim import Claim
from slotmcp.domain.interval import Minute
from slotmcp.ports import Transaction
from slotmcp.services.receipts import Keys, keys_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """When a booking was, and with whom."""

    start: Minute
    end: Minute
    technician_id: str

    @classmethod
    def of(cls, claim: Claim) -> "Before":
        """What a claim takes."""
        return cls(start=claim.start, end=claim.end, technician_id=claim.technician_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class RescheduleKeys:
    """The keys of a request: its own and its hold's, and the one that follows from what it asks for.

    The first give the first answer again. The other does so while the booking is where that request took it: who
    moved on may come back.
    """

    given: Keys
    implied: Keys
    start: Minute | None
    """None where the hold says it."""

    async def recall(self, transaction: Transaction, booking: Booking) -> Before | None:
        """Where the booking was before an earlier request moved it.

        Raises:
            IdempotencyMismatch: a key was used for another request.
        """
        if answer := await self.given.recall(transaction):
            return Before(**json.loads(answer))
        receipt = await self.implied.first(transaction)
        if receipt is None or booking.status is BookingStatus.CANCELLED or booking.claim.start != self.start:
            return None
        return Before(**json.loads(self.implied.answer_in(receipt)))

    async def remember(self, transaction: Transaction, before: Before) -> None:
        """Let each key give this answer from now on."""
        for keys in (self.given, self.implied):
            await keys.remember(transaction, json.dumps(asdict(before)))


def reschedule_keys(  # noqa: PLR0913  what a request is known by
    transaction: Transaction,
    *,
    credential: str,
    key: str,
    booking_id: str,
    hold_token: str,
    start: Minute | None,
) -> RescheduleKeys:
    """The keys of a request."""
    implied = "" if hold_token else f"{booking_id}:{start}"
    given, derived = (
        keys_of(
            transaction,
            use_case="reschedule_booking",
            credential=credential,
            keys=keys,
            request=(booking_id, hold_token or start),
        )
        for keys in ((key, f"hold:{hold_token}" if hold_token else ""), (implied,))
    )
    return RescheduleKeys(given=given, implied=derived, start=start)
