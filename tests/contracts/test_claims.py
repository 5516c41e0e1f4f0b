"""Contract of the port Transaction: holds, bookings, and conflicts between them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from slotmcp.domain.booking import Booking
from slotmcp.domain.claim import MAX_HOLD_MINUTES, ClaimState, Hold
from slotmcp.ports import ClaimConflict, Store, Transaction
from support.clock import NOW_MS, HandClock
from support.schedules import (
    AIRPORT,
    ANA,
    DOWNTOWN,
    FULL_BOOKING,
    FULL_TERMS,
    HOLD_SECONDS,
    PROJECT,
    booking,
    hold,
    ids_of,
    open_shop,
    token,
)
from support.stores import OpenStore

SHOP = PROJECT.id

Take = Callable[[Transaction], Awaitable[None]]


async def held(store: Store, *holds: Hold) -> None:
    """Add these holds."""

    async def unit(transaction: Transaction) -> None:
        for new_hold in holds:
            await transaction.add_hold(new_hold)

    await store.write(SHOP, unit)


async def lapse(store: Store) -> int:
    """Lapse the expired holds."""
    return await store.write(SHOP, lambda transaction: transaction.lapse_holds())


async def stored_hold(store: Store, claim_id: str) -> Hold | None:
    """Return the stored hold."""
    return await store.write(SHOP, lambda transaction: transaction.hold(token(claim_id)))


async def claim_ids(store: Store) -> dict[str, list[str]]:
    """Return the claims of each technician."""
    technician_schedules = (await store.schedule(SHOP)).technician_schedules
    return {
        name: ids_of(technician_schedule.claims)
        for name, technician_schedule in technician_schedules.items()
        if technician_schedule.claims
    }


async def test_a_hold_is_read_by_its_token_as_it_was_added(store: Store) -> None:
    added = hold(
        "h",
        buffer_before_minutes=5,
        buffer_after_minutes=10,
        technician_chosen=True,
        location=AIRPORT,
        customer="someone",
        hold=FULL_TERMS,
    )
    await held(store, added)
    assert await stored_hold(store, "h") == added
    assert await stored_hold(store, "another") is None


async def test_a_token_of_another_project_finds_nothing(store: Store) -> None:
    async def unit(transaction: Transaction) -> Hold | None:
        await transaction.save_project(replace(PROJECT, id="other"))
        return await transaction.hold(token("h"))

    await held(store, hold("h"))
    assert await store.write("other", unit, create=True) is None


OVERLAPPING = {"the same": (60, 60), "its end": (119, 60), "its start": (1, 60), "within": (80, 10), "around": (0, 240)}
TOUCHING = {"before": (0, 60), "after": (120, 60)}


@pytest.mark.parametrize(("at", "minutes"), OVERLAPPING.values(), ids=OVERLAPPING)
@pytest.mark.parametrize("taken_by", ["hold", "booking"])
async def test_an_overlapping_claim_is_a_conflict(store: Store, taken_by: str, at: int, minutes: int) -> None:
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
async def test_adjacent_time_can_be_taken_despite_buffers(store: Store, at: int, minutes: int) -> None:
    await held(store, hold("first", buffer_before_minutes=30, buffer_after_minutes=30))
    await held(store, hold("second", at=at, minutes=minutes, buffer_before_minutes=30))
    assert sorted((await claim_ids(store))["ana"]) == ["first", "second"]


async def test_a_unit_can_continue_after_a_conflict(store: Store) -> None:
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
    assert ids_of(await store.bookings(SHOP)) == ["b"]


async def test_a_claim_of_an_unknown_technician_is_rejected(store: Store) -> None:
    with pytest.raises(Exception, match="technician") as rejected:
        await held(store, hold("h", "missing"))
    assert not isinstance(rejected.value, ClaimConflict)
    assert await claim_ids(store) == {}


async def test_a_claims_id_is_unique(store: Store) -> None:
    await held(store, hold("h"))
    with pytest.raises(Exception, match="id") as rejected:
        await held(store, replace(hold("h", "ben"), token=token("another")))
    assert not isinstance(rejected.value, ClaimConflict)


async def test_a_hold_moves_to_another_technician(store: Store) -> None:
    added = hold("h")
    await held(store, added)
    await store.write(SHOP, lambda transaction: transaction.move_hold("h", "ben"))
    assert await stored_hold(store, "h") == replace(added, claim=replace(added.claim, technician_id="ben"))
    await held(store, hold("next", "ana"))


async def test_two_holds_swap_technicians_by_way_of_a_third(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.move_hold("h-1", "cleo")
        await transaction.move_hold("h-2", "ana")
        await transaction.move_hold("h-1", "ben")

    await held(store, hold("h-1", "ana"), hold("h-2", "ben"))
    await store.write(SHOP, unit)
    assert await claim_ids(store) == {"ana": ["h-2"], "ben": ["h-1"]}


async def test_a_released_hold_frees_its_time(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.release_hold("h"))
    assert await claim_ids(store) == {}
    released = await stored_hold(store, "h")
    assert released is not None
    assert released.state is ClaimState.RELEASED
    await held(store, hold("next"))


async def test_a_withdrawn_hold_takes_no_time_and_keeps_its_state(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.withdraw_hold("h"))
    assert await claim_ids(store) == {}
    withdrawn = await stored_hold(store, "h")
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
        lambda transaction: transaction.release_hold("missing"),
        lambda transaction: transaction.withdraw_hold("missing"),
        lambda transaction: transaction.confirm_hold(booking("missing")),
    ],
)
async def test_changing_a_hold_that_does_not_exist_fails(store: Store, change: Take) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
    with pytest.raises(LookupError):
        await store.write(SHOP, change)
    assert await claim_ids(store) == {"ana": ["b"]}


async def test_an_expired_hold_keeps_its_time_until_it_is_lapsed(store: Store, clock: HandClock) -> None:
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
    lapsed = await stored_hold(store, "h")
    assert lapsed is not None
    assert lapsed.state is ClaimState.LAPSED
    assert lapsed.claim == hold("h").claim


async def test_lapsing_returns_the_number_of_newly_lapsed_holds(store: Store, clock: HandClock) -> None:
    await held(
        store,
        hold("h-1"),
        hold("h-2", "ben"),
        hold("h-3", "cleo"),
        hold("later", at=600, expires_at_ms=NOW_MS + 2 * HOLD_SECONDS * 1000),
    )
    await store.write(SHOP, lambda transaction: transaction.release_hold("h-3"))
    assert await lapse(store) == 0
    clock.advance(seconds=HOLD_SECONDS)
    assert await lapse(store) == 2
    assert await lapse(store) == 0


async def test_a_hold_does_not_outlive_its_longest_lifetime_if_the_clock_is_set_back(
    store: Store, other: Store, clock: HandClock
) -> None:
    longest = MAX_HOLD_MINUTES * 60
    await held(store, hold("h", expires_at_ms=NOW_MS + longest * 1000))
    clock.advance(seconds=-60)
    assert await lapse(store) == 0
    await other.schedule(SHOP)
    clock.advance(seconds=-1)
    assert await lapse(store) == 1
    await held(store, hold("next", expires_at_ms=clock.now_ms() + 60_000))
    schedules = [await store.schedule(SHOP), await other.schedule(SHOP)]
    assert [ids_of(schedule.technician_schedules["ana"].claims) for schedule in schedules] == [["next"], ["next"]]


async def test_lapsing_affects_only_its_own_project(store: Store, clock: HandClock) -> None:
    async def unit(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))
        await transaction.lapse_holds()

    await held(store, hold("h"))
    clock.advance(seconds=HOLD_SECONDS)
    await store.write("other", unit, create=True)
    unchanged = await stored_hold(store, "h")
    assert unchanged is not None
    assert unchanged.state is ClaimState.HELD


async def test_ended_holds_are_deleted_after_a_day(store: Store, clock: HandClock) -> None:
    ids = ("lapsed", "released", "withdrawn", "booked")
    await held(store, *(hold(claim_id, at=number * 60) for number, claim_id in enumerate(ids)))
    await store.write(SHOP, lambda transaction: transaction.release_hold("released"))
    await store.write(SHOP, lambda transaction: transaction.withdraw_hold("withdrawn"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("booked", at=180)))
    clock.advance(seconds=HOLD_SECONDS - 1, days=1)
    await lapse(store)
    assert [(await stored_hold(store, claim_id)) is not None for claim_id in ids] == [True, True, True, True]
    clock.advance(seconds=1)
    await lapse(store)
    assert await stored_hold(store, "released") is not None, "old rows are deleted once per minute"
    clock.advance(seconds=59)
    await lapse(store)
    assert [(await stored_hold(store, claim_id)) is not None for claim_id in ids] == [False, False, False, True]


async def test_the_schedules_of_all_processes_have_the_terms_of_live_holds(store: Store, other: Store) -> None:
    await other.schedule(SHOP)
    await held(store, hold("h", hold=FULL_TERMS), hold("old", "ben"))
    for reader in (store, other):
        schedules = (await reader.schedule(SHOP)).technician_schedules
        assert [claim.hold for name in ("ana", "ben") for claim in schedules[name].claims] == [FULL_TERMS, None]


async def test_a_booking_has_no_terms(store: Store) -> None:
    await held(store, hold("h", hold=FULL_TERMS))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))
    stored = await stored_hold(store, "h")
    assert stored is not None
    assert stored.claim == booking("h").claim
    assert (await store.schedule(SHOP)).technician_schedules["ana"].claims == (booking("h").claim,)


async def test_a_booking_is_read_as_it_was_added(store: Store) -> None:
    plain = Booking(claim=booking("plain").claim)
    await store.write(SHOP, lambda transaction: transaction.add_booking(FULL_BOOKING))
    await store.write(SHOP, lambda transaction: transaction.add_booking(plain))
    assert await store.write(SHOP, lambda transaction: transaction.booking("full")) == FULL_BOOKING
    assert await store.write(SHOP, lambda transaction: transaction.booking("missing")) is None
    assert await store.bookings(SHOP) == (plain, FULL_BOOKING)
    assert (await store.schedule(SHOP)).technician_schedules["cleo"].claims == (FULL_BOOKING.claim,)


async def test_a_hold_is_no_booking(store: Store) -> None:
    await held(store, hold("h"))
    assert await store.write(SHOP, lambda transaction: transaction.booking("h")) is None
    assert await store.bookings(SHOP) == ()


async def test_holds_and_claims_of_bookings_are_read_together(store: Store, other: Store) -> None:
    added = hold("h", hold=FULL_TERMS), hold("i", "ben")
    for each in added:
        await held(store, each)
    sold = booking("b", "cleo"), booking("c", "cleo", at=300)
    for one in sold:
        await store.write(SHOP, partial(_add_booking, one))
    tokens = [token(name) for name in ("h", "i", "another")]
    expected = {each.token: each for each in added}
    assert await store.write(SHOP, lambda transaction: transaction.holds(tokens)) == expected
    assert await other.holds(SHOP, tokens) == expected
    assert await other.holds(SHOP, []) == {}
    ids = ["b", "c", "h", "another"]
    claims = {one.id: one.claim for one in sold}
    assert await store.write(SHOP, lambda transaction: transaction.booking_claims(ids)) == claims, "a hold is none"
    assert await other.booking_claims(SHOP, ids) == claims


async def _add_booking(added: Booking, transaction: Transaction) -> None:
    await transaction.add_booking(added)


async def test_a_live_hold_becomes_a_booking_that_its_token_finds(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))
    assert await store.bookings(SHOP) == (booking("h"),)
    confirmed = await stored_hold(store, "h")
    assert confirmed is not None
    assert (confirmed.state, confirmed.claim) == (ClaimState.BOOKED, booking("h").claim)


async def test_a_hold_can_be_booked_with_another_technician(store: Store) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h", "ben")))
    assert await claim_ids(store) == {"ben": ["h"]}
    await held(store, hold("next", "ana"))


async def test_booking_a_hold_saves_every_field(store: Store) -> None:
    sold = replace(FULL_BOOKING, claim=replace(booking("h").claim, location=DOWNTOWN))
    await held(store, hold("h"))
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(sold))
    assert await store.bookings(SHOP) == (sold,)
    assert (await store.schedule(SHOP)).technician_schedules["ana"].claims == (sold.claim,)


async def test_a_lapsed_hold_can_be_booked_while_its_time_is_free(store: Store, clock: HandClock) -> None:
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
async def test_a_released_or_withdrawn_hold_cannot_be_booked(store: Store, end: Take) -> None:
    await held(store, hold("h"))
    await store.write(SHOP, end)
    with pytest.raises(LookupError):
        await store.write(SHOP, lambda transaction: transaction.confirm_hold(booking("h")))


async def test_a_lapsed_hold_that_was_released_cannot_be_booked(store: Store, clock: HandClock) -> None:
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
        assert ids_of((await store.schedule("other")).technician_schedules["ana"].claims) == ["h"]
