"""Contract of the port Transaction: bookings that are added together, as an import does."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from slotmcp.domain.booking import Booking, BookingStatus
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.interval import MS_PER_MINUTE
from slotmcp.ports import ClaimConflict, Store, Transaction
from support.schedules import FULL_BOOKING, PROJECT, booking, hold

SHOP = PROJECT.id
WITHOUT_CUSTOMER = replace(booking("plain", "ben", at=60), customer=None)
CANCELLED = replace(booking("cancelled", "ana", at=0), status=BookingStatus.CANCELLED, cancel_reason="a cold")
ALL = (FULL_BOOKING, WITHOUT_CUSTOMER, CANCELLED, booking("b", "ana", at=0), booking("c", "ana", at=60))


async def added(store: Store, bookings: Sequence[Booking]) -> None:
    """Add these bookings together."""
    await store.write(SHOP, lambda transaction: transaction.add_bookings(bookings))


async def added_singly(store: Store, bookings: Sequence[Booking]) -> None:
    """Add these bookings one by one, in one transaction."""

    async def unit(transaction: Transaction) -> None:
        for each in bookings:
            await transaction.add_booking(each)

    await store.write(SHOP, unit)


@pytest.mark.parametrize("add", [added, added_singly], ids=["together", "one by one"])
async def test_every_field_is_stored(store: Store, other: Store, add) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    known = await other.schedule(SHOP)
    await add(store, ALL)
    assert {each.id: each for each in await other.bookings(SHOP)} == {
        each.id: each for each in ALL if each is not CANCELLED
    }
    assert await other.booking(SHOP, "cancelled") == CANCELLED
    assert (await store.head(SHOP)).revision == known.revision + 1
    for changed in (await other.schedule(SHOP, known), await store.schedule(SHOP)):
        claims = {name: each.claims for name, each in changed.technician_schedules.items()}
        assert {claim.id for each in claims.values() for claim in each} == {"full", "plain", "b", "c"}


async def test_their_customers_are_found(store: Store) -> None:
    await added(store, ALL)
    for key in FULL_BOOKING.contact_keys:
        found = await store.write(SHOP, lambda transaction: transaction.bookings_by(key))  # noqa: B023  awaited here
        assert [each.id for each in found] == ["full"]


@pytest.mark.parametrize("taken_by", ["hold", "booking", "each other"])
async def test_none_is_added_if_the_time_of_one_is_taken(store: Store, taken_by: str) -> None:
    batch = [booking("first", "ana", at=0), booking("second", "ben", at=0)]
    if taken_by == "hold":
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h", "ben", at=0)))
    elif taken_by == "booking":
        await added(store, [booking("earlier", "ben", at=0)])
    else:
        batch.append(booking("third", "ana", at=30))
    before = await store.head(SHOP), await store.bookings(SHOP)
    with pytest.raises(ClaimConflict):
        await added(store, batch)
    after = await store.head(SHOP), await store.bookings(SHOP)
    assert (after[0].revision, after[1]) == (before[0].revision, before[1])
    await added(store, [booking("next", "cleo", at=0)])


async def test_no_bookings_change_nothing(store: Store) -> None:
    before = (await store.head(SHOP)).revision
    await added(store, [])
    assert (await store.head(SHOP)).revision == before


async def test_those_with_a_customer_are_pushed_to_a_calendar(store: Store) -> None:
    connected = replace(PROJECT, calcom=CalcomConnection(api_key_env="CALCOM_API_KEY"))
    await added(store, [booking("before", "ana", at=0)])
    await store.write(SHOP, lambda transaction: transaction.save_project(connected))
    await added(store, [booking("b", "ana", at=60), WITHOUT_CUSTOMER, booking("c", "ana", at=120)])
    pushes = (await store.calendar(SHOP)).pushes
    assert sorted(push.booking_id for push in pushes) == ["b", "c"]
    assert {push.due_ms // MS_PER_MINUTE for push in pushes} == {(await store.head(SHOP)).now_ms // MS_PER_MINUTE}
