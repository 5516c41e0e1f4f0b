"""Contract of the ports Store and Transaction: contact keys, and erasing a customer."""

from dataclasses import fields, replace

import pytest

from slotmcp.domain.booking import Booking, BookingStatus, Customer, Visit
from slotmcp.domain.calendar import Push
from slotmcp.domain.caller import CallerIdentity
from slotmcp.domain.claim import Hold
from slotmcp.domain.waitlist import WaitlistEntry, WaitlistState
from slotmcp.ports import Store, Transaction
from slotmcp.store.bookings import ERASED
from support.clock import HandClock
from support.schedules import AIRPORT, DOWNTOWN, FULL_BOOKING, FULL_TERMS, PROJECT, booking, hold, ids_of, token, wait

SHOP = PROJECT.id
PHONE, EMAIL, HASH = "phone:+13035550142", "email:kim@example.com", "caller-1"


async def pseudonym(store: Store, reference: str, project_id: str = SHOP) -> str:
    """Return the pseudonym of a reference."""

    async def unit(transaction: Transaction) -> str:
        return transaction.pseudonym(reference)

    return await store.write(project_id, unit)


async def booked(store: Store, *bookings: Booking) -> None:
    """Add these bookings."""

    async def unit(transaction: Transaction) -> None:
        for new_booking in bookings:
            await transaction.add_booking(new_booking)

    await store.write(SHOP, unit)


async def ids_by(store: Store, key: str) -> list[str]:
    """Return the ids of the bookings with a key."""
    return ids_of(await store.write(SHOP, lambda transaction: transaction.bookings_by(key)))


async def forget(store: Store, key: str) -> int:
    """Erase the customer with a key."""
    return await store.write(SHOP, lambda transaction: transaction.erase_customer(key))


def known_by(booking: Booking, *keys: str) -> Booking:
    """Return a booking with these contact keys."""
    return replace(booking, contact_keys=keys)


async def test_each_contact_key_finds_its_bookings_by_start_and_id(store: Store) -> None:
    late, early, beside = booking("a", at=600), booking("c", at=60), booking("b", "ben", at=60)
    others = known_by(booking("others", "cleo", at=60), "another")
    await booked(store, known_by(late, "phone", "email"), known_by(early, "phone"), known_by(beside, "phone"), others)
    assert await ids_by(store, "phone") == ["b", "c", "a"]
    assert await ids_by(store, "email") == ["a"]
    assert await ids_by(store, "another") == ["others"]
    assert await ids_by(store, "pho") == []


@pytest.mark.parametrize("status", BookingStatus)
async def test_a_contact_key_finds_bookings_in_every_status(store: Store, status: BookingStatus) -> None:
    stored = replace(known_by(booking("b"), "phone", "email"), status=status)
    await booked(store, stored)
    assert await store.write(SHOP, lambda transaction: transaction.bookings_by("email")) == (stored,)


async def test_bookings_of_a_customer_that_overlap_a_span_are_found(store: Store) -> None:
    cancelled = replace(known_by(booking("cancelled", at=60), "phone"), status=BookingStatus.CANCELLED)
    done = replace(known_by(booking("done", at=60), "phone", "email"), status=BookingStatus.COMPLETED)
    late = known_by(booking("late", "ben", at=90), "email")
    before, after = known_by(booking("before", at=0), "phone"), known_by(booking("after", at=120), "phone")
    other_service = known_by(booking("other", "cleo", at=60, service_id="other"), "phone")
    foreign = known_by(booking("foreign", "cleo", at=120), "another")
    await booked(store, cancelled, done, late, before, after, other_service, foreign)

    async def find(*keys: str) -> tuple[Booking, ...]:
        span = {"start": done.claim.start, "end": done.claim.end}
        return await store.write(
            SHOP,
            lambda transaction: transaction.bookings_overlapping(keys, service_id=done.claim.service_id, **span),
        )

    assert await find("phone", "email") == (done, late)
    assert await find("phone") == (done,)
    assert await find("pho") == ()
    assert await find() == ()


async def test_a_former_contact_finds_only_overlapping_bookings(store: Store, other: Store) -> None:
    stored = replace(known_by(booking("b"), "new"), former_keys=("old", "older"))
    claim = stored.claim
    await booked(store, stored)
    for key in ("old", "older", "new"):
        found = await other.bookings_overlapping(
            SHOP, [key], service_id=claim.service_id, start=claim.start, end=claim.end
        )
        assert found == (stored,)
    assert [await ids_by(store, key) for key in ("old", "older", "new")] == [[], [], ["b"]]


async def test_forgetting_a_former_contact_erases_its_key_only(store: Store) -> None:
    stored = replace(known_by(booking("b"), "new"), former_keys=("old", "older"))
    await booked(store, stored)
    assert await forget(store, "old") == 0
    assert await store.booking(SHOP, "b") == replace(stored, former_keys=("older",))
    assert await forget(store, "new") == 1
    erased = await store.booking(SHOP, "b")
    assert erased is not None
    assert (erased.contact_keys, erased.former_keys) == ((), ())


