"""set_booking_status: the result of a visit, by the table of transitions."""

from itertools import product

import pytest

from slotmcp.domain.booking import TRANSITIONS, BookingStatus
from slotmcp.domain.errors import InvalidArgument, NotFound
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.shop import Shop, at, customer, plan, technician
from support.sqlite_file import fingerprint
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")
TOLD = (BookingStatus.COMPLETED, BookingStatus.NO_SHOW)


async def booking_in(shop: Shop, status: BookingStatus) -> str:
    """Return the id of a booking at 9:30 in a status; the time is then 10."""
    booking_id = (await shop.book("09:00" if status is BookingStatus.RESCHEDULED else "09:30")).booking.id
    if status is BookingStatus.RESCHEDULED:
        await shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id=booking_id, start=at("09:30")))
    shop.at_time("10:00")
    if status is BookingStatus.CANCELLED:
        await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booking_id))
    if status in TOLD:
        await shop.app.bookings.set_booking_status(None, booking_id, status)
    return booking_id


@pytest.mark.parametrize(("before", "after"), list(product(BookingStatus, TOLD)))
async def test_each_transition_is_allowed_or_rejected_by_the_table(
    opened: Open, before: BookingStatus, after: BookingStatus
) -> None:
    shop = await opened(plan(ANA))
    booking_id = await booking_in(shop, before)
    state = fingerprint(shop.path)
    if before is after or after in TRANSITIONS[before]:
        answer = await shop.app.bookings.set_booking_status(None, booking_id, after)
        assert (answer.booking.status, answer.replayed) == (after, before is after)
    else:
        with pytest.raises(InvalidArgument, match=f"is {before}; it cannot become {after}"):
            await shop.app.bookings.set_booking_status(None, booking_id, after)
        assert fingerprint(shop.path) == state


@pytest.mark.parametrize("status", TOLD)
async def test_a_visit_that_has_not_begun_gets_no_result(opened: Open, status: BookingStatus) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    shop.at_time("08:59:59")
    with pytest.raises(InvalidArgument, match="has not begun"):
        await shop.app.bookings.set_booking_status(None, booked.booking.id, status)
    shop.at_time("09:00")
    await shop.app.bookings.set_booking_status(None, booked.booking.id, status)


async def test_a_closed_visit_keeps_its_time(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await shop.book("09:00")
    shop.at_time("09:00")
    await shop.app.bookings.set_booking_status(None, booked.booking.id, BookingStatus.COMPLETED)
    assert await shop.offered() == "10:00 10:30 11:00"


async def test_an_unknown_booking_is_not_found(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("09:00", customer=customer(1))
    with pytest.raises(NotFound):
        await shop.app.bookings.set_booking_status(None, "b-9", BookingStatus.COMPLETED)
