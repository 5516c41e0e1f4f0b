"""Contract of the ports Store and Transaction: deletion of old data, and tasks that one server performs."""

import asyncio
from dataclasses import replace

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.domain.booking import Booking, BookingStatus, Visit
from slotmcp.domain.retention import DataKind, Purged, Retention
from slotmcp.ports import Store
from support.clock import HandClock
from support.schedules import CUSTOMER, DOWNTOWN, FULL_DEFERRED, FULL_ENTRY, PROJECT, booking

SHOP = PROJECT.id
WEEK = Retention(customer_days=7, booking_days=7, canceled_days=7)


def full(id_: str, *, at: int, status: BookingStatus = BookingStatus.CONFIRMED) -> Booking:
    """Return a booking with a customer, an address and a contact key."""
    plain = booking(id_, at=at, location=DOWNTOWN)
    return replace(plain, customer=CUSTOMER, visit=Visit(address="1 Main St"), contact_keys=(id_,), status=status)


async def booked(store: Store, *bookings: Booking) -> None:
    """Add these bookings."""
    for each in bookings:
        await store.write(SHOP, lambda transaction, each=each: transaction.add_booking(each))  # type: ignore[misc]


async def purge(store: Store, retention: Retention, *, limit: int = 100) -> Purged:
    """Purge once."""
    return await store.write(SHOP, lambda transaction: transaction.purge(retention, limit=limit))


async def test_without_a_limit_nothing_is_purged(store: Store, clock: HandClock) -> None:
    await booked(store, full("b", at=60))
    clock.advance(days=5_000)
    assert (await purge(store, Retention())).total == 0
    assert await store.booking(SHOP, "b") == full("b", at=60)


async def test_past_bookings_lose_their_customer(store: Store, other: Store, clock: HandClock) -> None:
    gone = full("gone", at=180, status=BookingStatus.CANCELLED)
    await booked(store, full("past", at=60), gone, full("later", at=1440 * 3))
    await store.schedule(SHOP)
    clock.advance(days=9)
    retention = Retention(customer_days=7)
    assert (await other.count_purgeable(SHOP, retention, now_ms=clock.now_ms())).counts == {DataKind.CUSTOMERS: 2}
    assert (await purge(store, retention)).counts == {DataKind.CUSTOMERS: 2}
    assert (await purge(store, retention)).total == 0
    for original in (full("past", at=60), gone):
        kept = await other.booking(SHOP, original.id)
        assert kept == Booking(claim=replace(original.claim, location=None), status=original.status)
    assert await other.booking(SHOP, "later") == full("later", at=1440 * 3)


async def test_past_and_canceled_bookings_are_deleted_separately(store: Store, other: Store, clock: HandClock) -> None:
    await booked(store, full("past", at=60), full("gone", at=180, status=BookingStatus.CANCELLED))
    await booked(store, full("recent", at=1440 * 6))
    clock.advance(days=8)
    assert (await purge(store, Retention(canceled_days=7))).counts == {DataKind.CANCELED: 1}
    assert (await purge(store, Retention(booking_days=7))).counts == {DataKind.BOOKINGS: 1}
    assert [await other.booking(SHOP, id_) is None for id_ in ("past", "gone", "recent")] == [True, True, False]
    await booked(store, full("again", at=1440 * 9))


async def test_a_purge_deletes_a_limited_number_of_rows(store: Store, clock: HandClock) -> None:
    await booked(store, *(full(f"b{number}", at=60 * number) for number in range(5)))
    clock.advance(days=9)
    counts = [(await purge(store, Retention(booking_days=7), limit=2)).total for _ in range(4)]
    assert counts == [2, 2, 1, 0]


async def test_bookings_of_the_last_days_stay(store: Store, clock: HandClock) -> None:
    await booked(store, full("b", at=60))
    clock.advance(days=2)
    assert (await purge(store, Retention(booking_days=1, customer_days=1))).total == 0


async def test_old_calendar_data_is_deleted_and_keeps_its_booking_until_then(store: Store, clock: HandClock) -> None:
    entry = replace(FULL_ENTRY, booking_id="b")
    await booked(store, full("b", at=60))
    await store.write(SHOP, lambda transaction: transaction.calendar.save_entry(entry))
    await store.write(SHOP, lambda transaction: transaction.calendar.defer(FULL_DEFERRED))
    await store.write(SHOP, lambda transaction: transaction.calendar.record_delivery("digest"))
    clock.advance(days=31)
    assert (await purge(store, WEEK)).counts == {DataKind.CUSTOMERS: 1, DataKind.DELIVERIES: 1}
    clock.advance(days=60)
    assert (await purge(store, WEEK)).counts == {DataKind.DEFERRED: 1, DataKind.ENTRIES: 1}
    assert (await purge(store, WEEK)).counts == {DataKind.BOOKINGS: 1}


async def test_access_keys_that_are_over_are_deleted(store: Store, other: Store) -> None:
    plain = AccessKey(
        id="live", name="", scope=Scope.CALLER, project_id=SHOP, created_at_ms=1, expires_at_ms=None, revoked_at_ms=None
    )
    keys = [plain, replace(plain, id="expired", expires_at_ms=10), replace(plain, id="revoked", revoked_at_ms=10)]
    for key in (*keys, replace(plain, id="later", expires_at_ms=11)):
        await store.add_access_key(key, "hash")
    assert await store.purge_access_keys(10, is_dry_run=True) == 2
    assert await store.purge_access_keys(10, is_dry_run=False) == 2
    assert {key.id for key in await other.access_keys()} == {"live", "later"}


async def test_a_task_is_claimed_by_one_server_until_it_is_due_again(store: Store, other: Store) -> None:
    claims = [each.claim_task("t", now_ms=100, next_ms=200) for each in (store, other) * 5]
    assert sorted(await asyncio.gather(*claims)) == [False] * 9 + [True]
    assert not await other.claim_task("t", now_ms=199, next_ms=300)
    assert await other.claim_task("t", now_ms=200, next_ms=300)
    await store.postpone_task("t", next_ms=250)
    assert await store.claim_task("t", now_ms=250, next_ms=350)
    assert await store.claim_task("another", now_ms=250, next_ms=350)
