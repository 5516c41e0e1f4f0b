"""An entry is closed when its customer books the offer or another fitting start."""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.waitlist import WaitlistEntryStatus
from slotmcp.services.waitlist_queue import OFFER_MINUTES
from support.shop import Shop, plan, service, technician
from support.waiting import join, line, on, person, release, state
from unit.services.conftest import Open

ONE = plan(technician("ana", "09:00-10:00"))


@pytest.fixture
async def shop(opened: Open) -> Shop:
    """Open a shop with one start a day."""
    return await opened(ONE)


async def offered(shop: Shop, name: str = "kim", *others: str) -> tuple[WaitlistEntryStatus, str]:
    """Offer Monday's start to a customer, with others next in the queue; return the entry and the hold's token."""
    token = (await shop.hold("09:00")).hold.token
    wait = await join(shop, name)
    for other in others:
        await join(shop, other)
    await release(shop, token)
    hold = (await shop.app.waitlist.look_up(wait.entry.id)).hold
    assert hold is not None
    return wait, hold.token


async def test_booking_the_offer_closes_the_entry(shop: Shop) -> None:
    wait, token = await offered(shop)
    await shop.book(hold_token=token, customer=person("kim"))
    status = await shop.app.waitlist.look_up(wait.entry.id)
    assert (status.entry.state, status.position) == (WaitlistState.BOOKED, 0)
    assert status.hold is not None
    assert status.hold.state is ClaimState.BOOKED
    assert [event.kind for event in await shop.store.events("shop", 0)] == ["waitlist.offered", "waitlist.booked"]
    assert await line(shop) == ""


async def test_an_offer_may_be_booked_under_another_name(shop: Shop) -> None:
    wait, token = await offered(shop)
    await shop.book(hold_token=token, customer=Customer(name="Kim's partner", email="partner@example.com"))
    assert await state(shop, wait) is WaitlistState.BOOKED


async def test_an_offer_that_just_expired_can_be_booked(shop: Shop) -> None:
    wait, token = await offered(shop)
    shop.clock.advance(seconds=OFFER_MINUTES * 60)
    await shop.app.waitlist.sweep()
    assert await state(shop, wait) is WaitlistState.WAITING
    await shop.book(hold_token=token, customer=person("kim"))
    assert await state(shop, wait) is WaitlistState.BOOKED


async def test_booking_another_start_closes_the_entry_and_frees_its_offer(shop: Shop) -> None:
    token = (await shop.hold("09:00")).hold.token
    tomorrow = (await shop.hold(on(1, "09:00"))).hold.token
    first = await join(shop, "kim", from_=on(0, "06:00"), to=on(2, "06:00"))
    second = await join(shop, "lee")
    await release(shop, token)
    assert await state(shop, first) is WaitlistState.OFFERED
    await shop.book(hold_token=tomorrow, customer=person("kim"))
    assert await state(shop, first) is WaitlistState.BOOKED
    assert await state(shop, second) is WaitlistState.OFFERED
    assert await shop.offered() == ""


async def test_contacts_match_in_any_notation(shop: Shop) -> None:
    tomorrow = (await shop.hold(on(1, "09:00"))).hold.token
    await shop.hold("09:00")
    wait = await join(shop, from_=on(0, "06:00"), to=on(2, "06:00"))
    await shop.book(hold_token=tomorrow, customer=Customer(name="K", phone="(303) 555.0000"))
    assert await state(shop, wait) is WaitlistState.BOOKED


async def test_another_service_window_or_customer_keeps_the_entry_open(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-10:00"), services=(service("visit"), service("other"))))
    for day in range(2):
        await shop.hold(on(day, "09:00"), service_id="visit")
    waits = [await join(shop, service_id="visit", from_=on(0, "06:00"), to=on(2, "06:00"))]
    await shop.book(on(2, "09:00"), service_id="visit", customer=person("kim"))
    await shop.book(on(3, "09:00"), service_id="visit", customer=person("lee"))
    shop.clock.advance(seconds=90)
    await shop.book(on(0, "09:00"), service_id="other", customer=person("kim"))
    await shop.book(on(1, "09:00"), service_id="visit", customer=person("noa"))
    assert [await state(shop, wait) for wait in waits] == [WaitlistState.WAITING]


async def test_a_retried_booking_does_not_change_the_waitlist(shop: Shop) -> None:
    _, token = await offered(shop)
    first = await shop.book(hold_token=token, customer=person("kim"))
    again = await join(shop, window="06:00-17:00")
    retry = await shop.book(hold_token=token, customer=person("kim"))
    assert (retry.booking, retry.replayed) == (first.booking, True)
    assert await state(shop, again) is WaitlistState.WAITING


async def test_an_offered_time_is_not_sold_to_another_caller(shop: Shop) -> None:
    wait, _ = await offered(shop)
    with pytest.raises(SlotUnavailable):
        await shop.book("09:00", customer=person("lee"))
    assert await state(shop, wait) is WaitlistState.OFFERED
