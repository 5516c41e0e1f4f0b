"""Reserve and the maximum per day of a service through get_slots, holds, bookings, moves and revival."""

from dataclasses import replace

import pytest

from slotmcp.domain.booking_rules import Priority, Reserve
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.errors import HoldExpired, SlotUnavailable
from slotmcp.services.rescheduling import RescheduleRequest
from support.shop import CALLER, VISIT, Shop, at, clock_text, customer, plan, secret, technician
from unit.services.conftest import Open

ANA, BEN = technician("ana", "09:00-11:00"), technician("ben", "09:00-11:00")
KEPT = replace(VISIT, reserves=(Reserve(places=1, until_minutes=0),))
ONE_A_DAY = replace(VISIT, max_bookings_per_day=1)
each_rule = pytest.mark.parametrize("rule", [KEPT, ONE_A_DAY], ids=["reserve", "day"])


async def opened_with(opened: Open, rule: ServiceType) -> Shop:
    """Open a shop whose rule allows one normal sale on Monday at 09:30."""
    return await opened(plan(ANA, BEN, services=(rule,)))


async def move(shop: Shop, booking_id: str, start: str = "", token: str = "") -> str:
    """Move a booking of the caller to a start or a hold; return its new start."""
    request = RescheduleRequest(
        booking_id=booking_id, phone=CALLER.phone, start=at(start) if start else None, hold_token=token
    )
    return clock_text((await shop.app.bookings.reschedule_booking(request)).booked.booking.claim.start)


@each_rule
@pytest.mark.parametrize("is_hold", [True, False], ids=["hold", "booking"])
async def test_a_hold_and_a_booking_both_use_up_what_is_sold(opened: Open, rule: ServiceType, *, is_hold: bool) -> None:
    shop = await opened_with(opened, rule)
    assert "09:30" in await shop.offered()
    await (shop.hold("09:30") if is_hold else shop.book("09:30"))
    assert await shop.offered() == ""
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:30", who="another")
    with pytest.raises(SlotUnavailable):
        await shop.book("09:30", customer=customer(2))


@each_rule
async def test_a_lapsed_hold_is_revived_only_if_the_rule_allows_it(opened: Open, rule: ServiceType) -> None:
    shop = await opened_with(opened, rule)
    hold = await shop.hold("09:30")
    shop.clock.advance(seconds=90)
    sold = await shop.hold("09:30", who="another")
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold)
    await shop.app.holds.release_hold(None, sold.hold.token)
    assert (await shop.book_hold(hold)).booking.claim.start == at("09:30")


@each_rule
async def test_a_rule_that_is_new_decides_about_a_lapsed_hold(opened: Open, rule: ServiceType) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:30")
    shop.clock.advance(seconds=90)
    await shop.book("09:30", customer=customer(2))
    await shop.app.projects.import_project(plan(ANA, BEN, services=(rule,)), prune=False)
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold)


async def test_a_lapsed_hold_beyond_a_shorter_horizon_is_revived_beside_a_reserve(opened: Open) -> None:
    team = replace(ANA, max_bookings_per_day=1), BEN
    shop = await opened(plan(*team, services=(KEPT,)))
    hold = await shop.hold("2025-06-07T09:30")
    shop.clock.advance(seconds=90)
    await shop.app.projects.import_project(plan(*team, services=(KEPT,), horizon_days=2), prune=False)
    assert (await shop.book_hold(hold)).booking.claim.start == at("2025-06-07T09:30")


@each_rule
async def test_a_booking_moves_within_what_it_uses_up(opened: Open, rule: ServiceType) -> None:
    shop = await opened_with(opened, rule)
    booked = (await shop.book("09:30")).booking.id
    assert await shop.offered(booking_id=booked, phone=CALLER.phone) != ""
    assert await move(shop, booked, "10:00") == "10:00"
    hold = await shop.hold("09:30", booking_id=booked, phone=CALLER.phone)
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:30", who="another")
    assert await move(shop, booked, token=hold.hold.token) == "09:30"


async def test_the_time_that_a_move_gives_up_is_not_kept_for_emergencies(opened: Open) -> None:
    shop = await opened_with(opened, KEPT)
    booked = (await shop.book("09:30")).booking.id
    await shop.book("09:30", customer=customer(2), priority=Priority.EMERGENCY)
    assert await shop.offered() == ""
    assert await shop.offered(booking_id=booked) == "09:00 09:30 10:00"
    assert await move(shop, booked, "10:00") == "10:00"


async def test_a_hold_is_replaced_although_an_emergency_took_the_reserve(opened: Open) -> None:
    shop = await opened_with(opened, KEPT)
    await shop.hold("09:30", who="kim")
    await shop.book("09:30", customer=customer(2), priority=Priority.EMERGENCY)
    assert await shop.offered(customer_reference=secret("kim")) == "09:00 09:30 10:00"
    assert (await shop.hold("10:00", who="kim")).hold.claim.start == at("10:00")
