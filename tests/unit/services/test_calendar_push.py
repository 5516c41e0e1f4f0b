"""Pushes of bookings to the calendar: soon, exactly once, and retried after unknown outcomes."""

from dataclasses import replace

import pytest

from slotmcp.domain.attention import NO_ATTENTION, Attention, AttentionCause
from slotmcp.domain.booking import BookingStatus, Customer
from slotmcp.services.calendar.connection import FAILURES
from slotmcp.services.corrections import UpdateRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANA, ANA_VISIT, ATTENDEE, BEN, BUSINESS, Office
from support.calcom.server import Fault
from support.shop import CALLER, at, booking, plan, service

TEN, NOON, TWO = at("10:00"), at("12:00"), at("14:00")
AFTER = [fault for fault in Fault if fault.name.endswith("AFTER") and "TIMEOUT" not in fault.name]


async def book(office: Office, start: int = TEN, **facts: object) -> str:
    facts = {"service_id": "visit", "technician_id": "ana", "customer": CALLER, **facts}
    return (await office.shop.book(start, **facts)).booking.id


async def move(office: Office, booking_id: str, start: int) -> None:
    await office.shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id=booking_id, start=start))


async def cancel(office: Office, booking_id: str) -> None:
    await office.shop.app.bookings.cancel_booking(CancelRequest(booking_id=booking_id))


async def retry(office: Office) -> None:
    """Advance the clock past all delays, and run the worker."""
    office.shop.clock.advance(seconds=1000)
    await office.run_worker()


def created_count(office: Office) -> int:
    """Return the number of events ever created in Cal.com."""
    return len(office.state.bookings)


async def pending_pushes(office: Office) -> int:
    return len((await office.shop.store.calendar("shop")).pushes)


