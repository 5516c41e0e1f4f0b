"""Verification: who may change or read a booking, and how often a contact may be guessed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from slotmcp.domain.access import CallId
from slotmcp.domain.booking import BookingStatus, Customer
from slotmcp.domain.catalog import ChangeVerification
from slotmcp.domain.errors import BookingClosed, InvalidArgument, NotFound, TooManyGuesses, VerificationNeeded
from slotmcp.services.appointments import StartRequest
from slotmcp.services.callers import RequestOrigin
from slotmcp.services.contacts import call_reference
from slotmcp.services.lookups import FindRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from slotmcp.services.verification import is_booking_call
from slotmcp.telemetry import metrics
from support.shop import Shop, at, booking, customer, plan, secret, technician
from unit.services.conftest import Open

ANA = technician("ana", "09:00-17:00")
BEN = technician("ben", "09:00-17:00")
KIM = Customer(name="Kim Doe", phone="+1 303 555 0142", email="Kim@Example.com")
CALL = CallId("x-call-id", "7f3a90c1-44de-4b1c-9a55-0d2e8b7c6f10")
OTHER_CALL = CallId("x-call-id", "0b9d3f77-1c2a-4e8e-8f46-5a6b7c8d9e01")
WRONG = {"phone": "+1 303 555 0199"}

Change = Callable[..., Awaitable[object]]


def caller(*calls: CallId, credential: str = "agent") -> RequestOrigin:
    """Return the origin of a caller's agent."""
    return RequestOrigin(credential=credential, call_ids=calls)


async def cancel(shop: Shop, booking_id: str, origin: RequestOrigin | None = None, **proof: str) -> object:
    """Cancel a booking for a caller."""
    request = CancelRequest(booking_id=booking_id, origin=origin or caller(), **proof)
    return await shop.app.bookings.cancel_booking(request)


async def move(shop: Shop, booking_id: str, origin: RequestOrigin | None = None, **proof: str) -> object:
    """Move a booking to noon for a caller."""
    phone, email, project_id = (proof.get(name, "") for name in ("phone", "email", "project_id"))
    request = RescheduleRequest(
        booking_id=booking_id,
        origin=origin or caller(),
        start=at("12:00"),
        phone=phone,
        email=email,
        project_id=project_id or None,
    )
    return await shop.app.bookings.reschedule_booking(request)


async def search(shop: Shop, booking_id: str, origin: RequestOrigin | None = None, **proof: str) -> object:
    """Search slots to which a booking could move."""
    return await shop.slots(booking_id=booking_id, origin=origin or caller(), **proof)


async def explain(shop: Shop, booking_id: str, origin: RequestOrigin | None = None, **proof: str) -> object:
    """Explain whether a booking could move to noon."""
    phone, email = proof.get("phone", ""), proof.get("email", "")
    request = StartRequest(
        booking_id=booking_id, origin=origin or caller(), start=at("12:00"), phone=phone, email=email
    )
    return await shop.app.explanations.explain_slot(request)


async def hold(shop: Shop, booking_id: str, origin: RequestOrigin | None = None, **proof: str) -> object:
    """Hold noon for the move of a booking."""
    return await shop.hold(
        "12:00", customer_reference="", booking_id=booking_id, origin=origin or caller(), is_additional=True, **proof
    )


CHANGES = pytest.mark.parametrize("change", [cancel, move])
MOVES = pytest.mark.parametrize("ask", [search, explain, hold])


async def book(shop: Shop, *calls: CallId, start: str = "10:00", who: Customer = KIM) -> str:
    """Book a start for a caller, and return the booking's id."""
    return (await shop.book(start, customer=who, origin=caller(*calls))).booking.id


async def status(shop: Shop, booking_id: str) -> BookingStatus:
    found = await shop.store.booking("shop", booking_id)
    assert found is not None
    return found.status


