"""What the Transaction port promises of claims: holds, bookings, and who gets the time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import ClaimState, Hold
from slotmcp.ports import ClaimConflict, Store, Transaction
from support.clock import HandClock
from support.schedules import (
    AIRPORT,
    ANA,
    DOWNTOWN,
    FULL_BOOKING,
    HOLD_SECONDS,
    PROJECT,
    booking,
    hold,
    open_shop,
    token,
)
from support.stores import OpenStore

SHOP = PROJECT.id

Take = Callable[[Transaction], Awaitable[None]]


async def held(store: Store, *holds: Hold) -> None:
    """Take time with these holds."""

    async def unit(transaction: Transaction) -> None:
        for one in holds:
            await transaction.add_hold(one)

    await store.write(SHOP, unit)


async def lapse(store: Store) -> int:
    """Mark what has expired."""
    return await store.write(SHOP, lambda transaction: transaction.lapse_holds())


async def found(store: Store, claim_id: str) -> Hold | None:
    """The hold as the store knows it now."""
    return await store.write(SHOP, lambda transaction: transaction.hold(token(claim_id)))


async def claim_ids(store: Store) -> dict[str, list[str]]:
    """Whose time is taken by what."""
    technician_schedules = (await store.schedule(SHOP)).technician_schedules
    return {
        name: [one.id for one in technician_schedule.claims]
        for name, technician_schedule in technician_schedules.items()
        if technician_schedule.claims
    }


async def test_a_hold_is_found_by_its_token_as_it_was_made(store: Store) -> None:
    made = hold(
        "h",
        buffer_before_minutes=5,
        buffer_after_minutes=10,
        technician_chosen=True,
        location=AIRPORT,
        customer="someone",
    )
    await held(store, made)
    assert await found(store, "h") == made
    assert await found(store, "another") is None


async def test_tokens_of_another_project_are_unknown(store: Store) -> None:
    async def unit(transaction: Transaction) -> Hold | None:
        await transaction.save_project(replace(PROJECT, id="other"))
        return await transaction.hold(token("h"))

    await held(store, hold("h"))
    assert await store.write("other", unit, create=True) is None


OVERLAPPING = {"the same": (60, 60), "its end": (119, 60), "its start": (1, 60), "within": (80, 10), "around": (0, 240)}
TOUCHING = {"before": (0, 60), "after": (120, 60)}


@pytest.mark.parametrize(("at", "minutes"), OVERLAPPING.values(), ids=OVERLAPPING)
@pytest.mark.parametrize("taken_by", ["hold", "booking"])
async def test_time_that_is_taken_cannot_be_taken(store: Store, taken_by: str, at: int, minutes: int) -> None:
    if taken_by == "hold":
        await held(store, hold("first"))
    else:
        await store.write(SHOP, lambda transaction: transaction.add_booking(booking("first")))
    await held(store, hold("beside", "ben", at=at, minutes=minutes))
    tries: list[Take] = [
        lambda transaction: transaction.add_hold(hold("h", at=at, minutes=minutes)),
        lambda transaction: transaction.add_booking(booking("b", at=at, minutes=minutes)),
        lambda transaction: transaction.move_hold("beside", "ana"),
        lambda transaction: transaction.confirm_hold(booking("beside", "ana", at=at, minutes=minutes)),
    ]
    for take in tries:
        with pytest.raises(ClaimConflict):
            await store.write(SHOP, take)
    assert await claim_ids(store) == {"ana": ["first"], "ben": ["beside"]}


@pytest.mark.parametrize(("at", "minutes"), TOUCHING.values(), ids=TOUCHING)
async def test_time_that_touches_can_be_taken_whatever_the_buffers(store: Store, at: int, minutes: int) -> None:
    await held(store, hold("first", buffer_before_minutes=30, buffer_after_minutes=30))
    await held(store, hold("second", at=at, minutes=minutes, buffer_before_minutes=30))
    assert sorted((await claim_ids(store))["ana"]) == ["first", "second"]


async def test_a_unit_can_go_on_after_a_conflict(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        with pytest.raises(ClaimConflict):
            await transaction.add_booking(booking("b"))
        with pytest.raises(ClaimConflict):
            await transaction.move_hold("beside", "ana")
        with pytest.raises(ClaimConflict):
            await transaction.confirm_hold(booking("beside", "ana"))
        await transaction.add_booking(booking("b", "ben"))

    await held(store, hold("first"), hold("beside", "cleo"))
    await store.write(SHOP, unit)
    assert await claim_ids(store) == {"ana": ["first"], "ben": ["b"], "cleo": ["beside"]}
    assert [one.id for one in await store.bookings(SHOP)] == ["b"]


async def test_an_unknown_technicians_time_cannot_be_taken(store: Store) -> None:
    with pytest.raises(Exception, match="technician") as refused:
        await held(store, hold("h", "nobody"))
    assert not isinstance(refused.value, ClaimConflict)
    assert await claim_ids(store) == {}


async def test_a_claims_id_is_given_once(store: Store) -> None:
    await held(store, hold("h"))
    with pytest.raises(Exception, match="id") as refused:
        await held(store, replace(hold("h", "ben"), token=token("another")))
    assert not isinstance(refused.value, ClaimConflict)


async def test_a_hold_moves_to_another_technician(store: Store) -> None:
    made = hold("h")
    await held(store, made)
    await store.write(SHOP, lambda transaction: transaction.move_hold("h", "ben"))
    assert await found(store, "h") == replace(made, claim=replace(made.claim, technician_id="ben"))
    await held(store, hold("next", "ana"))


async def test_two_holds_change_places_over_a_third_technician(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.move_hold("h-1", "cleo")
        await transaction.move_hold("h-2", "ana")
        await transaction.move_hold("h-1", "ben")

    await held(store, hold("h-1", "ana"), hold("h-2", "ben"))
    await store.write(SHOP, unit)
    assert await claim_ids(store) == {"ana": ["h-2"], "ben": ["h-1"]}


async def test_a_released_hold_gives_its_time_back(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.release_hold("h"))
    assert await claim_ids(store) == {}
    released = await found(store, "h")
    assert released is not None
    assert released.state is ClaimState.RELEASED
    await held(store, hold("next"))


async def test_a_withdrawn_hold_takes_no_time_and_says_what_became_of_it(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.withdraw_hold("h"))
    assert await claim_ids(store) == {}
    withdrawn = await found(store, "h")
    assert withdrawn is not None
    assert withdrawn.state is ClaimState.WITHDRAWN
    await held(store, hold("next"))


@pytest.mark.parametrize(
    "change",
    [
        lambda transaction: transaction.move_hold("b", "ben"),
        lambda transaction: transaction.release_hold("b"),
        lambda transaction: transaction.withdraw_hold("b"),
        lambda transaction: transaction.confirm_hold(booking("b")),
        lambda transaction: transaction.release_hold("nothing"),
        lambda transaction: transaction.withdraw_hold("nothing"),
        lambda transaction: transaction.confirm_hold(booking("nothing")),
    ],
)
async def test_a_booking_or_nothing_is_never_treated_as_a_hold(store: Store, change: Take) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    with pytest.raises(LookupError):
        await store.write(SHOP, change)
    assert await claim_ids(store) == {"ana": ["b"]}


async def test_an_expired_hold_keeps_its_time_until_it_is_marked_as_lapsed(store: Store, clock: HandClock) -> None:
    await held(store, hold("h"))
    clock.advance(seconds=HOLD_SECONDS - 0.001)
    await lapse(store)
    with pytest.raises(ClaimConflict):
        await held(store, hold("next"))
    clock.advance(seconds=0.001)
    with pytest.raises(ClaimConflict):
        await held(store, hold("next"))
    await lapse(store)
    await held(store, hold("next"))
    lapsed = await found(store, "h")
    assert lapsed is not None
    assert lapsed.state is ClaimState.LAPSED
    assert lapsed.claim == hold("h").claim


async def test_lapsing_says_how_many_have_lapsed_now(store: Store, clock: HandClock) -> None:
    await held(store, hold("h-1"), hold("h-2", "ben"), hold("h-3", "cleo"), hold("later", at=600, expires_at_ms=2**53))
    await store.write(SHOP, lambda transaction: transaction.release_hold("h-3"))
    assert await lapse(store) == 0
    clock.advance(seconds=HOLD_SECONDS)
    assert await lapse(store) == 2
    assert await lapse(store) == 0


async def test_only_this_projects_holds_are_marked_as_lapsed(store: Store, clock: HandClock) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))
        await transaction.lapse_holds()

    await held(store, hold("h"))
    clock.advance(seconds=HOLD_SECONDS)
    await store.write("other", unit, create=True)
    still = await found(store, "h")
    assert still is not None
    assert still.state is ClaimState.HELD


async def test_holds_that_came_to_nothing_are_forgotten_after_a_day(store: Store, clock: HandClock) -> None:
    ids = ("lapsed", "released", "withdrawn", "booked")
    await held(store, *(hold(claim_id, at=number * 60) for number, claim_id in enumerate(ids)))
    await store.write(SHOP, lambda transaction: transaction.release_hold("released"))
    await store.write(SHOP, lambda transaction: transaction.withdraw_hold("withdrawn"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("booked", at=180)))
    clock.advance(seconds=HOLD_SECONDS - 1, days=1)
    await lapse(store)
    assert [(await found(store, one)) is not None for one in ids] == [True, True, True, True]
    clock.advance(seconds=1)
    await lapse(store)
    assert [(await found(store, one)) is not None for one in ids] == [False, False, False, True]


async def test_live_holds_are_counted_by_customer(store: Store, clock: HandClock) -> None:
    async def count(customer: str = "kim") -> int:
        return await store.write(SHOP, lambda transaction: transaction.live_holds_of(customer))

    await held(store, hold("h-1"), hold("h-2", "ben"), hold("h-3", "cleo"), hold("h-4", at=600), hold("h-5", at=700))
    await held(store, hold("another", at=800, customer="lee"))
    assert await count() == 5
    await store.write(SHOP, lambda transaction: transaction.release_hold("h-1"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h-2", "ben")))
    assert (await count(), await count("lee"), await count("max")) == (3, 1, 0)
    clock.advance(seconds=HOLD_SECONDS)
    assert (await count(), await count("lee")) == (0, 0)


async def test_a_booking_is_read_as_it_was_made(store: Store) -> None:
    plain = Booking(claim=booking("plain").claim)
    await store.write(SHOP, lambda transaction: transaction.add_booking(FULL_BOOKING))
    await store.write(SHOP, lambda transaction: transaction.add_booking(plain))
    assert await store.write(SHOP, lambda transaction: transaction.booking("full")) == FULL_BOOKING
    assert await store.write(SHOP, lambda transaction: transaction.booking("nothing")) is None
    assert await store.bookings(SHOP) == (plain, FULL_BOOKING)
    assert (await store.schedule(SHOP)).technician_schedules["cleo"].claims == (FULL_BOOKING.claim,)


async def test_a_hold_is_no_booking(store: Store) -> None:
    await held(store, hold("h"))
    assert await store.write(SHOP, lambda transaction: transaction.booking("h")) is None
    assert await store.bookings(SHOP) == ()


async def test_a_live_hold_becomes_a_booking_that_its_token_still_finds(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))
    assert await store.bookings(SHOP) == (booking("h"),)
    confirmed = await found(store, "h")
    assert confirmed is not None
    assert (confirmed.state, confirmed.claim) == (ClaimState.BOOKED, booking("h").claim)


async def test_a_hold_is_booked_with_another_technician(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h", "ben")))
    assert await claim_ids(store) == {"ben": ["h"]}
    await held(store, hold("next", "ana"))


async def test_a_hold_is_booked_with_all_that_is_known_by_then(store: Store) -> None:
    sold = replace(FULL_BOOKING, claim=replace(booking("h").claim, location=DOWNTOWN))
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(sold))
    assert await store.bookings(SHOP) == (sold,)
    assert (await store.schedule(SHOP)).technician_schedules["ana"].claims == (sold.claim,)


async def test_a_lapsed_hold_is_revived_while_its_time_is_free(store: Store, clock: HandClock) -> None:
    await held(store, hold("h-1"), hold("h-2", "ben"))
    clock.advance(seconds=HOLD_SECONDS)
    await lapse(store)
    await held(store, hold("faster", "ben"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h-1")))
    with pytest.raises(ClaimConflict):
        await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h-2", "ben")))
    assert await claim_ids(store) == {"ana": ["h-1"], "ben": ["faster"]}


@pytest.mark.parametrize(
    "end", [lambda transaction: transaction.release_hold("h"), lambda transaction: transaction.withdraw_hold("h")]
)
async def test_a_hold_that_was_given_or_taken_back_is_not_revived(store: Store, end: Take) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, end)
    with pytest.raises(LookupError):
        await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))


async def test_a_lapsed_hold_that_was_given_back_is_not_revived(store: Store, clock: HandClock) -> None:
    await held(store, hold("h"))
    clock.advance(seconds=HOLD_SECONDS)
    await lapse(store)
    await store.write(SHOP, lambda transaction: transaction.release_hold("h"))
    with pytest.raises(LookupError):
        await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))


async def test_projects_do_not_share_technicians(open_store: OpenStore) -> None:
    async with open_store() as store:
        await open_shop(store)

        async def unit(transaction: Transaction) -> None:
            await transaction.save_project(replace(PROJECT, id="other"))
            await transaction.save_technicians([ANA])
            await transaction.add_hold(replace(hold("h"), token=token("another")))

        await held(store, hold("h"))
        await store.write("other", unit, create=True)
        assert await claim_ids(store) == {"ana": ["h"]}
        assert [one.id for one in (await store.schedule("other")).technician_schedules["ana"].claims] == ["h"]