async def test_a_booking_is_pushed_to_calcom(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ana")]
    (event,) = office.state.live()
    assert event.metadata == {"slotmcpProject": "shop", "slotmcpBooking": booking_id}
    assert event.attendee == {"name": "Kim Doe", "phoneNumber": "+13035550142", "timeZone": "UTC", "language": "en"}
    assert await pending_pushes(office) == 0


async def test_the_webhook_of_a_pushed_booking_changes_nothing(office: Office) -> None:
    await book(office)
    await office.run_worker()
    revision = await office.shop.revision()
    await office.receive_all()
    assert await office.shop.revision() == revision
    assert len(await office.shop.store.bookings("shop")) == 1


async def test_a_webhook_that_arrives_before_the_response_is_recognized(office: Office) -> None:
    await book(office)
    office.calcom.faults = [Fault.DROPPED_AFTER]
    await office.run_worker()
    await office.receive_all()
    assert len(await office.shop.store.bookings("shop")) == 1
    await retry(office)
    assert (created_count(office), await pending_pushes(office)) == (1, 0)


async def test_reschedules_and_cancellations_are_pushed(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await move(office, booking_id, NOON)
    await office.run_worker()
    assert office.calcom_times() == [(NOON, NOON + 60, "ana")]
    await cancel(office, booking_id)
    await office.run_worker()
    assert office.calcom_times() == []
    await office.receive_all()
    assert await office.local_times() == []


async def test_several_changes_are_pushed_as_one(office: Office) -> None:
    booking_id = await book(office)
    await move(office, booking_id, NOON)
    await move(office, booking_id, TWO)
    await office.run_worker()
    assert (created_count(office), office.calcom_times()) == (1, [(TWO, TWO + 60, "ana")])


async def test_a_booking_cancelled_before_its_push_is_never_pushed(office: Office) -> None:
    await cancel(office, await book(office))
    await office.run_worker()
    assert created_count(office) == 0


@pytest.mark.parametrize("fault", AFTER)
async def test_a_lost_response_does_not_create_an_event_twice(office: Office, fault: Fault) -> None:
    await book(office)
    office.calcom.faults = [fault]
    await office.run_worker()
    assert (created_count(office), await pending_pushes(office)) == (1, 1)
    await retry(office)
    assert (created_count(office), await pending_pushes(office)) == (1, 0)


@pytest.mark.parametrize("fault", AFTER)
async def test_a_lost_response_does_not_reschedule_an_event_twice(office: Office, fault: Fault) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await move(office, booking_id, NOON)
    office.calcom.faults = [fault]
    await office.run_worker()
    await retry(office)
    assert (created_count(office), office.calcom_times(), await pending_pushes(office)) == (
        2,
        [(NOON, NOON + 60, "ana")],
        0,
    )


async def test_cancelling_after_a_lost_response_cancels_the_event(office: Office) -> None:
    booking_id = await book(office)
    office.calcom.faults = [Fault.ERROR_AFTER]
    await office.run_worker()
    await cancel(office, booking_id)
    await retry(office)
    assert (created_count(office), office.calcom_times()) == (1, [])


async def test_a_late_webhook_does_not_undo_a_second_move(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await move(office, booking_id, NOON)
    office.calcom.faults = [Fault.DROPPED_AFTER]
    await office.run_worker()
    await move(office, booking_id, TWO)
    await office.receive_all()
    assert await office.local_times() == [(TWO, TWO + 60, "ana")], "the late webhook is the result of a push"
    await retry(office)
    assert office.calcom_times() == [(TWO, TWO + 60, "ana")]


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.ERROR_BEFORE])
async def test_a_failed_push_is_retried(office: Office, fault: Fault) -> None:
    await book(office)
    office.calcom.faults = [fault]
    await office.run_worker()
    assert created_count(office) == 0
    await retry(office)
    assert created_count(office) == 1


async def test_no_requests_are_sent_during_retry_after(office: Office) -> None:
    for hour in range(8, 11):
        await book(office, at(f"{hour:02}:00"))
    office.calcom.faults, office.calcom.retry_after = [Fault.TOO_MANY], "60"
    await office.run_worker()
    await office.run_worker()
    posts = [request for request in office.calcom.requests if request[0] == "POST"]
    assert posts == [], "the other bookings are not tried"
    (waiting, *_) = (await office.shop.store.calendar("shop")).pushes
    assert waiting.tried_at_ms is None, "the request certainly had no effect"


async def test_repeated_failures_pause_all_requests(office: Office) -> None:
    for hour in range(8, 18):
        await book(office, at(f"{hour:02}:00"))
    office.calcom.faults = [Fault.ERROR_BEFORE] * 40
    await office.run_worker()
    assert len(office.calcom.faults) >= 40 - 2 * FAILURES, "half of the bookings are not tried at all"
    attempts = [push.attempts for push in (await office.shop.store.calendar("shop")).pushes]
    assert attempts.count(0) >= 3


async def test_a_rejected_push_marks_the_booking_and_is_not_retried(office: Office) -> None:
    office.state.event_types.pop(ANA_VISIT)
    booking_id = await book(office)
    await office.run_worker()
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert stored.attention.in_order() == (AttentionCause.PUSH_REJECTED,)
    assert stored.attention.detail
    assert "Kim" not in stored.attention.detail
    requests = len(office.calcom.requests)
    await office.run_worker()
    assert len(office.calcom.requests) == requests
    await move(office, booking_id, NOON)
    await office.run_worker()
    assert len(office.calcom.requests) > requests, "the booking has changed"


async def test_a_rejected_push_is_retried_when_the_time_is_free(office: Office) -> None:
    uid = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    booking_id = await book(office)
    await office.run_worker()
    await office.receive_all()
    assert [push.refused != "" for push in (await office.shop.store.calendar("shop")).pushes] == [True]
    office.state.cancel(uid)
    await office.receive_all()
    await retry(office)
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ana")]
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert stored.attention == NO_ATTENTION


async def test_an_event_that_calcom_does_not_move_does_not_block_its_old_time(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await move(office, booking_id, NOON)
    taken = office.state.book(ANA_VISIT, NOON, ATTENDEE)
    await office.run_worker()
    assert office.calcom_times() == [(NOON, NOON + 60, "ana")]
    await office.receive_all()
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert (stored.status, stored.claim.start) == (BookingStatus.RESCHEDULED, NOON)
    assert AttentionCause.PUSH_REJECTED in stored.attention.causes
    await book(office)
    await office.run_worker()
    assert office.calcom_times() == [(TEN, TEN + 60, "ana"), (NOON, NOON + 60, "ana")]
    office.state.cancel(taken.uid)
    await office.receive_all()
    await retry(office)
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ana"), (NOON, NOON + 60, "ana")]


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, *AFTER])
async def test_cancelling_an_event_that_calcom_does_not_move_is_retried(office: Office, fault: Fault) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await move(office, booking_id, NOON)
    office.state.book(ANA_VISIT, NOON, ATTENDEE)
    office.calcom.faults = [None, None, None, fault]  # of the cancellation; two reads precede it
    await office.run_worker()
    await office.receive_all()
    await retry(office)
    assert office.calcom_times() == [(NOON, NOON + 60, "ana")]
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert (stored.status, stored.claim.start) == (BookingStatus.RESCHEDULED, NOON)


