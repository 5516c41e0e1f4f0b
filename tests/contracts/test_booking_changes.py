"""Contract of the ports Store and Transaction: bookings that are moved, cancelled or changed."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from slotmcp.domain.attention import Attention, AttentionCause
from slotmcp.domain.booking import Booking, BookingStatus, Visit
from slotmcp.domain.claim import ClaimState
from slotmcp.ports import ClaimConflict, Store, Transaction
from support.clock import HandClock
from support.schedules import CUSTOMER, DOWNTOWN, FULL_BOOKING, PROJECT, booking, hold, ids_of, token

SHOP = PROJECT.id

Take = Callable[[Transaction], Awaitable[None]]


async def booked(store: Store, *bookings: Booking) -> None:
    """Add these bookings."""

    async def unit(transaction: Transaction) -> None:
        for new_booking in bookings:
            await transaction.add_booking(new_booking)

    await store.write(SHOP, unit)


async def saved(store: Store, booking: Booking) -> None:
    """Save a booking."""
    await store.write(SHOP, lambda transaction: transaction.save_booking(booking))


async def taken(store: Store) -> dict[str, list[tuple[str, int]]]:
    """Return the claims of each technician, with their start."""
    technician_schedules = (await store.schedule(SHOP)).technician_schedules
    return {
        name: [(claim.id, claim.start) for claim in technician_schedule.claims]
        for name, technician_schedule in technician_schedules.items()
        if technician_schedule.claims
    }


def cancelled(booking: Booking) -> Booking:
    """Return a booking as cancelled."""
    return replace(booking, status=BookingStatus.CANCELLED, cancel_reason="a cold")


@pytest.mark.parametrize(
    ("technician_id", "at", "minutes"),
    [("ana", 90, 60), ("ana", 600, 45), ("ben", 60, 60), ("ben", 30, 120)],
    ids=["overlapping its own time", "another time", "another technician", "both"],
)
async def test_a_booking_moves_at_once_and_its_old_time_is_free(
    store: Store, technician_id: str, at: int, minutes: int
) -> None:
    moved = replace(booking("b", technician_id, at=at, minutes=minutes), status=BookingStatus.RESCHEDULED)
    await booked(store, booking("b"))
    await saved(store, moved)
    assert await taken(store) == {technician_id: [("b", moved.claim.start)]}
    assert await store.bookings(SHOP) == (moved,)
    await booked(store, booking("before", at=60, minutes=30))


async def test_saving_a_booking_replaces_every_field(store: Store, other: Store) -> None:
    plain = Booking(claim=booking("full", "ana", at=60).claim)
    await booked(store, plain)
    for changed in (FULL_BOOKING, plain, FULL_BOOKING):
        await saved(store, changed)
        assert await store.booking(SHOP, "full") == changed
        assert await other.bookings(SHOP) == (changed,)
        assert await taken(other) == {changed.claim.technician_id: [("full", changed.claim.start)]}


@pytest.mark.parametrize("taken_by", ["hold", "booking"])
async def test_a_booking_does_not_move_into_time_that_is_taken(store: Store, taken_by: str) -> None:
    async def unit(transaction: Transaction) -> Booking | None:
        with pytest.raises(ClaimConflict):
            await transaction.save_booking(replace(booking("b", "ben", at=90), cancel_reason="lost"))
        return await transaction.booking("b")

    await booked(store, booking("b"))
    if taken_by == "hold":
        await store.write(SHOP, lambda transaction: transaction.add_hold(hold("other", "ben", at=120)))
    else:
        await booked(store, booking("other", "ben", at=120))
    before = await taken(store)
    assert await store.write(SHOP, unit) == booking("b")
    assert await taken(store) == before
    with pytest.raises(ClaimConflict):
        await saved(store, booking("b", "ben", at=90))
    assert await store.booking(SHOP, "b") == booking("b")


async def test_two_bookings_swap_times_by_way_of_a_third_time(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_booking(booking("b-1", at=600))
        await transaction.save_booking(booking("b-2", at=60))
        await transaction.save_booking(booking("b-1", at=120))

    await booked(store, booking("b-1", at=60), booking("b-2", at=120))
    await store.write(SHOP, unit)
    assert await store.bookings(SHOP) == (booking("b-2", at=60), booking("b-1", at=120))


async def test_bookings_within_a_time_are_those_that_overlap_it(store: Store) -> None:
    await booked(store, booking("b-1", at=60), booking("b-2", at=180))
    start = booking("b-1", at=60).claim.start
    for within, expected in (
        ((start - 10, start), []),
        ((start, start + 1), ["b-1"]),
        ((start + 59, start + 61), ["b-1"]),
        ((start + 60, start + 120), []),
        ((start, start + 121), ["b-1", "b-2"]),
    ):
        assert ids_of(await store.bookings(SHOP, within)) == expected


async def test_a_cancelled_booking_takes_no_time_and_can_still_be_read(store: Store, other: Store) -> None:
    await booked(store, booking("b"), booking("c", at=120))
    await saved(store, cancelled(booking("b")))
    assert await taken(other) == {"ana": [("c", booking("c", at=120).claim.start)]}
    assert await store.bookings(SHOP) == (booking("c", at=120),)
    assert await store.booking(SHOP, "b") == cancelled(booking("b"))
    assert await store.write(SHOP, lambda transaction: transaction.booking("b")) == cancelled(booking("b"))
    await booked(store, booking("next"))


async def test_a_cancelled_booking_can_be_saved_while_another_has_its_time(store: Store) -> None:
    await booked(store, cancelled(booking("b")), booking("next"))
    await saved(store, replace(cancelled(booking("b")), cancel_reason="a bad cold"))
    known = await store.booking(SHOP, "b")
    assert known is not None
    assert known.cancel_reason == "a bad cold"
    with pytest.raises(ClaimConflict):
        await saved(store, booking("b"))


@pytest.mark.parametrize("status", [status for status in BookingStatus if status is not BookingStatus.CANCELLED])
async def test_a_booking_of_any_other_status_takes_its_time(store: Store, status: BookingStatus) -> None:
    changed = replace(booking("b"), status=status)
    await booked(store, booking("b"))
    await saved(store, changed)
    assert await store.bookings(SHOP) == (changed,)
    with pytest.raises(ClaimConflict):
        await booked(store, booking("next"))


async def test_a_change_that_keeps_the_time_does_not_move_the_revision(store: Store) -> None:
    await booked(store, booking("b", location=DOWNTOWN))
    before = await store.schedule(SHOP)
    changed = replace(
        booking("b", location=DOWNTOWN),
        status=BookingStatus.COMPLETED,
        attention=Attention.of(AttentionCause.BUSY),
        contact_keys=("phone",),
        visit=Visit(notes="beware"),
    )
    await saved(store, changed)
    assert await store.booking(SHOP, "b") == changed
    assert await store.schedule(SHOP, before) is before


async def test_the_hold_of_a_cancelled_booking_is_cancelled(store: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))
    await saved(store, cancelled(booking("h")))
    stored = await store.write(SHOP, lambda transaction: transaction.hold(token("h")))
    assert stored is not None
    assert stored.state is ClaimState.CANCELLED
    with pytest.raises(LookupError):
        await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))


@pytest.mark.parametrize("booking_id", ["h", "missing"])
async def test_saving_a_booking_that_does_not_exist_fails(store: Store, booking_id: str) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    with pytest.raises(LookupError):
        await saved(store, booking(booking_id, at=600))
    assert await taken(store) == {"ana": [("h", hold("h").claim.start)]}
    assert await store.booking(SHOP, booking_id) is None


async def test_a_booking_of_another_project_is_not_found(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))
        assert await transaction.booking("b") is None
        with pytest.raises(LookupError):
            await transaction.save_booking(booking("b"))

    await booked(store, booking("b"))
    await store.write("other", unit, create=True)
    assert await store.booking("other", "b") is None
    assert await store.booking(SHOP, "b") == booking("b")


async def test_a_booking_that_moves_into_the_past_leaves_the_schedule(store: Store, clock: HandClock) -> None:
    await booked(store, booking("b"))
    known = await store.schedule(SHOP)
    clock.advance(days=5)
    await saved(store, booking("b", at=120))
    assert (await store.schedule(SHOP, known)).technician_schedules["ana"].claims == ()
    assert [moved.customer for moved in await store.bookings(SHOP)] == [CUSTOMER]