async def test_saving_a_booking_replaces_its_contact_keys(store: Store) -> None:
    await booked(store, known_by(booking("b"), "phone", "email"))
    await store.write(SHOP, lambda transaction: transaction.save_booking(known_by(booking("b"), "email", "new")))
    assert [await ids_by(store, key) for key in ("phone", "email", "new")] == [[], ["b"], ["b"]]


async def test_the_contact_keys_of_a_confirmed_hold_find_its_booking(store: Store) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_hold(hold("h")))
    assert await ids_by(store, "kim") == []
    await store.write(SHOP, lambda transaction: transaction.confirm_hold(known_by(booking("h"), "kim", "phone")))
    assert (await ids_by(store, "kim"), await ids_by(store, "phone")) == (["h"], ["h"])


async def test_a_reference_finds_bookings_of_one_project_only(store: Store, other: Store) -> None:
    async def another_project(transaction: Transaction) -> None:
        await transaction.save_project(replace(PROJECT, id="other"))

    await store.write("other", another_project, create=True)
    mine = known_by(booking("b"), await pseudonym(store, EMAIL), await pseudonym(store, PHONE))
    foreign = known_by(booking("c", "ben"), await pseudonym(store, PHONE, "other"))
    await booked(store, mine, foreign)
    assert await other.bookings_by(SHOP, PHONE, now=0, max_others=10) == (mine,)
    assert await other.bookings_by(SHOP, HASH, now=0, max_others=10) == ()
    assert await other.bookings_by("other", PHONE, now=0, max_others=10) == ()
    assert await other.bookings_by("missing", PHONE, now=0, max_others=10) == ()


async def test_upcoming_bookings_of_a_reference_are_found_with_the_latest_others(store: Store) -> None:
    """A customer may have hundreds of past bookings."""
    key = await pseudonym(store, PHONE)
    ids = ["past", "later-past", "latest-past", "running", "next", "canceled"]
    states = [*[BookingStatus.CONFIRMED] * 5, BookingStatus.CANCELLED]
    stored = [
        replace(known_by(booking(id_, at=120 * number), key), status=status)
        for number, (id_, status) in enumerate(zip(ids, states, strict=True))
    ]
    await booked(store, *stored)
    end = stored[ids.index("running")].claim.end

    async def found(now: int, max_others: int) -> list[str]:
        return [each.id for each in await store.bookings_by(SHOP, PHONE, HASH, now=now, max_others=max_others)]

    assert await found(end - 1, 2) == ["latest-past", "running", "next", "canceled"]
    assert await found(end, 2) == ["running", "next", "canceled"]
    assert await found(end, 0) == ["next"]
    assert await found(end, 9) == ids


async def test_forgetting_erases_the_customer_and_keeps_the_booking(store: Store, other: Store) -> None:
    await booked(store, FULL_BOOKING, known_by(booking("b", at=120), "another"))
    assert await forget(store, "email") == 1
    kept = replace(FULL_BOOKING.claim, location=None, postal_code="")
    known = await other.booking(SHOP, "full")
    assert known == Booking(
        claim=kept,
        reason=FULL_BOOKING.reason,
        status=FULL_BOOKING.status,
        attention=replace(FULL_BOOKING.attention, detail=ERASED),
        is_additional=FULL_BOOKING.is_additional,
    )
    assert (await other.schedule(SHOP)).technician_schedules["cleo"].claims == (kept,)
    assert await other.booking(SHOP, "b") == known_by(booking("b", at=120), "another")
    assert [await ids_by(store, key) for key in FULL_BOOKING.contact_keys] == [[], [], []]