@CHANGES
@pytest.mark.parametrize(
    "proof",
    [
        {"phone": "(303) 555-0142"},
        {"phone": "+13035550142"},
        {"phone": "303 555 0142 ext. 9"},
        {"email": "KIM@EXAMPLE.COM"},
        {"email": " kim@example.com "},
        {**WRONG, "email": "kim@example.com"},
    ],
)
async def test_the_contact_on_a_booking_is_a_proof(opened: Open, change: Change, proof: dict[str, str]) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    await change(shop, booked, **proof)
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
@pytest.mark.parametrize(
    "proof",
    [{}, WRONG, {"email": "kim@example.org"}, {"phone": "+44 303 555 0142"}, {"email": "0142@example.com"}],
)
async def test_no_or_another_contact_is_no_proof(opened: Open, change: Change, proof: dict[str, str]) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    with pytest.raises(VerificationNeeded) as refused:
        await change(shop, booked, **proof)
    assert refused.value.has_contact == bool(proof)
    assert await status(shop, booked) is BookingStatus.CONFIRMED


@CHANGES
async def test_the_contact_of_another_booking_is_no_proof(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await book(shop)
    await book(shop, who=customer(1))
    with pytest.raises(VerificationNeeded):
        await change(shop, booked, phone=customer(1).phone)


@CHANGES
@pytest.mark.parametrize("proof", [{}, WRONG, {"phone": KIM.phone}])
async def test_an_unknown_id_is_reported_like_a_wrong_proof(
    opened: Open, change: Change, proof: dict[str, str]
) -> None:
    shop = await opened(plan(ANA))
    await shop.app.projects.import_project(plan(ANA, id="other"), prune=False)
    theirs = (await shop.book("10:00", customer=KIM, project_id="other")).booking.id
    booked = (await shop.book("10:00", customer=customer(1), project_id="shop")).booking.id
    refusals = []
    for id_ in (booked, theirs, booked[:-1], "🐙"):
        with pytest.raises(VerificationNeeded) as refused:
            await change(shop, id_, project_id="shop", **proof)
        refusals.append(refused.value.message)
    assert len(set(refusals)) == 1


@CHANGES
async def test_an_invalid_phone_number_is_reported_alike_for_every_id(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    for id_ in (await book(shop), "b-9"):
        with pytest.raises(InvalidArgument) as refused:
            await change(shop, id_, phone="555 0142")
        assert refused.value.fields[0].field == "phone"


@CHANGES
async def test_the_call_that_booked_needs_no_contact(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    await change(shop, booked, caller(CALL))
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
@pytest.mark.parametrize(
    "other",
    [
        OTHER_CALL,
        CallId("x-chat-id", CALL.value),
        CallId("x-call-id", CALL.value.upper()),
        CallId("x-call-id", CALL.value[:-1]),
    ],
)
async def test_another_call_id_is_no_proof(opened: Open, change: Change, other: CallId) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    with pytest.raises(VerificationNeeded):
        await change(shop, booked, caller(other))


@CHANGES
@pytest.mark.parametrize("value", ["1", "call", "call-1", "default", "0" * 40, "ababababababababab"])
async def test_a_call_id_that_is_easy_to_guess_is_no_proof(opened: Open, change: Change, value: str) -> None:
    shop = await opened(plan(ANA))
    guessable = CallId("x-call-id", value)
    booked = await book(shop, guessable)
    with pytest.raises(VerificationNeeded):
        await change(shop, booked, caller(guessable))


@CHANGES
async def test_neither_the_customer_hash_nor_the_connection_is_a_proof(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    origin = RequestOrigin(credential="agent", connection="c-1")
    held = await shop.hold("10:00", customer_reference="c7a1f93e05b24d68", origin=origin)
    booked = (await shop.book_hold(held, customer=KIM, origin=origin)).booking.id
    with pytest.raises(VerificationNeeded):
        await change(shop, booked, origin)
    with pytest.raises(VerificationNeeded):
        await change(shop, booked, email="c7a1f93e05b24d68@example.com")


@CHANGES
@pytest.mark.parametrize("proof", [{}, {"phone": KIM.phone}])
async def test_a_booking_without_a_contact_is_only_changed_by_operators(
    opened: Open, change: Change, proof: dict[str, str]
) -> None:
    shop = await opened(plan(ANA, bookings=[booking("b-1", "ana", "10:00")]))
    forgotten = await book(shop, CALL, start="15:00")
    await shop.app.customers.forget(None, KIM.phone)
    for id_ in ("b-1", forgotten):
        with pytest.raises(VerificationNeeded):
            await change(shop, id_, caller(CALL), **proof)
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id="b-1"))
    assert await status(shop, "b-1") is BookingStatus.CANCELLED


@CHANGES
async def test_without_verification_the_id_is_enough(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA, verify_changes=ChangeVerification.NONE))
    booked = await book(shop)
    with pytest.raises(NotFound):
        await change(shop, "b-9")
    await change(shop, booked, **WRONG)
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
async def test_the_right_contact_is_refused_after_five_failures_of_a_booking(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    for number in range(5):
        with pytest.raises(VerificationNeeded):
            await change(shop, booked, caller(credential=f"agent-{number}"), phone=f"+1 303 555 {number:04}")
        shop.clock.advance(seconds=60)
    for _ in range(3):
        with pytest.raises(TooManyGuesses) as refused:
            await change(shop, booked, caller(OTHER_CALL), phone=KIM.phone)
        assert refused.value.retry_after_ms == 55 * 60_000
    await change(shop, booked, caller(CALL), phone=KIM.phone)
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
async def test_a_limit_ends_although_further_guesses_were_refused(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    for _ in range(5):
        with pytest.raises(VerificationNeeded):
            await change(shop, booked, **WRONG)
    for _ in range(3599 // 60):
        shop.clock.advance(seconds=60)
        with pytest.raises(TooManyGuesses):
            await change(shop, booked, **WRONG)
    shop.clock.advance(seconds=60)
    await change(shop, booked, phone=KIM.phone)
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
async def test_five_failures_in_a_call_end_its_guesses_at_other_bookings(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    for number in range(5):
        with pytest.raises(VerificationNeeded):
            await change(shop, f"b-{number}", caller(CALL), phone=KIM.phone)
    with pytest.raises(TooManyGuesses):
        await change(shop, booked, caller(CALL), phone=KIM.phone)
    await change(shop, booked, caller(OTHER_CALL), phone=KIM.phone)


@CHANGES
async def test_a_call_is_counted_for_each_credential(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    for number in range(5):
        with pytest.raises(VerificationNeeded):
            await change(shop, f"b-{number}", caller(CALL), **WRONG)
    await change(shop, await book(shop), caller(CALL, credential="another"), phone=KIM.phone)


@pytest.mark.parametrize("between", [":", '", "', "\n"])
async def test_the_parts_of_a_count_cannot_run_into_each_other(opened: Open, between: str) -> None:
    shop = await opened(plan(ANA))
    origin = caller(CallId("x-call-id", between.join("ab")), credential="k")
    for number in range(5):
        with pytest.raises(VerificationNeeded):
            await cancel(shop, f"b-{number}", origin, **WRONG)
    alike = caller(CallId("a", "b"), credential=f"k{between}x-call-id")
    await cancel(shop, await book(shop), alike, phone=KIM.phone)


async def test_a_stored_call_that_is_easy_to_guess_is_no_proof(opened: Open) -> None:
    shop = await opened(plan(ANA))
    guessable = CallId("x-call-id", "call-1")
    pseudonym = await shop.store.pseudonyms("shop")
    stored = replace(booking("b-1", "ana", "10:00"), call_keys=(pseudonym(call_reference(guessable)),))
    assert not is_booking_call(stored, caller(guessable), plan(ANA).project, pseudonym)


@CHANGES
async def test_successes_and_requests_without_a_contact_are_not_counted(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    for _ in range(20):
        with pytest.raises(VerificationNeeded):
            await change(shop, booked, caller(CALL))
    for _ in range(20):
        await change(shop, booked, caller(CALL), phone=KIM.phone)


async def test_another_error_is_not_counted(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    for _ in range(20):
        with pytest.raises(InvalidArgument):
            await shop.app.bookings.reschedule_booking(
                RescheduleRequest(booking_id=booked, origin=caller(CALL), phone=KIM.phone)
            )
    await cancel(shop, booked, caller(CALL), phone=KIM.phone)


async def test_parallel_guesses_do_not_exceed_the_limit(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    guesses = [cancel(shop, booked, phone=f"+1 303 555 {number:04}") for number in range(40)]
    outcomes = [type(outcome) for outcome in await asyncio.gather(*guesses, return_exceptions=True)]
    assert outcomes.count(VerificationNeeded) == 5
    assert outcomes.count(TooManyGuesses) == 35


async def test_operators_are_never_limited(opened: Open) -> None:
    shop = await opened(plan(ANA))
    for _ in range(20):
        with pytest.raises(NotFound):
            await shop.app.bookings.cancel_booking(CancelRequest(booking_id="b-9", phone=WRONG["phone"]))


async def test_a_hundred_failures_of_a_credential_alert_and_refuse_nothing(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    shop = await opened(plan(ANA))
    alerts = metrics.GUESSING_ALERTS._value  # noqa: SLF001  the client library has no other reader
    before = alerts.get()
    with caplog.at_level(logging.WARNING, "slotmcp.verification"):
        for number in range(99):
            with pytest.raises(VerificationNeeded):
                await cancel(shop, f"b-{number}", phone=WRONG["phone"])
        assert (alerts.get() - before, caplog.records) == (0, [])
        for number in range(99, 110):
            with pytest.raises(VerificationNeeded):
                await cancel(shop, f"b-{number}", phone=WRONG["phone"])
    assert alerts.get() - before == 11
    (record,) = caplog.records
    assert "agent" in record.getMessage()
    assert not any(word in record.getMessage() for word in ("0199", "b-99"))
    booked = await book(shop)
    await cancel(shop, booked, phone=KIM.phone)


async def test_failures_alert_if_one_credential_has_a_hundred_within_an_hour(opened: Open) -> None:
    shop = await opened(plan(ANA))
    alerts = metrics.GUESSING_ALERTS._value  # noqa: SLF001  the client library has no other reader
    before = alerts.get()

    async def fail(prefix: str, times: int, credential: str) -> None:
        for number in range(times):
            with pytest.raises(VerificationNeeded):
                await cancel(shop, f"{prefix}-{number}", caller(credential=credential), phone=WRONG["phone"])

    await fail("a", 60, "agent")
    await fail("b", 60, "another agent")
    shop.clock.advance(seconds=3_600)
    await fail("c", 99, "agent")
    assert alerts.get() == before
    shop.clock.advance(seconds=3_599)
    await fail("d", 1, "agent")
    assert alerts.get() == before + 1


@CHANGES
async def test_another_process_turns_verification_off(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    await opened(plan(ANA, verify_changes=ChangeVerification.NONE))
    await change(shop, booked, caller(OTHER_CALL))
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
async def test_another_process_turns_verification_on(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA, verify_changes=ChangeVerification.NONE))
    booked = await book(shop, CALL)
    await opened(plan(ANA))
    with pytest.raises(VerificationNeeded):
        await change(shop, booked, caller(OTHER_CALL))
    assert await status(shop, booked) is BookingStatus.CONFIRMED


@CHANGES
@pytest.mark.parametrize("time", ["10:00", "10:30", "2025-06-03T09:00"])
async def test_a_visit_that_has_begun_is_closed_to_callers(opened: Open, change: Change, time: str) -> None:
    shop = await opened(plan(ANA, verify_changes=ChangeVerification.NONE))
    booked = await book(shop, CALL)
    shop.at_time(time)
    with pytest.raises(BookingClosed) as refused:
        await change(shop, booked, caller(CALL))
    assert not refused.value.is_canceled
    assert await status(shop, booked) is BookingStatus.CONFIRMED


@CHANGES
async def test_a_visit_is_open_until_it_begins(opened: Open, change: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    shop.at_time("09:59")
    await change(shop, booked, caller(CALL))
    assert await status(shop, booked) is not BookingStatus.CONFIRMED


@CHANGES
@pytest.mark.parametrize("outcome", [BookingStatus.COMPLETED, BookingStatus.NO_SHOW])
async def test_a_visit_with_an_outcome_is_closed_to_callers(
    opened: Open, change: Change, outcome: BookingStatus
) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    shop.at_time("10:30")
    await shop.app.bookings.set_booking_status(None, booked, outcome)
    with pytest.raises(BookingClosed):
        await change(shop, booked, caller(CALL))
    assert await status(shop, booked) is outcome


async def test_a_canceled_booking_is_closed_and_its_cancellation_replays(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    await cancel(shop, booked, caller(CALL))
    with pytest.raises(BookingClosed) as refused:
        await move(shop, booked, caller(CALL))
    assert refused.value.is_canceled
    shop.at_time("11:00")
    await cancel(shop, booked, caller(CALL))


async def test_a_move_replays_after_the_visit_has_begun(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    await move(shop, booked, caller(CALL))
    shop.at_time("12:30")
    await move(shop, booked, caller(CALL))
    assert await status(shop, booked) is BookingStatus.RESCHEDULED


async def test_the_report_of_a_past_day_keeps_its_visits(opened: Open) -> None:
    shop = await opened(plan(ANA))
    first, second = await book(shop, CALL), await book(shop, CALL, start="13:00")
    shop.at_time("2025-06-03T08:00")
    for change, id_ in ((cancel, first), (move, second)):
        with pytest.raises(BookingClosed):
            await change(shop, id_, caller(CALL), phone=KIM.phone)
    booked = await shop.store.bookings("shop", (at("00:00"), at("23:59")))
    assert sum(one.claim.end - one.claim.start for one in booked) == 120


async def test_operators_may_still_change_a_visit_that_has_begun(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    shop.at_time("10:30")
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked))
    assert await status(shop, booked) is BookingStatus.CANCELLED


@MOVES
async def test_times_for_a_move_need_the_same_proof(opened: Open, ask: Change) -> None:
    carl = technician("carl", "09:00-17:00")
    shop = await opened(plan(ANA, BEN, carl, bookings=[booking("b-1", "ana", "15:00")]))
    booked = await book(shop, CALL)
    refusals = []
    for id_, proof in ((booked, {}), ("b-1", {}), (booked[:-1], {}), (booked, WRONG), ("b-1", WRONG), ("b-9", WRONG)):
        with pytest.raises(VerificationNeeded) as refused:
            await ask(shop, id_, **proof)
        refusals.append(refused.value.message)
    assert len(set(refusals[:3])) == len(set(refusals[3:])) == 1
    await ask(shop, booked, phone=KIM.phone)
    await ask(shop, booked, caller(CALL))
    await ask(shop, booked, RequestOrigin(credential="office", is_operator=True))


@MOVES
async def test_guesses_through_times_for_a_move_count(opened: Open, ask: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop)
    for _ in range(5):
        with pytest.raises(VerificationNeeded):
            await ask(shop, booked, **WRONG)
    for change in (ask, cancel, move):
        with pytest.raises(TooManyGuesses):
            await change(shop, booked, phone=KIM.phone)


@MOVES
async def test_a_visit_that_has_begun_has_no_times_for_a_move(opened: Open, ask: Change) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    shop.at_time("10:00")
    with pytest.raises(BookingClosed):
        await ask(shop, booked, caller(CALL))


async def details(shop: Shop, origin: RequestOrigin, **facts: str) -> list[bool]:
    """Return for each found booking whether the client may see its details."""
    answer = await shop.app.bookings.find_bookings(FindRequest(origin=origin, **facts))
    return [found.has_details for found in answer.found]


async def test_details_are_shown_only_to_the_call_that_booked_and_to_operators(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = await book(shop, CALL)
    await book(shop, OTHER_CALL, start="11:00")
    guessable = CallId("x-call-id", "call-1")
    await book(shop, guessable, start="12:00")
    operator = RequestOrigin(credential="office", is_operator=True)
    assert await details(shop, caller(), phone=KIM.phone) == [False, False, False]
    assert await details(shop, caller(CALL), phone=KIM.phone) == [True, False, False]
    assert await details(shop, caller(CALL), email=KIM.email) == [True, False, False]
    assert await details(shop, caller(guessable), phone=KIM.phone) == [False, False, False]
    assert await details(shop, operator, phone=KIM.phone) == [True, True, True]
    assert await details(shop, caller(), booking_id=booked) == [False]
    assert await details(shop, caller(CALL), booking_id=booked) == [True]


@pytest.mark.parametrize("reference", ["caller", "1", "Kim", "default", "aaaaaaaaaaaaaaaaaaaa"])
async def test_a_customer_hash_that_is_easy_to_guess_finds_nothing(opened: Open, reference: str) -> None:
    shop = await opened(plan(ANA))
    await shop.book_hold(await shop.hold("10:00", customer_reference=reference), customer=KIM)
    request = FindRequest(customer_reference=reference, origin=caller())
    assert request.is_too_vague
    assert (await shop.app.bookings.find_bookings(request)).found == ()


async def test_a_customer_hash_that_is_hard_to_guess_finds_its_bookings_without_details(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book_hold(await shop.hold("10:00", who="kim"), customer=KIM)
    assert await details(shop, caller(), customer_reference=secret("kim")) == [False]