async def test_the_calendar_wins_if_both_sides_move_a_booking(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    (event,) = office.state.live()
    office.calcom.messages.clear()
    await move(office, booking_id, NOON)
    office.state.reschedule(event.uid, TWO)
    await office.receive_all()
    await office.run_worker()
    assert office.calcom_times() == await office.local_times() == [(TWO, TWO + 60, "ana")]
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert stored.attention == Attention.of(AttentionCause.MOVED_TWICE)


async def test_a_booking_cancelled_here_and_moved_in_calcom_is_cancelled(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    (event,) = office.state.live()
    await cancel(office, booking_id)
    office.state.reschedule(event.uid, TWO)
    await office.run_worker()
    await office.receive_all()
    await retry(office)
    assert office.calcom_times() == await office.local_times() == []


async def test_a_reassigned_booking_moves_to_the_technicians_event_type(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    reassigned = replace(stored, claim=replace(stored.claim, technician_id="ben"))
    await office.shop.store.write("shop", lambda transaction: transaction.save_booking(reassigned))
    await office.run_worker()
    await office.receive_all()
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ben")]
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert stored.status is not BookingStatus.CANCELLED


async def test_a_duplicate_event_is_cancelled(office: Office) -> None:
    booking_id = await book(office)
    office.calcom.messages.clear()
    await office.run_worker()
    office.state.allows_overlaps = True
    metadata = {"slotmcpProject": "shop", "slotmcpBooking": booking_id}
    office.state.book(ANA_VISIT, TEN, ATTENDEE, metadata=metadata)
    await office.receive_all()
    await office.worker.sync("shop")
    await retry(office)
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ana")]
    assert len(await office.shop.store.bookings("shop")) == 1


async def test_the_successor_of_an_event_is_searched_before_another_is_created(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    (event,) = office.state.live()
    office.calcom.messages.clear()
    office.state.reschedule(event.uid, NOON)
    office.calcom.messages.clear()
    await move(office, booking_id, TWO)
    await office.run_worker()
    await retry(office)
    assert office.calcom_times() == await office.local_times()
    assert len(office.calcom_times()) == 1
    assert created_count(office) == 2, "the first event and its replacement"


async def test_a_booking_without_an_event_type_is_not_pushed(office: Office) -> None:
    business = plan(ANA, BEN, services=(*BUSINESS.services, service("secret")), calcom=BUSINESS.project.calcom)
    await office.shop.app.projects.import_project(
        replace(business, bookings=(booking("b-1", "ben", "15:00"),)), prune=False
    )
    await book(office, service_id="secret")
    await office.run_worker()
    assert created_count(office) == 0
    assert await pending_pushes(office) == 0


async def test_a_booking_that_has_begun_is_not_pushed(office: Office) -> None:
    await book(office)
    office.shop.at_time("10:00")
    await office.run_worker()
    assert created_count(office) == 0
    assert await pending_pushes(office) == 0


async def test_retries_search_from_the_first_attempt_with_unknown_outcome(office: Office) -> None:
    await book(office)
    office.calcom.faults = [Fault.ERROR_AFTER]
    await office.run_worker()
    (first,) = (await office.shop.store.calendar("shop")).pushes
    office.calcom.faults = [Fault.ERROR_BEFORE] * 4
    office.shop.clock.advance(seconds=100)
    await office.run_worker()
    (second,) = (await office.shop.store.calendar("shop")).pushes
    assert second.attempts == first.attempts + 1
    assert second.tried_at_ms == first.tried_at_ms


async def test_an_unknown_successor_of_a_cancelled_booking_is_cancelled(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    (event,) = office.state.live()
    await cancel(office, booking_id)
    await office.shop.store.write("shop", lambda transaction: transaction.calendar.complete_push(booking_id, 1))
    office.state.reschedule(event.uid, TWO)
    await office.receive_all()
    await office.run_worker()
    assert office.calcom_times() == []


async def test_an_unusual_duration_is_pushed(office: Office) -> None:
    await book(office, duration_minutes=90, customer=Customer(name="Ed", phone="", email="ed@example.com"))
    await office.run_worker()
    assert office.calcom_times() == [(TEN, TEN + 90, "ana")]
    assert office.state.live()[0].attendee["email"] == "ed@example.com"


async def correct(office: Office, booking_id: str, **facts: str) -> None:
    await office.shop.app.bookings.update_booking(UpdateRequest(booking_id=booking_id, **facts))  # type: ignore[arg-type]


async def test_a_corrected_customer_and_address_get_another_event(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await correct(office, booking_id, name="Kim Roe", new_phone="720 555 0100", new_email="kim@example.com")
    await correct(office, booking_id, address="2 Oak St")
    await office.run_worker()
    (event,) = office.state.live()
    assert (event.attendee["name"], event.attendee["phoneNumber"]) == ("Kim Roe", "+17205550100")
    assert (event.attendee["email"], event.notes) == ("kim@example.com", "2 Oak St")
    assert event.metadata == {"slotmcpProject": "shop", "slotmcpBooking": booking_id}
    assert (created_count(office), await pending_pushes(office)) == (2, 0)
    await office.receive_all()
    stored = await office.shop.store.booking("shop", booking_id)
    assert stored is not None
    assert (stored.status, stored.attention) == (BookingStatus.CONFIRMED, NO_ATTENTION)
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ana")]


@pytest.mark.parametrize("facts", [{"notes": "gate 1234"}, {"name": "Kim Doe"}])
async def test_what_the_event_does_not_show_is_not_pushed(office: Office, facts: dict[str, str]) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await correct(office, booking_id, **facts)
    assert await pending_pushes(office) == 0


async def test_a_correction_before_the_first_push_creates_one_event(office: Office) -> None:
    booking_id = await book(office)
    await correct(office, booking_id, name="Kim Roe")
    await office.run_worker()
    assert [event.attendee["name"] for event in office.state.bookings.values()] == ["Kim Roe"]


async def test_a_correction_and_a_move_are_pushed_as_one(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await correct(office, booking_id, name="Kim Roe")
    await move(office, booking_id, NOON)
    await office.run_worker()
    assert (created_count(office), office.calcom_times()) == (2, [(NOON, NOON + 60, "ana")])


@pytest.mark.parametrize("fault", AFTER)
@pytest.mark.parametrize("ahead", [0, 1, 2])
async def test_a_correction_during_a_lost_response_is_not_lost(office: Office, fault: Fault, ahead: int) -> None:
    booking_id = await book(office)
    office.calcom.faults = [*[None] * ahead, fault]
    await office.run_worker()
    await correct(office, booking_id, name="Kim Roe")
    await office.run_worker()
    await office.receive_all()
    await retry(office)
    await retry(office)
    assert [event.attendee["name"] for event in office.state.live()] == ["Kim Roe"]
    assert office.calcom_times() == await office.local_times() == [(TEN, TEN + 60, "ana")]
    assert await pending_pushes(office) == 0


async def test_a_correction_of_a_canceled_booking_creates_no_event(office: Office) -> None:
    booking_id = await book(office)
    await office.run_worker()
    await cancel(office, booking_id)
    await correct(office, booking_id, name="Kim Roe")
    await office.run_worker()
    assert (created_count(office), office.calcom_times()) == (1, [])
