"""Floating breaks through get_slots, holds, bookings and moves: the last room for a break is never sold."""

import pytest

from slotmcp.domain.errors import SlotUnavailable
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.services.rescheduling import RescheduleRequest
from support.shop import CALLER, Shop, at, booking, clock_text, customer, hours, plan, service, technician
from unit.services.conftest import Open

LUNCH = FloatingBreak(window=hours("11:00-13:00"), minutes=60)
ANA = technician("ana", "11:00-14:00", floating_breaks=(LUNCH,))
BEN = technician("ben", "11:00-13:00")


async def move(shop: Shop, booking_id: str, start: str) -> str:
    """Move a booking of the caller; return its new start."""
    request = RescheduleRequest(booking_id=booking_id, phone=CALLER.phone, start=at(start))
    return clock_text((await shop.app.bookings.reschedule_booking(request)).booked.booking.claim.start)


@pytest.mark.parametrize("is_hold", [True, False], ids=["hold", "booking"])
async def test_a_claim_leaves_the_other_half_of_the_window_to_the_break(opened: Open, *, is_hold: bool) -> None:
    shop = await opened(plan(ANA))
    assert await shop.offered() == "11:00 12:00 12:30 13:00", "11:30 leaves no whole hour"
    await (shop.hold("11:00") if is_hold else shop.book("11:00"))
    assert await shop.offered() == "13:00"
    with pytest.raises(SlotUnavailable):
        await shop.hold("12:00", who="another")
    with pytest.raises(SlotUnavailable):
        await shop.book("12:00", customer=customer(2))


async def test_a_move_may_take_the_place_of_the_break_if_it_frees_another(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book("11:00")).booking.id
    assert await shop.offered(booking_id=booked, phone=CALLER.phone) == "11:00 12:00 12:30 13:00"
    assert await move(shop, booked, "12:00") == "12:00"
    with pytest.raises(SlotUnavailable):
        await move(shop, booked, "11:30")


async def test_a_hold_does_not_move_into_the_last_room_of_a_break(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, services=(service("visit"), service("long", 120)), default_service_id="visit"))
    held = await shop.hold("11:30", technician_id=None)
    assert held.hold.claim.technician_id == "ben", "ana needs the time for the break"
    assert await shop.offered(service_id="long") == "12:00"
    with pytest.raises(SlotUnavailable):
        await shop.hold("11:00", who="another", service_id="long")


async def test_a_booking_over_the_whole_window_blocks_the_time_around_it_only_within_the_window(opened: Open) -> None:
    shop = await opened(plan(ANA, bookings=[booking("b", "ana", "11:30", 90)]))
    assert await shop.offered() == "13:00"
    await shop.hold("13:00")
