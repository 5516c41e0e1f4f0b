"""Idempotency: a retry never books or holds twice, by explicit key, hold token or implied key."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import IdempotencyMismatch, SlotUnavailable
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from support.shop import CALLER, at, instant_ms, plan, service, technician
from support.sqlite_file import count, fingerprint
from unit.services.conftest import Open

SIX_HOURS = technician("ana", "09:00-15:00")
LEE = Customer(name="Lee", phone="+1 303 555 0101")
SECRET = "c7a1f93e05b24d68"  # noqa: S105  a test's own


def calling(*call_ids: str) -> RequestOrigin:
    """Return the origin of a request in a phone call."""
    return replace(LOCAL_ORIGIN, call_ids=tuple(CallId("x-call-id", call_id) for call_id in call_ids))


async def test_a_repeated_request_with_a_key_returns_the_first_booking(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    first = await shop.book("09:00", idempotency_key="k")
    before = fingerprint(shop.path)
    again = await shop.book("09:00", idempotency_key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.booking == first.booking
    assert fingerprint(shop.path) == before


async def test_another_start_or_service_with_the_same_key_is_a_mismatch(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS, services=(service("visit"), service("other")), default_service_id="visit"))
    await shop.book("09:00", idempotency_key="k")
    before = fingerprint(shop.path)
    for other in ({"start": "10:00"}, {"start": "09:00", "service_id": "other"}):
        with pytest.raises(IdempotencyMismatch):
            await shop.book(idempotency_key="k", **other)
    assert fingerprint(shop.path) == before


async def test_another_customer_with_the_same_key_is_a_mismatch_in_one_phone_call(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    origin = calling("call-7f3a91c2e5d8")
    await shop.book("09:00", idempotency_key="k", origin=origin)
    with pytest.raises(IdempotencyMismatch):
        await shop.book("09:00", idempotency_key="k", origin=origin, customer=LEE)
    assert count(shop.path, "bookings") == 1


@pytest.mark.parametrize("call_id", ["", "1", "aaaaaaaaaaaaaaaaaaaaaaaa"])
async def test_customers_without_a_call_id_that_tells_them_apart_have_keys_of_their_own(
    opened: Open, call_id: str
) -> None:
    shop = await opened(plan(SIX_HOURS))
    origin = calling(call_id) if call_id else calling()
    for start, who in (("09:00", CALLER), ("10:00", LEE)):
        assert not (await shop.book(start, idempotency_key="k", origin=origin, customer=who)).replayed
    with pytest.raises(IdempotencyMismatch):
        await shop.book("11:00", idempotency_key="k", origin=origin, customer=LEE)


async def test_a_key_is_known_by_each_contact_of_its_customer(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    both = Customer(name="Kim Doe", phone="+1 303 555 0142", email="kim@example.com")
    await shop.book("09:00", idempotency_key="k", customer=both)
    for known in (replace(both, email=""), replace(both, phone="")):
        with pytest.raises(IdempotencyMismatch):
            await shop.book("10:00", idempotency_key="k", customer=known)
        assert (await shop.book("09:00", idempotency_key="k", customer=known)).replayed


@pytest.mark.parametrize("call_id", ["call", "call-7f3a91c2e5d8"])
async def test_parts_of_a_scope_cannot_run_into_each_other(opened: Open, call_id: str) -> None:
    shop = await opened(plan(SIX_HOURS))
    scopes = [("a:b", "k"), ("a", "b:k"), ("", "a:b:k"), ('a", "b', "k"), ("a", '", "bk')]
    for hour, (end, key) in enumerate(scopes, 9):
        origin = calling(f"{call_id}:{end}") if end else calling()
        booked = await shop.book(f"{hour:02}:00", idempotency_key=key, origin=origin)
        assert not booked.replayed


async def test_the_notation_of_a_contact_does_not_change_the_request(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    first = await shop.book("09:00", idempotency_key="k", customer=Customer(name="Kim Doe", phone="+1 303-555-0142"))
    again = await shop.book("09:00", idempotency_key="k", customer=Customer(name="kim doe", phone="+1 (303) 555 0142"))
    assert again.replayed
    assert again.booking.id == first.booking.id


async def test_the_hold_token_is_the_implied_key(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    hold = await shop.hold("09:00")
    first = await shop.book_hold(hold)
    before = fingerprint(shop.path)
    again = await shop.book_hold(hold)
    assert again.replayed
    assert again.booking == first.booking
    assert fingerprint(shop.path) == before


async def test_a_retry_with_a_new_key_and_the_same_token_books_nothing_new(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    hold = await shop.hold("09:00")
    first = await shop.book_hold(hold, idempotency_key="k-1")
    before = fingerprint(shop.path)
    for key in ("k-2", "", "k-1"):
        again = await shop.book_hold(hold, idempotency_key=key)
        assert again.replayed
        assert again.booking.id == first.booking.id
    assert fingerprint(shop.path) == before


async def test_a_token_cannot_be_booked_for_a_second_customer(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    hold = await shop.hold("09:00")
    await shop.book_hold(hold)
    with pytest.raises(IdempotencyMismatch):
        await shop.book_hold(hold, customer=LEE)
    assert count(shop.path, "bookings") == 1


async def test_a_key_that_booked_one_hold_does_not_book_another(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    one, other = await shop.hold("09:00"), await shop.hold("10:00")
    await shop.book_hold(one, idempotency_key="k")
    with pytest.raises(IdempotencyMismatch):
        await shop.book_hold(other, idempotency_key="k")
    assert count(shop.path, "bookings") == 1


async def test_start_and_contact_are_the_implied_key_of_a_direct_booking(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS, technician("ben", "09:00-15:00")))
    first = await shop.book("09:00")
    again = await shop.book("09:00")
    assert again.replayed
    assert again.booking.id == first.booking.id
    assert not (await shop.book("09:00", customer=LEE)).replayed
    assert not (await shop.book("10:00")).replayed
    assert count(shop.path, "bookings") == 3


async def test_callers_without_a_phone_number_are_distinguished_by_email(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS, technician("ben", "09:00-15:00")))
    one = await shop.book("09:00", customer=Customer(name="Lee", email="lee@example.com"))
    same = await shop.book("09:00", customer=Customer(name="Lee", email="LEE@example.com "))
    other = await shop.book("09:00", customer=Customer(name="Lee", email="lee2@example.com"))
    assert (same.replayed, other.replayed) == (True, False)
    assert len({one.booking.id, same.booking.id, other.booking.id}) == 2


async def test_one_customer_can_book_a_start_twice_with_different_keys_if_they_say_so(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS, technician("ben", "09:00-15:00")))
    one = await shop.book("09:00", idempotency_key="k-1")
    assert (await shop.book("09:00", idempotency_key="k-2")).booking == one.booking
    other = await shop.book("09:00", idempotency_key="k-2", is_additional=True)
    assert one.technician.id != other.technician.id


async def test_keys_are_scoped_to_the_credential(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    one = await shop.book("09:00", idempotency_key="k", origin=RequestOrigin(credential="a"))
    other = await shop.book("10:00", idempotency_key="k", origin=RequestOrigin(credential="b"))
    assert (one.replayed, other.replayed) == (False, False)
    again = await shop.book("09:00", idempotency_key="k", origin=RequestOrigin(credential="a"))
    assert again.booking.id == one.booking.id


CALL_A = RequestOrigin(credential="local", call_ids=(CallId("x-call-id", "a"),))


@pytest.mark.parametrize(
    ("origin", "key"),
    [
        pytest.param(RequestOrigin(credential="local", call_ids=(CallId("x-chat-id", "a"),)), "b:c", id="other header"),
        pytest.param(RequestOrigin(credential="local", call_ids=(CallId("x-call-id", "a:b"),)), "c", id="moved colon"),
        pytest.param(RequestOrigin(credential="local"), "a:b:c", id="no call"),
        pytest.param(RequestOrigin(credential="local"), '[["x-call-id", "a"]], "b:c"', id="JSON"),
    ],
)
async def test_the_parts_of_a_key_cannot_run_into_each_other(opened: Open, origin: RequestOrigin, key: str) -> None:
    shop = await opened(plan(SIX_HOURS, technician("ben", "09:00-15:00")))
    assert not (await shop.book("09:00", idempotency_key="b:c", origin=CALL_A)).replayed
    assert not (await shop.book("10:00", idempotency_key=key, origin=origin)).replayed


@pytest.mark.parametrize(("origin", "stored"), [(CALL_A, "a:k"), (RequestOrigin(credential="local"), "k")])
async def test_keys_of_older_programs_still_replay(opened: Open, origin: RequestOrigin, stored: str) -> None:
    shop = await opened(plan(SIX_HOURS, technician("ben", "09:00-15:00")))
    first = await shop.book("09:00", idempotency_key="k", origin=origin)
    pseudonym = await shop.store.pseudonyms("shop")
    with closing(sqlite3.connect(shop.path)) as connection, connection:
        connection.execute("UPDATE receipts SET key = ?", (pseudonym(stored),))
    again = await shop.book("09:00", idempotency_key="k", origin=origin)
    assert (again.booking.id, again.replayed) == (first.booking.id, True)


async def test_keys_are_scoped_to_the_project(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    await shop.app.projects.import_project(plan(SIX_HOURS, id="other"), prune=False)
    assert not (await shop.book("09:00", idempotency_key="k", project_id="shop")).replayed
    assert not (await shop.book("10:00", idempotency_key="k", project_id="other")).replayed


async def test_keys_are_scoped_to_the_use_case(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    hold = await shop.hold("09:00", idempotency_key="k")
    assert not (await shop.book_hold(hold, idempotency_key="k")).replayed


async def test_a_refusal_is_not_recorded(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    hold = await shop.hold("09:00", who="somebody else")
    with pytest.raises(SlotUnavailable):
        await shop.book("09:00", idempotency_key="k")
    await shop.app.holds.release_hold(None, hold.hold.token)
    assert not (await shop.book("09:00", idempotency_key="k")).replayed


async def test_a_key_can_be_used_for_another_start_after_a_refusal(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    await shop.book("09:00", customer=LEE)
    with pytest.raises(SlotUnavailable):
        await shop.book("09:00", idempotency_key="k")
    assert not (await shop.book("10:00", idempotency_key="k")).replayed


async def test_a_repeated_request_with_a_key_returns_the_first_hold(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    first = await shop.hold("09:00", idempotency_key="k")
    before = fingerprint(shop.path)
    shop.clock.advance(seconds=10)
    again = await shop.hold("09:00", idempotency_key="k")
    assert again.replayed
    assert again.hold == first.hold, "neither the token nor the expiry may change"
    assert again.capacity_left == first.capacity_left
    assert fingerprint(shop.path) == before


@pytest.mark.parametrize(
    "other",
    [
        {"start": "10:00"},
        {"start": "09:00", "who": "another"},
        {"start": "09:00", "service_id": "other"},
    ],
)
async def test_another_hold_request_with_the_same_key_is_a_mismatch(opened: Open, other: dict[str, Any]) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(SIX_HOURS, services=services, default_service_id="visit"))
    origin = calling("call-7f3a91c2e5d8")
    await shop.hold("09:00", idempotency_key="k", origin=origin)
    before = fingerprint(shop.path)
    with pytest.raises(IdempotencyMismatch):
        await shop.hold(idempotency_key="k", origin=origin, **other)
    assert fingerprint(shop.path) == before


async def test_a_guessable_key_of_an_unknown_caller_recalls_an_identical_request_for_15_seconds(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS, technician("ben", "09:00-15:00")))
    first = await shop.hold("09:00", customer_reference="caller", idempotency_key="k")
    other = await shop.hold("10:00", customer_reference="caller", idempotency_key="k")
    assert not other.replayed
    assert (await shop.hold("10:00", customer_reference="caller", idempotency_key="k")).hold == other.hold
    shop.clock.advance(seconds=14.999)
    assert (await shop.hold("10:00", customer_reference="caller", idempotency_key="k")).replayed
    shop.clock.advance(seconds=0.001)
    assert (await shop.hold("09:00", customer_reference="caller", idempotency_key="k")).hold.token != first.hold.token


async def test_a_key_that_cannot_be_guessed_is_known_for_any_caller(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    first = await shop.hold("09:00", customer_reference="caller", idempotency_key=SECRET)
    shop.clock.advance(seconds=60)
    assert (await shop.hold("09:00", customer_reference="caller", idempotency_key=SECRET)).hold == first.hold
    with pytest.raises(IdempotencyMismatch):
        await shop.hold("10:00", customer_reference="caller", idempotency_key=SECRET)


async def test_a_retry_of_a_hold_succeeds_at_the_limit(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS, max_holds_per_customer=1))
    await shop.hold("09:00", idempotency_key="k")
    assert (await shop.hold("09:00", idempotency_key="k")).replayed


async def test_a_retry_of_a_lapsed_hold_creates_no_second_hold(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    first = await shop.hold("09:00", idempotency_key="k")
    shop.clock.advance(seconds=90)
    again = await shop.hold("09:00", idempotency_key="k")
    assert again.replayed
    assert again.hold.token == first.hold.token
    assert count(shop.path, "claims") == 1


@pytest.mark.parametrize(("days", "replayed"), [(29, True), (31, False)])
async def test_keys_are_kept_for_thirty_days(opened: Open, days: int, replayed: bool) -> None:  # noqa: FBT001  a parameter
    shop = await opened(plan(SIX_HOURS, horizon_days=60))
    start = "2025-07-20T09:00Z"
    first = await shop.book(start, idempotency_key="k")
    shop.clock.advance(seconds=days * 24 * 3600)
    if replayed:
        again = await shop.book(start, idempotency_key="k")
        assert (again.replayed, again.booking.id) == (True, first.booking.id)
        return
    other = await shop.book("2025-07-21T09:00Z", idempotency_key="k")
    assert not other.replayed


async def test_keys_and_contacts_are_stored_as_hashes_only(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    hold = await shop.hold("09:00", who="kim-reference", idempotency_key="secret-key-1")
    await shop.book_hold(hold, idempotency_key="secret-key-2", customer=Customer(name="x", phone="+1 303 555 0123"))
    kept = shop.path.read_bytes() + shop.path.with_name("shop.db-wal").read_bytes()
    for secret in (b"kim-reference", b"secret-key-1", b"secret-key-2"):
        assert secret not in kept


async def test_a_retry_succeeds_after_the_appointment(opened: Open) -> None:
    shop = await opened(plan(SIX_HOURS))
    first = await shop.book("09:00", idempotency_key="k", customer=CALLER)
    shop.clock.set_ms(instant_ms("2025-06-04T12:00Z"))
    again = await shop.book("09:00", idempotency_key="k", customer=CALLER)
    assert (again.replayed, again.booking.id) == (True, first.booking.id)
    assert again.booking.claim.start == at("09:00")
