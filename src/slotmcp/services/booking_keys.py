"""What makes a request to book the same as an earlier one."""

import json

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.interval import Minute
from slotmcp.ports import Transaction
from slotmcp.services.receipts import keys_of


class BookingKeys:
    """The keys of a request: its own, and the one that follows from what it asks for.

    The request's own key gives the first answer again, whatever became of the booking. The other does so only while
    the booking stands: who cancelled a time, or moved away from it, may book it again.
    """

    def __init__(  # noqa: PLR0913  what a request is known by
        self,
        transaction: Transaction,
        *,
        credential: str,
        own: str,
        implied: str,
        start: Minute | None,
        request: object,
    ) -> None:
        self._transaction = transaction
        self._start = start
        self._own, self._implied = (
            keys_of(transaction, use_case="book_slot", credential=credential, keys=(key,), request=(request,))
            for key in (own, implied)
        )

    async def recall(self) -> str | None:
        """The id of the booking that an earlier request made.

        Raises:
            IdempotencyMismatch: a key was used for another request.
        """
        if answer := await self._own.recall(self._transaction):
            return _booking_id(answer)
        receipt = await self._implied.first(self._transaction)
        if receipt is None or not await self._stands(_booking_id(receipt.answer)):
            return None
        return _booking_id(self._implied.answer_in(receipt))

    async def remember(self, booking_id: str) -> None:
        """Let each key give this booking from now on."""
        for keys in (self._own, self._implied):
            await keys.remember(self._transaction, json.dumps({"bookingId": booking_id}))

    async def _stands(self, booking_id: str) -> bool:
        booking = await self._transaction.booking(booking_id)
        if booking is None or booking.status is BookingStatus.CANCELLED:
            return False
        return self._start in {None, booking.claim.start}


def _booking_id(answer: str) -> str:
    booking_id: str = json.loads(answer)["bookingId"]
    return booking_id
