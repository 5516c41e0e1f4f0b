"""Repeated booking requests: corrections, further visits, and the caller's own holds."""

from dataclasses import replace
from typing import Any

import pytest

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import BookingStatus, Customer, Visit
from slotmcp.domain.claim import ClaimState
from slotmcp.domain.errors import IdempotencyMismatch, InvalidArgument, SlotUnavailable
from slotmcp.domain.existing_booking import AlreadyBooked
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from slotmcp.services.corrections import CORRECTED
from slotmcp.services.customers import CustomerService
from slotmcp.services.rescheduling import RescheduleRequest
from support.shop import CALLER, Shop, at, plan, service, technician
from support.sqlite_file import count, fingerprint
from unit.services.conftest import Open

TEAM = [technician(name, "09:00-17:00") for name in ("ana", "ben", "cem")]
MAIN_ST = Visit(address="1 Main St")
OAK_ST = Visit(address="2 Oak St", notes="gate 1234")
IN_A_CALL = RequestOrigin(credential="agent", call_ids=(CallId("x-call-id", "call-7f3a91c2e5d8"),))
ANOTHER_CALL = replace(IN_A_CALL, call_ids=(CallId("x-call-id", "call-e5d87f3a91c2"),))


async def is_asked(shop: Shop, start: str, **facts: Any) -> AlreadyBooked:  # noqa: ANN401  a BookRequest's fields
    """Send a request that must be a question, and change nothing."""
    before = fingerprint(shop.path)
    with pytest.raises(AlreadyBooked) as asked:
        await shop.book(start, **facts)
    assert fingerprint(shop.path) == before
    return asked.value


