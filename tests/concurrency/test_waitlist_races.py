"""Several processes update a waitlist: a freed unit is offered to one customer, and a customer has one offer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from concurrency.evidence import rows_of
from slotmcp.domain.booking import Customer
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.services.status_changes import CancelRequest
from support.clock import HandClock
from support.shop import OPENING_TIME, Shop, at, instant_ms, open_shop, plan, technician
from support.sqlite_file import live_entries, overlaps, rows
from support.waiting import join

PROCESSES = 3
UNITS = 4
WAITING = 7
BUSINESS = plan(*(technician(f"tech-{number}", "09:00-10:00") for number in range(UNITS)), horizon_days=0)


def person(number: int) -> Customer:
    return Customer(name=f"Person {number}", phone=f"+1 303 555 {number:04}")


@pytest.fixture
async def shops(tmp_path: Path) -> AsyncIterator[list[Shop]]:
    """Open several shops on one file, which stand for processes."""
    clock = HandClock(instant_ms(OPENING_TIME))
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(open_shop(tmp_path / "shop.db", BUSINESS, clock=clock))]
        opened += [
            await stack.enter_async_context(open_shop(tmp_path / "shop.db", clock=clock)) for _ in range(PROCESSES - 1)
        ]
        yield opened


async def add_all_customers(shop: Shop) -> None:
    for number in range(WAITING):
        await join(shop, customer=person(number))


async def offers(shop: Shop) -> dict[str, str]:
    """Return each customer's offered hold."""
    waits = await shop.store.waitlist_entries("shop", WaitlistState.OFFERED)
    return {wait.customer.name: wait.hold_token for wait in waits}


def check_nothing_is_sold_twice(shop: Shop) -> None:
    assert overlaps(live_entries(shop.path, shop.clock.now_ms())) == []


async def test_a_cancellation_during_sweeps_makes_one_offer(shops: list[Shop]) -> None:
    first, *others = shops
    booked = [await first.book(at("09:00"), customer=person(50 + number)) for number in range(UNITS)]
    await add_all_customers(first)
    for number, one in enumerate(booked):
        await asyncio.gather(
            first.app.bookings.cancel_booking(CancelRequest(booking_id=one.booking.id)),
            *(shop.app.waitlist.sweep() for shop in others for _ in range(3)),
        )
        assert sorted(await offers(first)) == [f"Person {kept}" for kept in range(number + 1)]
    events = Counter(event.subject_id for event in await first.store.events("shop", 0))
    assert set(events.values()) == {1}
    assert len(set((await offers(first)).values())) == UNITS
    check_nothing_is_sold_twice(first)


async def test_a_hold_that_expires_during_sweeps_is_offered_once(shops: list[Shop]) -> None:
    first = shops[0]
    for number in range(UNITS):
        await first.hold("09:00", who=f"caller-{number}")
    await add_all_customers(first)
    first.clock.advance(seconds=90)
    await asyncio.gather(*(shop.app.waitlist.sweep() for shop in shops for _ in range(3)))
    lapsed = await offers(first)
    assert sorted(lapsed) == [f"Person {kept}" for kept in range(UNITS)]
    first.clock.advance(seconds=15 * 60)
    await asyncio.gather(*(shop.app.waitlist.sweep() for shop in shops for _ in range(3)))
    live = await offers(first)
    assert sorted(live) == [f"Person {kept}" for kept in range(UNITS, WAITING)]
    evidence = rows_of("shop", partial(rows, first.path)).offers
    assert {one.token for one in evidence} == {*lapsed.values(), *live.values()}
    assert len({one.wait for one in evidence}) == WAITING
    check_nothing_is_sold_twice(first)


async def test_an_offer_accepted_at_its_expiry_goes_to_exactly_one_customer(shops: list[Shop]) -> None:
    first, second, third = shops
    tokens = [(await first.hold("09:00", who=f"caller-{number}")).hold.token for number in range(UNITS)]
    await add_all_customers(first)
    for token in tokens:
        await first.app.holds.release_hold(None, token)
    kept = await offers(first)
    first.clock.advance(seconds=15 * 60)
    await asyncio.gather(
        second.app.waitlist.sweep(),
        *(first.book(hold_token=token, customer=person(number)) for number, token in enumerate(kept.values())),
        third.app.waitlist.sweep(),
        return_exceptions=True,
    )
    states = Counter(wait.state for wait in await first.store.waitlist_entries("shop", *WaitlistState))
    assert states[WaitlistState.BOOKED] + states[WaitlistState.OFFERED] <= UNITS
    assert len(live_entries(first.path, first.clock.now_ms())) == UNITS
    check_nothing_is_sold_twice(first)


async def test_a_customer_joins_once_despite_retries(shops: list[Shop]) -> None:
    for number in range(UNITS):
        await shops[0].hold("09:00", who=f"caller-{number}")
    answers = await asyncio.gather(*(join(shop) for shop in shops for _ in range(3)))
    assert len({answer.entry.id for answer in answers}) == 1
    assert [answer.replayed for answer in answers].count(False) == 1