async def test_forgetting_erases_bookings_in_every_status_and_returns_their_number(
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
    for original in bookings:
        known = await store.booking(SHOP, original.id)
        assert known is not None
        assert (known.customer, known.contact_keys, known.claim.location) == (None, (), None)
        assert (known.status, known.claim.start) == (original.status, original.claim.start)


async def test_forgetting_erases_visit_and_reason_for_cancelling(store: Store) -> None:
    private = replace(booking("b"), visit=Visit(address="1 Main St", notes="Kim's dog"), cancel_reason="Kim is ill")
    await booked(store, known_by(private, "phone"))
    await forget(store, "phone")
    assert await store.booking(SHOP, "b") == Booking(claim=private.claim)


async def test_forgetting_replaces_messages_of_the_calendar(store: Store) -> None:
    await booked(store, known_by(booking("b"), "phone"), known_by(booking("other", "ben"), "another"))
    refused = Push(booking_id="b", version=1, since_ms=1, due_ms=1, refused="kim@example.com is blocked")

    async def unit(transaction: Transaction) -> list[str]:
        for booking_id in ("b", "other"):
            await transaction.calendar.request_push(booking_id)
            await transaction.calendar.save_push(replace(refused, booking_id=booking_id))
        await transaction.erase_customer("phone")
        pushes = [await transaction.calendar.push(booking_id) for booking_id in ("b", "other")]
        return [push.refused for push in pushes if push]

    assert await store.write(SHOP, unit) == [ERASED, refused.refused]


async def test_forgetting_erases_holds_in_every_state(store: Store) -> None:
    async def unit(transaction: Transaction) -> list[Hold | None]:
        for number in range(3):
            await transaction.add_hold(hold(f"h-{number}", at=number * 60, location=AIRPORT))
        await transaction.release_hold("h-1")
        await transaction.confirm_hold(booking("h-2", at=120, location=AIRPORT))
        await transaction.add_hold(hold("lees", "ben", customer="lee", location=AIRPORT))
        assert await transaction.erase_customer("kim") == 1
        assert await transaction.erase_customer("") == 0
        return [await transaction.hold(token(f"h-{number}")) for number in range(3)]

    for erased in await store.write(SHOP, unit):
        assert erased is not None
        assert (erased.customer_pseudonym, erased.claim.location) == ("", None)
    assert await store.bookings(SHOP) == (Booking(claim=booking("h-2", at=120).claim),)
    lees = await store.write(SHOP, lambda transaction: transaction.hold(token("lees")))
    assert lees == hold("lees", "ben", customer="lee", location=AIRPORT)


async def test_forgetting_erases_waitlist_entries_and_expires_open_ones(store: Store) -> None:
    async def unit(transaction: Transaction) -> None:
        for state in WaitlistState:
            await transaction.add_waitlist_entry(
                wait(state, state=state, contact_keys=("phone", "email"), location=AIRPORT, customer_pseudonym=state)
            )
        await transaction.add_waitlist_entry(wait("by hash", customer_pseudonym="email"))
        await transaction.add_waitlist_entry(wait("lees", customer_pseudonym="lee", contact_keys=("lee",)))

    await store.write(SHOP, unit)
    assert await forget(store, "email") == len(WaitlistState) + 1
    assert await forget(store, "phone") == 0
    *erased, lees = await store.waitlist_entries(SHOP, *WaitlistState)
    assert lees == wait("lees", customer_pseudonym="lee", contact_keys=("lee",))
    assert [entry.state for entry in erased] == [
        WaitlistState.EXPIRED,
        WaitlistState.EXPIRED,
        "booked",
        "expired",
        "expired",
    ]
    assert {
        (entry.customer, entry.customer_pseudonym, entry.contact_keys, entry.location, entry.postal_code)
        for entry in erased
    } == {(Customer(name=""), "", (), None, "")}
    assert {(entry.service_id, entry.start_from) for entry in erased} == {(lees.service_id, lees.start_from)}


async def test_forgetting_affects_only_its_own_project(store: Store) -> None:
    async def another_project(transaction: Transaction) -> int:
        await transaction.save_project(replace(PROJECT, id="other"))
        return await transaction.erase_customer("phone")

    sold, waiting = known_by(booking("b"), "phone"), wait("w", contact_keys=("phone",))
    await booked(store, sold)
    await store.write(SHOP, lambda transaction: transaction.add_waitlist_entry(waiting))
    assert await store.write("other", another_project, create=True) == 0
    assert await store.bookings(SHOP) == (sold,)
    assert await store.waitlist_entries(SHOP, *WaitlistState) == (waiting,)


@pytest.mark.parametrize("key", ["a phone", "an e-mail", "a hash", "call-2"])
async def test_forgetting_erases_the_terms_of_holds(store: Store, other: Store, key: str) -> None:
    async def unit(transaction: Transaction) -> tuple[Hold | None, Hold | None]:
        await transaction.add_hold(hold("h", hold=FULL_TERMS))
        await transaction.add_hold(hold("lees", "ben", hold=replace(FULL_TERMS, caller=CallerIdentity(phone="lee"))))
        assert await transaction.erase_customer(key) == 0
        return await transaction.hold(token("h")), await transaction.hold(token("lees"))

    await other.schedule(SHOP)
    erased, kept = await store.write(SHOP, unit)
    assert (erased and erased.claim.hold, kept and kept.claim.hold and kept.claim.hold.caller.phone) == (None, "lee")
    assert (await other.schedule(SHOP)).technician_schedules["ana"].claims[0].hold is None


def test_forgetting_covers_every_personal_field() -> None:
    personal = {"customer", "visit", "answers", "contact_keys", "former_keys", "call_keys", "cancel_reason"}
    kept = {"claim", "reason", "status", "attention", "is_additional"}
    assert {field.name for field in fields(Booking)} == personal | kept
    assert {field.name for field in fields(Customer)} == {"name", "phone", "email"}
    assert {field.name for field in fields(Visit)} == {"address", "notes"}
    assert {field.name for field in fields(WaitlistEntry)} == {
        *("id", "service_id", "duration_minutes", "start_from", "start_to", "joined_at_ms", "technician_id", "state"),
        *("hold_token", "declined_times", "customer", "customer_pseudonym", "contact_keys", "location"),
        *("postal_code", "priority"),
    }
