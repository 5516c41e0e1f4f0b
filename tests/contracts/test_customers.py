"""What the ports promise of customers: how they find what is theirs, and that they are forgotten on request."""

from dataclasses import fields, replace

import pytest

from slotmcp.domain.booking import Booking, BookingStatus, Customer, Visit
from slotmcp.domain.claim import Hold
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import Store, Transaction
from support.clock import HandClock
from support.schedules import AIRPORT, DOWNTOWN, FULL_BOOKING, PROJECT, booking, hold, token, wait

SHOP = PROJECT.id
PHONE, EMAIL, HASH = "phone:+13035550142", "email:kim@example.com", "caller-1"


async def pseudonym(store: Store, reference: str, project_id: str = SHOP) -> str:
    """The key that a reference is hashed to."""

    async def unit(transaction: Transaction) -> str:
        return transaction.pseudonym(reference)

    return await store.write(project_id, unit)


async def booked(store: Store, *bookings: Booking) -> None:
    """Take time with these bookings."""

    async def unit(transaction: Transaction) -> None:
        for one in bookings:
            await transaction.add_booking(one)

    await store.write(SHOP, unit)


async def found(store: Store, key: str) -> list[str]:
    """The bookings with a key."""
    return [one.id for one in await store.write(SHOP, lambda transaction: transaction.bookings_by(key))]


async def forget(store: Store, key: str) -> int:
    """Erase whoever has this key."""
    return await store.write(SHOP, lambda transaction: transaction.forget(key))


def known_by(one: Booking, *keys: str) -> Booking:
    """The same, found by these keys."""
    return replace(one, contact_keys=keys)


async def test_bookings_are_found_by_each_of_their_keys_by_start_and_id(store: Store) -> None:
    late, early, beside = booking("a", at=600), booking("c", at=60), booking("b", "ben", at=60)
    others = known_by(booking("others", "cleo", at=60), "another")
    await booked(store, known_by(late, "phone", "email"), known_by(early, "phone"), known_by(beside, "phone"), others)
    assert await found(store, "phone") == ["b", "c", "a"]
    assert await found(store, "email") == ["a"]
    assert await found(store, "another") == ["others"]
    assert await found(store, "pho") == []


@pytest.mark.parametrize("status", BookingStatus)
async def test_bookings_are_found_whatever_their_status(store: Store, status: BookingStatus) -> None:
    one = replace(known_by(booking("b"), "phone", "email"), status=status)
    await booked(store, one)
    assert await store.write(SHOP, lambda transaction: transaction.bookings_by("email")) == (one,)


async def test_a_booking_is_found_by_the_keys_that_it_has_now(store: Store) -> None:
    await booked(store, known_by(booking("b"), "phone", "email"))
    await store.write(SHOP, lambda transaction: transaction.save_booking(known_by(booking("b"), "email", "new")))
    assert [await found(store, key) for key in ("phone", "email", "new")] == [[], ["b"], ["b"]]


async def test_a_hold_that_is_booked_is_found_by_the_bookings_keys(store: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert await found(store, "kim") == []
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(known_by(booking("h"), "kim", "phone")))
    assert (await found(store, "kim"), await found(store, "phone")) == (["h"], ["h"])


async def test_a_reference_finds_the_bookings_of_its_own_project(store: Store, other: Store) -> None:
    async def another_project(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))

    await store.write("other", another_project, create=True)
    mine = known_by(booking("b"), await pseudonym(store, EMAIL), await pseudonym(store, PHONE))
    foreign = known_by(booking("c", "ben"), await pseudonym(store, PHONE, "other"))
    await booked(store, mine, foreign)
    assert await other.bookings_by(SHOP, PHONE) == (mine,)
    assert await other.bookings_by(SHOP, HASH) == ()
    assert await other.bookings_by("other", PHONE) == ()
    assert await other.bookings_by("nothing", PHONE) == ()


async def test_forgetting_erases_the_person_and_keeps_the_slots_history(store: Store, other: Store) -> None:
    await booked(store, FULL_BOOKING, known_by(booking("b", at=120), "another"))
    assert await forget(store, "email") == 1
    kept = replace(FULL_BOOKING.claim, location=None)
    known = await other.booking(SHOP, "full")
    assert known == Booking(
        claim=kept, reason=FULL_BOOKING.reason, status=FULL_BOOKING.status, attention=FULL_BOOKING.attention
    )
    assert (await other.schedule(SHOP)).technician_schedules["cleo"].claims == (kept,)
    assert await other.booking(SHOP, "b") == known_by(booking("b", at=120), "another")
    assert [await found(store, key) for key in FULL_BOOKING.contact_keys] == [[], [], []]


