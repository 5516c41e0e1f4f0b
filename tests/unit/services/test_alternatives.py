"""Alternatives: a refused start comes with the nearest bookable ones."""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.domain.offer import Offer
from support.shop import Shop, clock_text, customer, plan, service, technician
from unit.services.conftest import Open

LEE = Customer(name="Lee", phone="+1 303 555 0101")


async def alternatives(shop: Shop, start: str, **facts: object) -> Offer:
    with pytest.raises(SlotUnavailable) as lost:
        await shop.book(start, customer=LEE, **facts)
    assert lost.value.alternatives is not None
    return lost.value.alternatives


def times_of(offer: Offer) -> list[str]:
    return [clock_text(slot.start) for slot in offer.slots]


async def test_alternatives_are_the_three_nearest_starts_in_order(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-17:00")))
    await shop.book("12:00")
    assert times_of(await alternatives(shop, "12:00")) == ["10:30", "11:00", "13:00"]


async def test_alternatives_reach_beyond_the_day(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00")))
    await shop.book("09:00")
    offer = await alternatives(shop, "09:00")
    assert [slot.start // 1440 for slot in offer.slots] == [20242, 20243, 20244]


async def test_every_alternative_can_be_booked(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-11:00"), technician("ben", "10:00-13:00")))
    for number, start in enumerate(("09:00", "10:00", "10:00")):
        await shop.book(start, customer=customer(number))
    slots = (await alternatives(shop, "10:00")).slots
    assert len(slots) == 3
    for number, slot in enumerate(slots):
        held = await shop.hold(slot.start, who=f"caller {number}")
        assert held.hold.claim.start == slot.start
        await shop.app.holds.release_hold(None, held.hold.token)


async def test_alternatives_have_the_same_length_service_and_technician(opened: Open) -> None:
    team = (technician("ana", "09:00-12:00", skills="x"), technician("ben", "09:00-12:00"))
    shop = await opened(plan(*team, services=(service("x-job", 30, skills="x"), service("job", 30))))
    await shop.book("10:00", service_id="x-job")
    offer = await alternatives(shop, "10:00", service_id="x-job", duration_minutes=60)
    assert times_of(offer) == ["09:00", "10:30", "11:00"]
    assert {slot.end - slot.start for slot in offer.slots} == {60}
    assert {one.technician_id for slot in offer.slots for one in slot.candidates} == {"ana"}
    requested = await alternatives(shop, "10:00", service_id="job", technician_id="ana")
    assert {one.technician_id for slot in requested.slots for one in slot.candidates} == {"ana"}


async def test_alternatives_may_be_empty(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), horizon_days=0))
    await shop.book("09:00")
    assert (await alternatives(shop, "09:00")).slots == ()
