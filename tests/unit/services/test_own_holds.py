"""Own holds: repeated and replaced holds, and their time, which is free for their caller alone."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.booking_rules import Reserve
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import HoldExpired, HoldLimit, SlotUnavailable, UnknownHold
from slotmcp.services.appointments import StartRequest
from slotmcp.services.hold_creation import HoldAnswer
from support.callers import call, connection
from support.shop import Shop, at, clock_text, plan, secret, service, technician
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")
BEN = technician("ben", "09:00-12:00")
CALL = call("c7a1f93e05b24d68")
KIM: dict[str, Any] = {"customer_reference": secret("kim")}
NOBODY: dict[str, Any] = {"customer_reference": ""}


def starts(*answers: HoldAnswer) -> list[str]:
    """Return the held starts."""
    return [clock_text(answer.hold.claim.start) for answer in answers]


async def state(shop: Shop, answer: HoldAnswer) -> ClaimState:
    """Return the state of a hold."""
    hold = await shop.store.hold("shop", answer.hold.token)
    assert hold is not None
    return hold.state


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(KIM, KIM, id="hash"),
        pytest.param({**NOBODY, "origin": CALL}, {**NOBODY, "origin": CALL}, id="call"),
        pytest.param({**KIM, "origin": CALL}, {**NOBODY, "origin": CALL}, id="call, once with a hash"),
        pytest.param({**NOBODY, "phone": "303 555 0142"}, {**NOBODY, "phone": "+13035550142"}, id="phone"),
        pytest.param({**NOBODY, "email": "Kim@x.org"}, {**NOBODY, "email": "kim@x.org "}, id="e-mail"),
        pytest.param(KIM, {**KIM, "phone": "303 555 0142"}, id="a phone added"),
        pytest.param(
            {**NOBODY, "origin": CALL, "phone": "303 555 0142"},
            {**NOBODY, "origin": call("d7a1f93e05b24d68"), "phone": "303 555 0142"},
            id="the same phone in another call",
        ),
        pytest.param({**KIM, "idempotency_key": "a"}, {**KIM, "idempotency_key": "b"}, id="another key"),
        pytest.param({**KIM, "ttl_seconds": 60}, {**KIM, "ttl_seconds": 120}, id="another lifetime"),
        pytest.param({**NOBODY, "origin": connection("s")}, {**NOBODY, "origin": connection("s")}, id="connection"),
    ],
)
async def test_the_same_caller_gets_the_same_hold(opened: Open, first: dict[str, Any], second: dict[str, Any]) -> None:
    shop = await opened(plan(ANA))
    one = await shop.hold("09:00", **first)
    shop.clock.advance(seconds=50)
    again = await shop.hold("09:00", **second)
    assert (again.hold, again.replayed, again.capacity_left) == (one.hold, True, 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(KIM, {"customer_reference": secret("lee")}, id="hash"),
        pytest.param(NOBODY, NOBODY, id="no identity"),
        pytest.param({"customer_reference": "caller"}, {"customer_reference": "caller"}, id="guessable hash"),
        pytest.param({**NOBODY, "origin": call("1")}, {**NOBODY, "origin": call("1")}, id="guessable call"),
        pytest.param(
            {**NOBODY, "origin": CALL}, {**NOBODY, "origin": call("c7a1f93e05b24d68", header="x-chat-id")}, id="header"
        ),
        pytest.param({**KIM, "origin": CALL}, {**KIM, "origin": call("d7a1f93e05b24d68")}, id="hash in another call"),
        pytest.param(
            {**NOBODY, "origin": CALL, "phone": "303 555 0142"},
            {**NOBODY, "origin": CALL, "phone": "303 555 0143"},
            id="two phones in one call",
        ),
        pytest.param({**NOBODY, "origin": connection("s")}, {**NOBODY, "origin": connection("t")}, id="connection"),
        pytest.param(
            {"customer_reference": "anna", "origin": connection("s")},
            {"customer_reference": "ben", "origin": connection("s")},
            id="two names on a connection",
        ),
        pytest.param({**NOBODY, "origin": connection("s")}, {**KIM, "origin": connection("s")}, id="a hash once"),
        pytest.param(KIM, {**KIM, "is_additional": True}, id="additional"),
    ],
)
async def test_other_callers_get_holds_of_their_own(
    opened: Open, first: dict[str, Any], second: dict[str, Any]
) -> None:
    shop = await opened(plan(ANA, BEN))
    one, other = await shop.hold("09:00", **first), await shop.hold("09:00", **second)
    assert (other.replayed, other.hold.token == one.hold.token, other.capacity_left) == (False, False, 0)
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:00", who="a third")


@pytest.mark.parametrize("facts", [{**NOBODY, "origin": connection("s")}, {**KIM, "is_additional": True}])
async def test_some_holds_are_repeated_for_a_minute_only(opened: Open, facts: dict[str, Any]) -> None:
    shop = await opened(plan(ANA, BEN))
    one = await shop.hold("09:00", **facts)
    shop.clock.advance(seconds=59)
    assert (await shop.hold("09:00", **facts)).hold == one.hold
    shop.clock.advance(seconds=1)
    assert (await shop.hold("09:00", **facts)).hold.token != one.hold.token


async def test_another_key_makes_another_additional_hold(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, technician("cem", "09:00-12:00")))
    await shop.hold("09:00", **KIM)
    one = await shop.hold("09:00", **KIM, is_additional=True, idempotency_key="a")
    other = await shop.hold("09:00", **KIM, is_additional=True, idempotency_key="b")
    assert (one.capacity_left, other.capacity_left) == (1, 0)
    again = await shop.hold("09:00", **KIM, is_additional=True, idempotency_key="b")
    assert (again.hold, again.replayed) == (other.hold, True)


@pytest.mark.parametrize("start", ["09:30", "10:00", "10:30", "08:30"])
async def test_an_overlapping_hold_replaces_the_first_one(opened: Open, start: str) -> None:
    shop = await opened(plan(technician("ana", "08:00-12:00"), services=(service("visit", 90),)))
    first = await shop.hold("09:30", **KIM)
    second = await shop.hold(start, **KIM)
    is_same = start == "09:30"
    assert await state(shop, first) is (ClaimState.HELD if is_same else ClaimState.RELEASED)
    assert [hold.token for hold in second.replaced] == ([] if is_same else [first.hold.token])
    assert await state(shop, second) is ClaimState.HELD


async def test_a_refused_hold_leaves_the_first_one(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first = await shop.hold("09:00", **KIM)
    await shop.hold("10:30", who="lee")
    for facts in ({}, {"idempotency_key": "k"}):
        with pytest.raises(SlotUnavailable) as refused:
            await shop.hold("10:00", **KIM, **facts)
        assert refused.value.alternatives is not None
        assert [slot.start for slot in refused.value.alternatives.slots[:2]] == [at("09:00"), at("09:30")]
    assert await state(shop, first) is ClaimState.HELD


async def test_separate_times_and_additional_holds_are_kept(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    first, later = await shop.hold("09:00", **KIM), await shop.hold("11:00", **KIM)
    beside = await shop.hold("09:30", **KIM, is_additional=True)
    assert {await state(shop, answer) for answer in (first, later, beside)} == {ClaimState.HELD}


async def test_a_named_hold_is_replaced_without_any_identity(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first = await shop.hold("09:00", **NOBODY)
    second = await shop.hold("11:00", **NOBODY, hold_token=first.hold.token)
    assert (await state(shop, first), starts(second)) == (ClaimState.RELEASED, ["11:00"])
    third = await shop.hold("10:30", **NOBODY, hold_token=second.hold.token)
    assert (await state(shop, second), starts(third)) == (ClaimState.RELEASED, ["10:30"])


async def test_a_lapsed_named_hold_needs_no_replacement(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first = await shop.hold("09:00", **NOBODY)
    shop.clock.advance(seconds=90)
    assert not (await shop.hold("09:30", **NOBODY, hold_token=first.hold.token)).replaced


async def test_an_unknown_token_names_the_callers_own_holds_alone(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    await shop.hold("09:00", **KIM)
    await shop.hold("11:00", **KIM)
    for facts, own in ((KIM, ["09:00", "11:00"]), ({"customer_reference": secret("lee")}, [])):
        with pytest.raises(UnknownHold) as refused:
            await shop.hold("10:00", **facts, hold_token="mistyped")  # noqa: S106  a test's own
        assert [clock_text(start) for start in refused.value.own_starts] == own


async def test_overlapping_time_is_held_for_twice_the_first_lifetime(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first = await shop.hold("09:00", **KIM)
    begin_ms = first.now_ms
    shop.clock.advance(seconds=80)
    second = await shop.hold("09:30", **KIM)
    assert second.hold.claim.expires_at_ms == begin_ms + 170_000
    shop.clock.advance(seconds=79)
    third = await shop.hold("10:00", **KIM, ttl_seconds=120)
    assert third.hold.claim.expires_at_ms == begin_ms + 180_000
    shop.clock.advance(seconds=2)
    with pytest.raises(HoldLimit) as refused:
        await shop.hold("10:30", **KIM)
    assert refused.value.retry_after_ms == 19_000
    assert await state(shop, third) is ClaimState.HELD
    assert (await shop.hold("10:00", **KIM)).hold == third.hold
    shop.clock.advance(seconds=19)
    assert not (await shop.hold("10:30", **KIM)).replayed


async def test_an_additional_hold_does_not_extend_the_time(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    first = await shop.hold("09:00", **KIM, ttl_seconds=60)
    shop.clock.advance(seconds=59)
    beside = await shop.hold("09:30", **KIM, is_additional=True, ttl_seconds=120)
    assert beside.hold.claim.expires_at_ms == first.now_ms + 120_000


async def test_a_callers_own_time_is_free_for_that_caller_alone(opened: Open) -> None:
    shop = await opened(plan(ANA))
    held = await shop.hold("09:00", **KIM)
    assert await shop.offered() == "10:00 10:30 11:00"
    for facts in (KIM, {"hold_token": held.hold.token}):
        assert await shop.offered(**facts) == "09:00 09:30 10:00 10:30 11:00"
        request = StartRequest(start=at("09:30"), **facts)
        assert (await shop.app.explanations.explain_slot(request)).explanation.slot is not None
    strangers: tuple[dict[str, Any], ...] = (
        {},
        {"customer_reference": secret("lee")},
        {"customer_reference": "kim"},
        {"hold_token": "other"},
    )
    for facts in strangers:
        assert await shop.offered(**facts) == "10:00 10:30 11:00"
        request = StartRequest(start=at("09:30"), **facts)
        assert (await shop.app.explanations.explain_slot(request)).explanation.slot is None


@pytest.mark.parametrize("key", ["", "book-1"])
async def test_a_refused_booking_offers_the_callers_own_time(opened: Open, key: str) -> None:
    shop = await opened(plan(ANA))
    await shop.hold("09:00", **NOBODY, phone="303 555 0142")
    await shop.hold("10:30", who="lee")
    with pytest.raises(SlotUnavailable) as refused:
        await shop.book("10:00", customer=Customer(name="Kim", phone="303 555 0142"), idempotency_key=key)
    offer = refused.value.alternatives
    assert offer is not None
    assert [slot.start for slot in offer.slots][:2] == [at("09:00"), at("09:30")]


async def test_a_call_sees_its_own_time_as_free(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.hold("09:00", **NOBODY, origin=CALL)
    assert await shop.offered(origin=CALL) == "09:00 09:30 10:00 10:30 11:00"
    assert await shop.offered(origin=call("d7a1f93e05b24d68")) == "10:00 10:30 11:00"


async def test_a_connection_does_not_free_the_time_of_its_holds(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.hold("09:00", **NOBODY, origin=connection("s"))
    assert await shop.offered(origin=connection("s")) == "10:00 10:30 11:00"
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:30", **NOBODY, origin=connection("s"))


@pytest.mark.parametrize(
    ("limit", "facts"),
    [
        pytest.param({"max_bookings_per_day": 1}, {}, id="bookings a day"),
        pytest.param({}, {"service_id": "other"}, id="another service"),
    ],
)
async def test_an_own_hold_in_the_way_is_replaced(opened: Open, limit: dict[str, Any], facts: dict[str, Any]) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(technician("ana", "09:00-12:00", **limit), services=services, default_service_id="visit"))
    first = await shop.hold("09:00", **KIM)
    wanted = "09:30" if facts else "11:00"
    assert wanted in await shop.offered(**KIM, **facts)
    second = await shop.hold(wanted, **KIM, **facts)
    assert (await state(shop, first), await state(shop, second)) == (ClaimState.RELEASED, ClaimState.HELD)


@pytest.mark.parametrize(
    ("rules", "held_id", "wanted"),
    [
        pytest.param({"max_bookings_per_day": 1}, "other", "11:00", id="bookings of a service a day"),
        pytest.param({"reserves": (Reserve(places=1, until_minutes=0),)}, "visit", "09:00", id="reserve"),
    ],
)
async def test_an_own_hold_of_another_technician_is_replaced_if_a_rule_counts_all_technicians(
    opened: Open, rules: dict[str, Any], held_id: str, wanted: str
) -> None:
    services = (service("visit"), replace(service("other"), **rules))
    shop = await opened(plan(ANA, BEN, services=services))
    first = await shop.hold("09:00", **KIM, service_id=held_id, technician_id="ben")
    assert wanted in await shop.offered(**KIM, service_id="other")
    second = await shop.hold(wanted, **KIM, service_id="other")
    assert (await state(shop, first), await state(shop, second)) == (ClaimState.RELEASED, ClaimState.HELD)


async def test_a_hold_of_another_service_is_kept_if_another_technician_is_free(opened: Open) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(ANA, BEN, services=services, default_service_id="visit"))
    first, second = await shop.hold("09:00", **KIM), await shop.hold("09:00", **KIM, service_id="other")
    assert {await state(shop, answer) for answer in (first, second)} == {ClaimState.HELD}


async def test_a_replaced_hold_cannot_be_booked(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first = await shop.hold("09:00", **KIM)
    second = await shop.hold("09:30", **KIM)
    with pytest.raises(HoldExpired):
        await shop.book_hold(first)
    assert (await shop.book_hold(second)).booking.claim.start == at("09:30")


async def test_a_known_caller_can_name_the_hold_to_replace(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first, other = await shop.hold("09:00", **KIM), await shop.hold("10:00", **KIM)
    third = await shop.hold("11:00", **KIM, hold_token=first.hold.token)
    assert [await state(shop, answer) for answer in (first, other, third)] == [
        ClaimState.RELEASED,
        ClaimState.HELD,
        ClaimState.HELD,
    ]