async def test_forgetting_erases_bookings_that_are_over_or_cancelled_and_says_how_many(
    store: Store, clock: HandClock
) -> None:
    bookings = [
        replace(known_by(booking(status, at=number * 60, location=DOWNTOWN), "phone", status), status=status)
        for number, status in enumerate(BookingStatus)
    ]
    await booked(store, *bookings)
    clock.advance(days=30)
    assert await forget(store, "phone") == len(bookings)
    assert await forget(store, "phone") == 0
    for one in bookings:
        known = await store.booking(SHOP, one.id)
        assert known is not None
        assert (known.customer, known.contact_keys, known.claim.location) == (None, (), None)
        assert (known.status, known.claim.start) == (one.status, one.claim.start)


async def test_what_was_told_of_a_customer_is_erased_too(store: Store) -> None:
    told = replace(booking("b"), visit=Visit(address="1 Main St", notes="Kim's dog"), cancel_reason="Kim is ill")
    await booked(store, known_by(told, "phone"))
    await forget(store, "phone")
    assert await store.booking(SHOP, "b") == Booking(claim=told.claim)


async def test_forgetting_erases_holds_and_what_became_of_them(store: Store) -> None:
    async def unit(transaction: Transaction) -> list[Hold | None]:
        for number in range(3):
            await transaction.add_hold(hold(f"h-{number}", at=number * 60, location=AIRPORT))
        await transaction.release_hold("h-1")
        await transaction.confirm_hold(booking("h-2", at=120, location=AIRPORT))
        await transaction.add_hold(hold("lees", "ben", customer="lee", location=AIRPORT))
        assert await transaction.forget("kim") == 1
        assert await transaction.forget("") == 0
        return [await transaction.hold(token(f"h-{number}")) for number in range(3)]

    for one in await store.write(SHOP, unit):
        assert one is not None
        assert (one.customer_pseudonym, one.claim.location) == ("", None)
    assert await store.bookings(SHOP) == (Booking(claim=booking("h-2", at=120).claim),)
    assert await store.write(SHOP, lambda transaction: transaction.live_holds_of("kim")) == 0
    lees = await store.write(SHOP, lambda transaction: transaction.hold(token("lees")))
    assert lees == hold("lees", "ben", customer="lee", location=AIRPORT)


async def test_forgetting_erases_waits_and_ends_those_that_were_open(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        for state in WaitlistState:
            await transaction.add_wait(
                wait(state, state=state, contact_keys=("phone", "email"), location=AIRPORT, customer_pseudonym=state)
            )
        await transaction.add_wait(wait("by hash", customer_pseudonym="email"))
        await transaction.add_wait(wait("lees", customer_pseudonym="lee", contact_keys=("lee",)))

    await store.write(SHOP, unit)
    assert await forget(store, "email") == len(WaitlistState) + 1
    assert await forget(store, "phone") == 0
    *erased, lees = await store.waits(SHOP, *WaitlistState)
    assert lees == wait("lees", customer_pseudonym="lee", contact_keys=("lee",))
    assert [one.state for one in erased] == [
        WaitlistState.EXPIRED,
        WaitlistState.EXPIRED,
        "booked",
        "expired",
        "expired",
    ]
    assert {(one.customer, one.customer_pseudonym, one.contact_keys, one.location) for one in erased} == {
        (Customer(name=""), "", (), None)
    }
    assert {(one.service_id, one.start_from) for one in erased} == {(lees.service_id, lees.start_from)}


async def test_forgetting_is_the_projects_own(store: Store) -> None:
    async def another_project(transaction: Transaction) -> int:
        await transaction.save_project(replace(PROJECT, id="other"))
        return await transaction.forget("phone")

    one, waiting = known_by(booking("b"), "phone"), wait("w", contact_keys=("phone",))
    await booked(store, one)
    await store.write(SHOP, lambda transaction: transaction.add_wait(waiting))
    assert await store.write("other", another_project, create=True) == 0
    assert await store.bookings(SHOP) == (one,)
    assert await store.waits(SHOP, *WaitlistState) == (waiting,)


def test_nobody_added_a_personal_field_that_forgetting_knows_nothing_of() -> None:
    personal = {"customer", "visit", "contact_keys", "cancel_reason"}
    kept = {"claim", "reason", "status", "attention"}
    assert {one.name for one in fields(Booking)} == personal | kept
    assert {one.name for one in fields(Customer)} == {"name", "phone", "email"}
    assert {one.name for one in fields(Visit)} == {"address", "notes"}
    assert {one.name for one in fields(WaitlistEntry)} == {
        *("id", "service_id", "duration_minutes", "start_from", "start_to", "joined_at_ms", "technician_id", "state"),
        *("hold_token", "let_go", "customer", "customer_pseudonym", "contact_keys", "location"),
    }
