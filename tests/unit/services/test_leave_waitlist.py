"""Leaving the waitlist: with the entry's id, or because the customer is erased."""

import pytest

from slotmcp.domain.waitlist import WaitlistState
from support.shop import Shop, plan, technician
from support.sqlite_file import count, fingerprint
from support.waiting import join, line, person, release, state
from unit.services.conftest import Open

ONE = plan(technician("ana", "09:00-10:00"))


async def offered_to_kim(shop: Shop) -> str:
    """Give Kim an offer with Lee next in the queue; return the id of Kim's entry."""
    token = (await shop.hold("09:00")).hold.token
    wait = await join(shop, "kim")
    await join(shop, "lee")
    await release(shop, token)
    assert await line(shop) == "kim:09:00 lee:1"
    return wait.entry.id


async def test_a_customer_who_left_gets_no_offer(opened: Open) -> None:
    shop = await opened(ONE)
    token = (await shop.hold("09:00")).hold.token
    kim = await join(shop, "kim")
    await join(shop, "lee")
    answer = await shop.app.holds.release_hold(None, kim.entry.id)
    assert (answer.released, answer.waited) == (True, True)
    assert await state(shop, kim) is WaitlistState.EXPIRED
    await release(shop, token)
    assert await line(shop) == "lee:09:00"


async def test_the_offer_of_a_customer_who_leaves_goes_to_the_next_entry(opened: Open) -> None:
    shop = await opened(ONE)
    wait_id = await offered_to_kim(shop)
    before = await shop.revision()
    await release(shop, wait_id)
    assert await line(shop) == "lee:09:00"
    assert await shop.revision() == before + 1, "no other caller gets the time in between"
    events = [event.kind for event in await shop.store.events("shop", 0)]
    assert events == ["waitlist.offered", "waitlist.expired", "waitlist.offered"]


async def test_leaving_twice_changes_nothing(opened: Open) -> None:
    shop = await opened(ONE)
    wait_id = await offered_to_kim(shop)
    await release(shop, wait_id)
    before = fingerprint(shop.path)
    answer = await shop.app.holds.release_hold(None, wait_id)
    assert (answer.released, answer.waited) == (False, True)
    assert fingerprint(shop.path) == before


async def test_leaving_does_not_cancel_a_booking(opened: Open) -> None:
    shop = await opened(ONE)
    wait_id = await offered_to_kim(shop)
    offer = (await shop.app.waitlist.look_up(wait_id)).offer
    assert offer is not None
    await shop.book(hold_token=offer.token, customer=person("kim"))
    assert not (await shop.app.holds.release_hold(None, wait_id)).released
    assert (await shop.app.waitlist.look_up(wait_id)).entry.state is WaitlistState.BOOKED
    assert count(shop.path, "bookings") == 1


async def test_a_customer_who_left_can_join_again(opened: Open) -> None:
    shop = await opened(ONE)
    await shop.hold("09:00")
    kim = await join(shop, "kim")
    await join(shop, "lee")
    await release(shop, kim.entry.id)
    again = await join(shop, "kim")
    assert (again.entry.id != kim.entry.id, again.position, again.replayed) == (True, 2, False)


@pytest.mark.parametrize("reference", ["303-555-0000", "caller-kim"])
async def test_the_offer_of_an_erased_customer_goes_to_the_next_entry(opened: Open, reference: str) -> None:
    shop = await opened(ONE)
    token = (await shop.hold("09:00")).hold.token
    kim = await join(shop, "kim", customer_reference="caller-kim")
    await join(shop, "lee")
    await release(shop, token)
    assert (await shop.app.customers.forget(None, reference)).erased == 1
    assert await line(shop) == "lee:09:00"
    assert await state(shop, kim) is WaitlistState.EXPIRED
