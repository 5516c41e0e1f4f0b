"""Turning away before the lock: only what the lock would refuse, and never a retry."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import HoldExpired, InvalidArgument, NotFound, SlotUnavailable
from slotmcp.services.in_memory import MemoryHolds
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.counted_store import CountedStore
from support.shop import CALLER, Shop, at, customer, open_shop, plan, technician

BUSINESS = plan(technician("ana", "09:00-12:00"), horizon_days=0)


@dataclass(frozen=True, slots=True)
class Counter:
    """A shop whose store counts."""

    shop: Shop
    store: CountedStore
    live: MemoryHolds

    @property
    def locks(self) -> int:
        """How often the lock was asked for."""
        return self.store.calls["write"]


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Shop]:
    """Another process at the same file; its business is open."""
    async with open_shop(tmp_path / "shop.db", BUSINESS) as shop:
        yield shop


@pytest.fixture
async def here(elsewhere: Shop) -> AsyncIterator[Counter]:
    async with open_shop(elsewhere.path, clock=elsewhere.clock) as shop:
        store, live = CountedStore(shop.store), MemoryHolds()
        yield Counter(replace(shop, app=build_app(store, live=live)), store, live)


async def test_a_start_that_is_gone_is_refused_without_the_lock(here: Counter, elsewhere: Shop) -> None:
    await elsewhere.hold("09:00")
    assert await here.shop.offered() == "10:00 10:30 11:00"
    for refused in (here.shop.hold("09:30"), here.shop.book("09:30")):
        with pytest.raises(SlotUnavailable) as told:
            await refused
        assert told.value.alternatives is not None
        assert [slot.start % 1440 for slot in told.value.alternatives.slots] == [600, 630, 660]
    assert here.locks == 0


async def test_what_was_never_asked_before_is_for_the_lock_to_decide(here: Counter, elsewhere: Shop) -> None:
    await elsewhere.hold("09:00")
    with pytest.raises(SlotUnavailable):
        await here.shop.hold("09:00")
    assert here.locks == 1
    with pytest.raises(SlotUnavailable):
        await here.shop.hold("09:00")
    assert here.locks == 1


async def test_a_start_that_somebody_gave_back_elsewhere_can_be_had(here: Counter, elsewhere: Shop) -> None:
    held = await elsewhere.hold("09:00")
    assert await here.shop.offered() == "10:00 10:30 11:00"
    await elsewhere.app.holds.release_hold(None, held.hold.token)
    assert (await here.shop.hold("09:00")).hold.claim.start % 1440 == 540


async def test_a_start_whose_hold_has_lapsed_since_can_be_had(here: Counter, elsewhere: Shop) -> None:
    await elsewhere.hold("09:00")
    assert await here.shop.offered() == "10:00 10:30 11:00"
    here.shop.clock.advance(seconds=91)
    assert (await here.shop.book("09:00")).booking.claim.start % 1440 == 540


async def test_a_retry_with_a_key_is_answered_as_before(here: Counter) -> None:
    held = await here.shop.hold("09:00", idempotency_key="k")
    booked = await here.shop.book("10:00", idempotency_key="k")
    assert await here.shop.offered() == "11:00"
    assert (await here.shop.hold("09:00", idempotency_key="k")).hold == held.hold
    again = await here.shop.book("10:00", idempotency_key="k")
    assert (again.booking, again.replayed) == (booked.booking, True)


async def test_a_retry_with_a_key_is_answered_as_before_whatever_became_of_the_booking(
    here: Counter, elsewhere: Shop
) -> None:
    booked = await here.shop.book("09:00", idempotency_key="k")
    moving = RescheduleRequest(booking_id=booked.booking.id, start=at("11:00"))
    await here.shop.app.bookings.reschedule_booking(moving)
    await elsewhere.book("09:00", customer=customer(2))
    assert await here.shop.offered() == "10:00"
    again = await here.shop.book("09:00", idempotency_key="k")
    assert (again.booking.id, again.replayed) == (booked.booking.id, True)


@pytest.mark.parametrize("who", [CALLER, Customer(name="Kim Doe", email="Kim@example.com")])
async def test_a_retry_without_a_key_is_answered_as_before(here: Counter, elsewhere: Shop, who: Customer) -> None:
    booked = await elsewhere.book("09:00", customer=who)
    assert await here.shop.offered() == "10:00 10:30 11:00"
    again = await here.shop.book("09:00", customer=replace(who, email=who.email.lower()))
    assert (again.booking, again.replayed) == (booked.booking, True)
    with pytest.raises(SlotUnavailable):
        await here.shop.book("09:00", customer=customer(2))
    assert here.locks == 1


async def test_who_cancelled_and_finds_the_start_taken_is_refused(here: Counter, elsewhere: Shop) -> None:
    booked = await here.shop.book("09:00")
    await here.shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))
    await elsewhere.book("09:00", customer=customer(2))
    assert await here.shop.offered() == "10:00 10:30 11:00"
    with pytest.raises(SlotUnavailable):
        await here.shop.book("09:00")


async def test_a_wrong_request_is_told_what_is_wrong_and_not_that_the_start_is_gone(
    here: Counter, elsewhere: Shop
) -> None:
    await elsewhere.hold("09:00")
    assert await here.shop.offered() == "10:00 10:30 11:00"
    with pytest.raises(NotFound, match="nobody"):
        await here.shop.hold("09:00", technician_id="nobody")
    with pytest.raises(InvalidArgument, match="customerPhone"):
        await here.shop.book("09:00", customer=Customer(name="Kim", phone="12"))


async def test_a_token_that_nobody_was_given_is_refused_without_the_lock(here: Counter) -> None:
    with pytest.raises(HoldExpired, match="not known"):
        await here.shop.book(hold_token="invented")  # noqa: S106  a test's own
    assert here.locks == 0
    with pytest.raises(InvalidArgument, match="customerPhone"):
        await here.shop.book(hold_token="invented", customer=Customer(name="Kim", phone="12"))  # noqa: S106  as above
    with pytest.raises(NotFound, match="shop"):
        await here.shop.book(hold_token="invented", project_id="shpo")  # noqa: S106  as above


async def test_a_hold_that_is_not_shown_any_more_is_as_good_as_ever(here: Counter, elsewhere: Shop) -> None:
    held = await here.shop.hold("09:00")
    await here.live.remove("shop", held.hold.token)
    other = await elsewhere.hold("10:00", who="somebody else")
    assert (await here.shop.book_hold(held)).booking.id == held.hold.claim.id
    assert (await here.shop.book_hold(other, customer=customer(2))).booking.id == other.hold.claim.id


async def test_a_hold_that_lapsed_while_its_unit_is_free_is_booked(here: Counter) -> None:
    held = await here.shop.hold("09:00")
    here.shop.clock.advance(seconds=200)
    await here.live.remove("shop", held.hold.token)
    assert (await here.shop.book_hold(held)).booking.id == held.hold.claim.id


async def test_a_hold_is_shown_while_it_can_be_booked(here: Counter) -> None:
    held = await here.shop.hold("09:00")
    assert await here.live.contains("shop", held.hold.token)
    before = here.store.calls["hold"]
    await here.shop.book_hold(held)
    assert here.store.calls["hold"] == before
    assert not await here.live.contains("shop", held.hold.token)
    given_back = await here.shop.hold("11:00")
    await here.shop.app.holds.release_hold(None, given_back.hold.token)
    assert not await here.live.contains("shop", given_back.hold.token)
    moved = await here.shop.hold("11:00")
    await here.shop.app.bookings.reschedule_booking(
        RescheduleRequest(booking_id=held.hold.claim.id, hold_token=moved.hold.token)
    )
    assert not await here.live.contains("shop", moved.hold.token)
