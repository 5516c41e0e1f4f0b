"""cancel_booking: a booking is cancelled once, and its time is free at once."""

import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.errors import HoldExpired, InvalidArgument, NotFound, SlotUnavailable
from slotmcp.services.lookups import BookAnswer
from slotmcp.services.status_changes import CancelRequest
from support.shop import Shop, customer, plan, technician
from support.sqlite_file import fingerprint
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")


async def cancel(shop: Shop, booked: BookAnswer, reason: str = "") -> BookAnswer:
    """Cancel a booking."""
    return await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id, reason=reason))


async def test_the_time_of_a_cancelled_booking_is_free_at_once(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00")
    answer = await cancel(shop, booked, "A cold")
    assert (answer.booking.status, answer.booking.cancel_reason) == (BookingStatus.CANCELLED, "A cold")
    assert await shop.offered() == "09:00 09:30 10:00 10:30 11:00"
    await shop.book("10:00", customer=customer(1))


async def test_a_second_cancellation_returns_the_same_answer(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00")
    first = await cancel(shop, booked, "A cold")
    before = fingerprint(shop.path)
    again = await cancel(shop, booked, "Another reason")
    assert again.booking == first.booking
    assert (first.replayed, again.replayed) == (False, True)
    assert fingerprint(shop.path) == before


async def test_a_second_cancellation_does_not_free_time_sold_since(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00")
    await cancel(shop, booked)
    await shop.book("10:00", customer=customer(1))
    await cancel(shop, booked)
    with pytest.raises(SlotUnavailable):
        await shop.book("10:00", customer=customer(2))


async def test_the_same_request_books_again_after_a_cancellation(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00")
    await cancel(shop, booked)
    again = await shop.book("10:00", technician_id="ana")
    assert not again.replayed
    assert again.booking.id != booked.booking.id
    assert (await shop.book("10:00", technician_id="ana")).booking == again.booking


async def test_a_retry_with_a_key_returns_the_cancelled_booking(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00", idempotency_key="k")
    await cancel(shop, booked)
    again = await shop.book("10:00", idempotency_key="k")
    assert (again.replayed, again.booking.id) == (True, booked.booking.id)
    assert again.booking.status is BookingStatus.CANCELLED
    assert await shop.offered() == "09:00 09:30 10:00 10:30 11:00"


async def test_a_retry_with_the_token_returns_the_cancelled_booking(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("10:00")
    booked = await shop.book_hold(hold, idempotency_key="k")
    await cancel(shop, booked)
    for key in ("", "another", "k"):
        again = await shop.book_hold(hold, idempotency_key=key)
        assert (again.replayed, again.booking.id) == (True, booked.booking.id)
        assert again.booking.status is BookingStatus.CANCELLED
    with pytest.raises(HoldExpired, match="cancelled"):
        await shop.book_hold(hold, is_additional=True)


async def test_a_reason_is_stored_by_the_first_cancellation_that_gives_one(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00")
    await cancel(shop, booked)
    for reason in ("A cold", "Another reason", ""):
        answer = await cancel(shop, booked, reason)
        assert (answer.replayed, answer.booking.cancel_reason) == (True, "A cold")
    kept = await shop.store.booking("shop", booked.booking.id)
    assert kept is not None
    assert kept.cancel_reason == "A cold"


@pytest.mark.parametrize("status", [BookingStatus.COMPLETED, BookingStatus.NO_SHOW])
async def test_a_closed_booking_cannot_be_cancelled(opened: Open, status: BookingStatus) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    shop.at_time("09:30")
    await shop.app.bookings.set_booking_status(None, booked.booking.id, status)
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument) as refused:
        await cancel(shop, booked)
    assert refused.value.fields[0].field == "bookingId"
    assert fingerprint(shop.path) == before


async def test_an_unknown_booking_is_not_found_and_no_other_id_is_suggested(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("10:00")
    with pytest.raises(NotFound) as refused:
        await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id[:-1]))
    assert refused.value.nearest == ()
    assert booked.booking.id not in refused.value.message
