"""Early rejection: requests that cannot succeed are refused before the lock, and retries are not."""

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
    """A shop whose store counts its calls."""

    shop: Shop
    store: CountedStore
    live: MemoryHolds

    @property
    def locks(self) -> int:
        """Return the number of write transactions."""
        return self.store.calls["write"]


@pytest.fixture
async def other_process(tmp_path: Path) -> AsyncIterator[Shop]:
    """Another process on the same file, whose business is open."""
    async with open_shop(tmp_path / "shop.db", BUSINESS) as shop:
        yield shop


@pytest.fixture
async def counter(other_process: Shop) -> AsyncIterator[Counter]:
    async with open_shop(other_process.path, clock=other_process.clock) as shop:
        store, live = CountedStore(shop.store), MemoryHolds()
        yield Counter(replace(shop, app=build_app(store, live=live)), store, live)


async def test_a_taken_start_is_rejected_without_the_lock(counter: Counter, other_process: Shop) -> None:
    await other_process.hold("09:00")
    assert await counter.shop.offered() == "10:00 10:30 11:00"
    for call in (counter.shop.hold("09:30", who="another"), counter.shop.book("09:30")):
        with pytest.raises(SlotUnavailable) as refused:
            await call
        assert refused.value.alternatives is not None
        assert [slot.start % 1440 for slot in refused.value.alternatives.slots] == [600, 630, 660]
    assert counter.locks == 0


async def test_an_uncached_project_is_decided_under_the_lock(counter: Counter, other_process: Shop) -> None:
    await other_process.hold("09:00")
    with pytest.raises(SlotUnavailable):
        await counter.shop.hold("09:00", who="another")
    assert counter.locks == 1
    with pytest.raises(SlotUnavailable):
        await counter.shop.hold("09:00", who="another")
    assert counter.locks == 1


async def test_a_start_released_in_another_process_is_bookable(counter: Counter, other_process: Shop) -> None:
    held = await other_process.hold("09:00")
    assert await counter.shop.offered() == "10:00 10:30 11:00"
    await other_process.app.holds.release_hold(None, held.hold.token)
    assert (await counter.shop.hold("09:00")).hold.claim.start % 1440 == 540


async def test_a_start_whose_hold_lapsed_is_bookable(counter: Counter, other_process: Shop) -> None:
    await other_process.hold("09:00")
    assert await counter.shop.offered() == "10:00 10:30 11:00"
    counter.shop.clock.advance(seconds=91)
    assert (await counter.shop.book("09:00")).booking.claim.start % 1440 == 540


async def test_a_retry_with_a_key_returns_the_first_answer(counter: Counter) -> None:
    held = await counter.shop.hold("09:00", idempotency_key="k")
    booked = await counter.shop.book("10:00", idempotency_key="k")
    assert await counter.shop.offered() == "11:00"
    assert (await counter.shop.hold("09:00", idempotency_key="k")).hold == held.hold
    again = await counter.shop.book("10:00", idempotency_key="k")
    assert (again.booking, again.replayed) == (booked.booking, True)


async def test_a_retry_with_a_key_returns_the_booking_in_any_status(counter: Counter, other_process: Shop) -> None:
    booked = await counter.shop.book("09:00", idempotency_key="k")
    moving = RescheduleRequest(booking_id=booked.booking.id, start=at("11:00"))
    await counter.shop.app.bookings.reschedule_booking(moving)
    await other_process.book("09:00", customer=customer(2))
    assert await counter.shop.offered() == "10:00"
    again = await counter.shop.book("09:00", idempotency_key="k")
    assert (again.booking.id, again.replayed) == (booked.booking.id, True)


@pytest.mark.parametrize("caller", [CALLER, Customer(name="Kim Doe", email="Kim@example.com")])
async def test_a_retry_without_a_key_returns_the_first_answer(
    counter: Counter, other_process: Shop, caller: Customer
) -> None:
    booked = await other_process.book("09:00", customer=caller)
    assert await counter.shop.offered() == "10:00 10:30 11:00"
    again = await counter.shop.book("09:00", customer=replace(caller, email=caller.email.lower()))
    assert (again.booking, again.replayed) == (booked.booking, True)
    with pytest.raises(SlotUnavailable):
        await counter.shop.book("09:00", customer=customer(2))
    assert counter.locks == 1


async def test_a_customer_who_cancelled_is_rejected_if_the_start_is_taken(
    counter: Counter, other_process: Shop
) -> None:
    booked = await counter.shop.book("09:00")
    await counter.shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))
    await other_process.book("09:00", customer=customer(2))
    assert await counter.shop.offered() == "10:00 10:30 11:00"
    with pytest.raises(SlotUnavailable):
        await counter.shop.book("09:00")


async def test_an_invalid_request_is_rejected_as_invalid_and_not_as_taken(
    counter: Counter, other_process: Shop
) -> None:
    await other_process.hold("09:00")
    assert await counter.shop.offered() == "10:00 10:30 11:00"
    with pytest.raises(NotFound, match="nobody"):
        await counter.shop.hold("09:00", technician_id="nobody")
    with pytest.raises(InvalidArgument, match="customerPhone"):
        await counter.shop.book("09:00", customer=Customer(name="Kim", phone="12"))


async def test_an_unknown_token_is_rejected_without_the_lock(counter: Counter) -> None:
    with pytest.raises(HoldExpired, match="No hold has this token"):
        await counter.shop.book(hold_token="invented")  # noqa: S106  a test's own
    assert counter.locks == 0
    with pytest.raises(InvalidArgument, match="customerPhone"):
        await counter.shop.book(hold_token="invented", customer=Customer(name="Kim", phone="12"))  # noqa: S106  as above
    with pytest.raises(NotFound, match="shop"):
        await counter.shop.book(hold_token="invented", project_id="shpo")  # noqa: S106  as above


async def test_a_hold_missing_from_the_live_holds_can_be_booked(counter: Counter, other_process: Shop) -> None:
    held = await counter.shop.hold("09:00")
    await counter.live.remove("shop", held.hold.token)
    other = await other_process.hold("10:00", who="caller-2")
    assert (await counter.shop.book_hold(held)).booking.id == held.hold.claim.id
    assert (await counter.shop.book_hold(other, customer=customer(2))).booking.id == other.hold.claim.id


async def test_a_lapsed_hold_whose_capacity_is_free_is_booked(counter: Counter) -> None:
    held = await counter.shop.hold("09:00")
    counter.shop.clock.advance(seconds=200)
    await counter.live.remove("shop", held.hold.token)
    assert (await counter.shop.book_hold(held)).booking.id == held.hold.claim.id


async def test_the_live_holds_contain_a_hold_while_it_can_be_booked(counter: Counter) -> None:
    held = await counter.shop.hold("09:00")
    assert await counter.live.contains("shop", held.hold.token)
    before = counter.store.calls["hold"]
    await counter.shop.book_hold(held)
    assert counter.store.calls["hold"] == before
    assert not await counter.live.contains("shop", held.hold.token)
    given_back = await counter.shop.hold("11:00")
    await counter.shop.app.holds.release_hold(None, given_back.hold.token)
    assert not await counter.live.contains("shop", given_back.hold.token)
    moved = await counter.shop.hold("11:00")
    await counter.shop.app.bookings.reschedule_booking(
        RescheduleRequest(booking_id=held.hold.claim.id, hold_token=moved.hold.token)
    )
    assert not await counter.live.contains("shop", moved.hold.token)