async def test_another_address_is_a_question_and_with_additional_another_visit(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", visit=MAIN_ST)
    asked = await is_asked(shop, "10:00", visit=OAK_ST)
    assert asked.existing.booking == first.booking
    second = await shop.book("10:00", visit=OAK_ST, is_additional=True)
    assert not second.replayed
    assert (second.booking.visit, second.booking.is_additional) == (OAK_ST, True)
    for additional in (True, False):
        again = await shop.book("10:00", visit=OAK_ST, is_additional=additional)
        assert (again.replayed, again.booking.id) == (True, second.booking.id)
    assert count(shop.path, "bookings") == 2


async def test_a_misheard_name_is_a_question(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    await shop.book("10:00", customer=replace(CALLER, name="Jon Smyth"))
    await is_asked(shop, "10:00", customer=replace(CALLER, name="John Smith"))
    await is_asked(shop, "10:00", customer=replace(CALLER, name="John Smith"), idempotency_key="new")
    assert (await shop.book("10:00", customer=replace(CALLER, name="  jon SMYTH. "))).replayed


async def test_new_details_are_stored_and_recorded_once(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00")
    email = replace(CALLER, email="Kim@Example.com")
    revision = await shop.revision()
    answer = await shop.book("10:00", customer=email, visit=OAK_ST)
    assert (answer.replayed, answer.stored) == (True, ("customerEmail", "address", "notes"))
    kept = await shop.store.booking("shop", first.booking.id)
    assert kept is not None
    assert (kept.visit, kept.customer) == (
        OAK_ST,
        Customer(name="Kim Doe", phone="+13035550142", email="kim@example.com"),
    )
    assert await shop.store.bookings_by("shop", "email:kim@example.com", now=0, max_others=10) == (kept,)
    assert [event.subject_id for event in await shop.store.events("shop", 0) if event.kind == CORRECTED] == [kept.id]
    assert await shop.revision() == revision, "no time changed"
    before = fingerprint(shop.path)
    assert (await shop.book("10:00", customer=email, visit=OAK_ST)).stored == ()
    assert fingerprint(shop.path) == before


async def test_details_do_not_change_a_visit_that_has_begun(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00")
    shop.at_time("10:00")
    await is_asked(shop, "10:00", visit=OAK_ST)
    assert (await shop.book("10:00")).booking == first.booking


@pytest.mark.parametrize("start", ["09:30", "10:30"])
async def test_an_overlapping_start_of_the_same_service_is_a_question(opened: Open, start: str) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(*TEAM, services=services, default_service_id="visit"))
    await shop.book("10:00")
    await is_asked(shop, start)
    for facts in ({"service_id": "other"}, {"is_additional": True}):
        assert not (await shop.book(start, **facts)).replayed


async def test_starts_that_touch_do_not_overlap(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    for start in ("10:00", "11:00", "09:00"):
        assert not (await shop.book(start)).replayed


async def test_an_overlap_is_a_question_even_if_every_technician_is_taken(opened: Open) -> None:
    """The early rejection before the lock must not answer that the time is taken."""
    shop = await opened(plan(TEAM[0]))
    await shop.book("10:00")
    assert await shop.offered() == "09:00 11:00 11:30 12:00 12:30 13:00 13:30 14:00 14:30 15:00 15:30 16:00"
    await is_asked(shop, "10:30")


@pytest.mark.parametrize(
    "facts", [{"duration_minutes": 90}, {"technician_id": "ben"}, {"end": at("11:30")}], ids=["length", "who", "end"]
)
async def test_another_length_or_technician_is_a_question(opened: Open, facts: dict[str, Any]) -> None:
    shop = await opened(plan(*TEAM))
    assert (await shop.book("10:00")).technician.id == "ana"
    await is_asked(shop, "10:00", **facts)
    assert (await shop.book("10:00", duration_minutes=60, technician_id="ana")).replayed


async def test_two_children_are_booked_by_one_phone_number(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    children = [replace(CALLER, name=name) for name in ("Mia Doe", "Leo Doe")]
    booked = [await shop.book("10:00", customer=child, is_additional=child.name == "Leo Doe") for child in children]
    again = [await shop.book("10:00", customer=child) for child in children]
    assert [answer.booking.id for answer in again] == [answer.booking.id for answer in booked]


async def test_further_visits_with_the_same_name_and_address_need_keys_of_their_own(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", is_additional=True, idempotency_key="1")
    assert (await shop.book("10:00", is_additional=True)).booking == first.booking
    assert (await shop.book("10:00", is_additional=True, idempotency_key="1")).booking == first.booking
    assert not (await shop.book("10:00", is_additional=True, idempotency_key="2")).replayed


async def test_a_key_can_be_used_again_for_a_further_visit(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", visit=MAIN_ST, idempotency_key="k")
    await is_asked(shop, "10:00", visit=OAK_ST, idempotency_key="k")
    second = await shop.book("10:00", visit=OAK_ST, idempotency_key="k", is_additional=True)
    for visit, expected in ((OAK_ST, second), (MAIN_ST, first)):
        again = await shop.book("10:00", visit=visit, idempotency_key="k", is_additional=expected is second)
        assert (again.replayed, again.booking.id) == (True, expected.booking.id)


async def test_the_callers_own_call_sees_the_details_of_the_booking_and_others_do_not(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    await shop.book("10:00", visit=MAIN_ST, origin=IN_A_CALL)
    for origin, has_details in ((IN_A_CALL, True), (ANOTHER_CALL, False), (LOCAL_ORIGIN, True)):
        asked = await is_asked(shop, "10:00", visit=OAK_ST, origin=origin)
        assert asked.existing.has_details is has_details


async def test_another_call_of_the_customer_replays_without_a_key(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", origin=IN_A_CALL, idempotency_key="1")
    again = await shop.book("10:00", origin=ANOTHER_CALL, idempotency_key="1")
    assert (again.replayed, again.booking.id) == (True, first.booking.id)


async def test_only_active_bookings_count_without_a_key(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", visit=MAIN_ST)
    move = RescheduleRequest(booking_id=first.booking.id, start=at("15:00"))
    await shop.app.bookings.reschedule_booking(move)
    second = await shop.book("10:00", visit=OAK_ST)
    assert not second.replayed
    shop.at_time("10:30")
    await shop.app.bookings.set_booking_status(None, second.booking.id, BookingStatus.COMPLETED)
    assert (await shop.book("10:00", visit=OAK_ST)).booking.status is BookingStatus.COMPLETED
    with pytest.raises(SlotUnavailable):
        await shop.book("10:00", visit=MAIN_ST)
    assert not (await shop.book("10:30", visit=OAK_ST)).replayed


async def test_a_key_of_a_moved_booking_still_recognizes_its_first_start(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", idempotency_key="k")
    move = RescheduleRequest(booking_id=first.booking.id, start=at("15:00"))
    await shop.app.bookings.reschedule_booking(move)
    again = await shop.book("10:00", idempotency_key="k", visit=OAK_ST)
    assert (again.booking.id, again.booking.claim.start, again.stored) == (
        first.booking.id,
        at("15:00"),
        ("address", "notes"),
    )
    with pytest.raises(IdempotencyMismatch):
        await shop.book("15:00", idempotency_key="k")


async def test_a_token_of_a_forgotten_customer_replays(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    hold = await shop.hold("10:00")
    first = await shop.book_hold(hold)
    assert isinstance(shop.app.customers, CustomerService)
    await shop.app.customers.forget(None, CALLER.phone)
    again = await shop.book_hold(hold)
    assert (again.replayed, again.booking.id, again.booking.customer) == (True, first.booking.id, None)


# -- holds -----------------------------------------------------------------------------------------


async def test_a_booking_without_the_token_uses_the_callers_own_hold(opened: Open) -> None:
    shop = await opened(plan(TEAM[0]))
    hold = await shop.hold("10:00", phone=CALLER.phone)
    assert await shop.offered() == "09:00 11:00 11:30 12:00 12:30 13:00 13:30 14:00 14:30 15:00 15:30 16:00"
    booked = await shop.book("10:00")
    assert booked.booking.id == hold.hold.claim.id
    assert (await shop.book_hold(hold)).booking == booked.booking


async def test_a_lost_token_is_not_needed_in_the_call_that_held(opened: Open) -> None:
    shop = await opened(plan(TEAM[0]))
    hold = await shop.hold("10:00", origin=IN_A_CALL)
    with pytest.raises(SlotUnavailable):
        await shop.book("10:00", origin=ANOTHER_CALL)
    assert (await shop.book("10:00", origin=IN_A_CALL)).booking.id == hold.hold.claim.id


async def test_an_own_hold_in_the_way_is_released(opened: Open) -> None:
    shop = await opened(plan(TEAM[0]))
    hold = await shop.hold("10:30", phone=CALLER.phone)
    assert (await shop.book("10:00")).booking.claim.start == at("10:00")
    assert (await _hold_state(shop, hold.hold.token)) is ClaimState.RELEASED


async def test_the_hold_of_a_repeated_request_is_released_and_of_a_question_kept(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    first = await shop.book("10:00", visit=MAIN_ST)
    hold = await shop.hold("10:00", phone=CALLER.phone)
    with pytest.raises(AlreadyBooked):
        await shop.book_hold(hold, visit=OAK_ST)
    assert (await _hold_state(shop, hold.hold.token)) is ClaimState.HELD
    again = await shop.book_hold(hold, visit=MAIN_ST)
    assert (again.replayed, again.booking.id) == (True, first.booking.id)
    assert (await _hold_state(shop, hold.hold.token)) is ClaimState.RELEASED
    assert (await shop.book_hold(hold, visit=MAIN_ST)).booking.id == first.booking.id


async def test_an_additional_hold_is_booked_as_additional(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    holds = [await shop.hold("10:00", phone=CALLER.phone, is_additional=number > 0) for number in range(2)]
    booked = [await shop.book_hold(hold) for hold in holds]
    assert [answer.booking.is_additional for answer in booked] == [False, True]
    assert [answer.replayed for answer in booked] == [False, False]
    assert (await shop.book_hold(holds[1])).booking == booked[1].booking


async def test_a_hold_that_moves_a_booking_is_refused(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    booked = await shop.book("10:00")
    hold = await shop.hold("15:00", booking_id=booked.booking.id, phone=CALLER.phone)
    with pytest.raises(InvalidArgument, match="reschedule_booking") as refused:
        await shop.book_hold(hold)
    assert refused.value.fields[0].field == "holdToken"
    assert not (await shop.book("15:00")).replayed
    assert (await _hold_state(shop, hold.hold.token)) is ClaimState.HELD


async def test_a_token_with_another_start_or_service_names_both(opened: Open) -> None:
    services = (service("visit"), service("other"))
    shop = await opened(plan(*TEAM, services=services, default_service_id="visit"))
    hold = await shop.hold("10:00")
    with pytest.raises(InvalidArgument, match=r"2025-06-02 10:00, not 2025-06-02 11:00"):
        await shop.book("11:00", hold_token=hold.hold.token)
    with pytest.raises(InvalidArgument, match="visit, not other"):
        await shop.book_hold(hold, service_id="other")


async def _hold_state(shop: Shop, token: str) -> ClaimState:
    hold = await shop.store.hold("shop", token)
    assert hold is not None
    return hold.state


async def test_a_booked_token_of_another_customer_is_a_mismatch_even_with_additional(opened: Open) -> None:
    shop = await opened(plan(*TEAM))
    hold = await shop.hold("10:00")
    await shop.book_hold(hold, customer=Customer(name="Lee Doe", phone="+1 303 555 0199"), is_additional=True)
    for facts in ({}, {"is_additional": True}, {"is_additional": True, "idempotency_key": "k"}):
        with pytest.raises(IdempotencyMismatch):
            await shop.book_hold(hold, **facts)
