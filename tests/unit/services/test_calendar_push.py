"""Telling the calendar: soon, once, and again where nobody knows whether it heard."""

from dataclasses import replace

import pytest

from slotmcp.domain.booking import BookingStatus, Customer
from slotmcp.services.calendar.allocation import MOVED_ON_BOTH_SIDES
from slotmcp.services.calendar.connection import FAILURES
from slotmcp.services.calendar.push import REFUSED
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANA, ANAS, ATTENDEE, BEN, BUSINESS, Office
from support.calcom.server import Fault
from support.shop import CALLER, at, booking, plan, service

TEN, NOON, TWO = at("10:00"), at("12:00"), at("14:00")
AFTER = [fault for fault in Fault if fault.name.endswith("AFTER") and "SILENT" not in fault.name]


async def book(office: Office, start: int = TEN, **facts: object) -> str:
    facts = {"service_id": "visit", "technician_id": "ana", "customer": CALLER, **facts}
    return (await office.shop.book(start, **facts)).booking.id


async def move(office: Office, booking_id: str, start: int) -> None:
    await office.shop.app.bookings.reschedule_booking(RescheduleRequest(booking_id=booking_id, start=start))


async def cancel(office: Office, booking_id: str) -> None:
    await office.shop.app.bookings.cancel_booking(CancelRequest(booking_id=booking_id))


async def retry(office: Office) -> None:
    """Later."""
    office.shop.clock.advance(seconds=1000)
    await office.work()


def made(office: Office) -> int:
    """How many events were ever made there."""
    return len(office.world.bookings)


async def pushes(office: Office) -> int:
    return len((await office.shop.store.calendar("shop")).pushes)


async def test_what_is_booked_here_is_there_soon_after(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    assert office.there() == await office.taken() == [(TEN, TEN + 60, "ana")]
    (event,) = office.world.live()
    assert event.metadata == {"slotmcpProject": "shop", "slotmcpBooking": booking_id}
    assert event.attendee == {"name": "Kim Doe", "phoneNumber": "+13035550142", "timeZone": "UTC", "language": "en"}
    assert await pushes(office) == 0


async def test_its_own_echo_changes_nothing(office: Office) -> None:
    await book(office)
    await office.work()
    revision = await office.shop.revision()
    await office.hear_all()
    assert await office.shop.revision() == revision
    assert len(await office.shop.store.bookings("shop")) == 1


async def test_an_echo_that_comes_before_the_answer_is_known_too(office: Office) -> None:
    await book(office)
    office.calcom.faults = [Fault.DROPPED_AFTER]
    await office.work()
    await office.hear_all()
    assert len(await office.shop.store.bookings("shop")) == 1
    await retry(office)
    assert (made(office), await pushes(office)) == (1, 0)


async def test_moves_and_cancellations_follow(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    await move(office, booking_id, NOON)
    await office.work()
    assert office.there() == [(NOON, NOON + 60, "ana")]
    await cancel(office, booking_id)
    await office.work()
    assert office.there() == []
    await office.hear_all()
    assert await office.taken() == []


async def test_several_changes_are_told_as_one(office: Office) -> None:
    booking_id = await book(office)
    await move(office, booking_id, NOON)
    await move(office, booking_id, TWO)
    await office.work()
    assert (made(office), office.there()) == (1, [(TWO, TWO + 60, "ana")])


async def test_what_was_cancelled_before_it_was_told_is_never_told(office: Office) -> None:
    await cancel(office, await book(office))
    await office.work()
    assert made(office) == 0


@pytest.mark.parametrize("fault", AFTER)
async def test_a_lost_answer_makes_nothing_twice(office: Office, fault: Fault) -> None:
    await book(office)
    office.calcom.faults = [fault]
    await office.work()
    assert (made(office), await pushes(office)) == (1, 1)
    await retry(office)
    assert (made(office), await pushes(office)) == (1, 0)


@pytest.mark.parametrize("fault", AFTER)
async def test_a_lost_answer_moves_nothing_twice(office: Office, fault: Fault) -> None:
    booking_id = await book(office)
    await office.work()
    await move(office, booking_id, NOON)
    office.calcom.faults = [fault]
    await office.work()
    await retry(office)
    assert (made(office), office.there(), await pushes(office)) == (2, [(NOON, NOON + 60, "ana")], 0)


async def test_cancelled_while_nobody_knows_whether_it_was_made(office: Office) -> None:
    booking_id = await book(office)
    office.calcom.faults = [Fault.BROKEN_AFTER]
    await office.work()
    await cancel(office, booking_id)
    await retry(office)
    assert (made(office), office.there()) == (1, [])


async def test_moved_again_while_its_echo_is_on_its_way(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    await move(office, booking_id, NOON)
    office.calcom.faults = [Fault.DROPPED_AFTER]
    await office.work()
    await move(office, booking_id, TWO)
    await office.hear_all()
    assert await office.taken() == [(TWO, TWO + 60, "ana")], "the echo of noon is not somebody else's wish"
    await retry(office)
    assert office.there() == [(TWO, TWO + 60, "ana")]


@pytest.mark.parametrize("fault", [Fault.TOO_MANY, Fault.BROKEN_BEFORE])
async def test_what_was_not_done_is_done_later(office: Office, fault: Fault) -> None:
    await book(office)
    office.calcom.faults = [fault]
    await office.work()
    assert made(office) == 0
    await retry(office)
    assert made(office) == 1


async def test_it_is_left_alone_for_as_long_as_it_says(office: Office) -> None:
    for hour in range(8, 11):
        await book(office, at(f"{hour:02}:00"))
    office.calcom.faults, office.calcom.retry_after = [Fault.TOO_MANY], "60"
    await office.work()
    await office.work()
    posts = [one for one in office.calcom.asked if one[0] == "POST"]
    assert posts == [], "the others are not even tried"
    (waiting, *_) = (await office.shop.store.calendar("shop")).pushes
    assert waiting.tried_at_ms is None, "it is certain that it did nothing"


async def test_it_is_left_alone_once_it_has_failed_several_times(office: Office) -> None:
    for hour in range(8, 18):
        await book(office, at(f"{hour:02}:00"))
    office.calcom.faults = [Fault.BROKEN_BEFORE] * 40
    await office.work()
    assert len(office.calcom.faults) >= 40 - 2 * FAILURES, "of ten bookings half are not tried at all"
    attempts = [one.attempts for one in (await office.shop.store.calendar("shop")).pushes]
    assert attempts.count(0) >= 3


async def test_what_is_refused_for_good_is_marked_and_not_asked_again(office: Office) -> None:
    office.world.event_types.pop(ANAS)
    booking_id = await book(office)
    await office.work()
    found = await office.shop.store.booking("shop", booking_id)
    assert found is not None
    assert found.attention.startswith(REFUSED)
    assert "Kim" not in found.attention
    asked = len(office.calcom.asked)
    await office.work()
    assert len(office.calcom.asked) == asked
    await move(office, booking_id, NOON)
    await office.work()
    assert len(office.calcom.asked) > asked, "the booking has changed"


async def test_what_was_in_the_way_there_is_tried_again_when_it_has_left(office: Office) -> None:
    uid = office.world.book(ANAS, TEN, ATTENDEE).uid
    booking_id = await book(office)
    await office.work()
    await office.hear_all()
    assert [one.refused != "" for one in (await office.shop.store.calendar("shop")).pushes] == [True]
    office.world.cancel(uid)
    await office.hear_all()
    await retry(office)
    assert office.there() == await office.taken() == [(TEN, TEN + 60, "ana")]
    found = await office.shop.store.booking("shop", booking_id)
    assert found is not None
    assert found.attention == ""


async def test_moved_on_both_sides_the_calendar_holds_and_somebody_is_told(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    (event,) = office.world.live()
    office.calcom.messages.clear()
    await move(office, booking_id, NOON)
    office.world.reschedule(event.uid, TWO)
    await office.hear_all()
    await office.work()
    assert office.there() == await office.taken() == [(TWO, TWO + 60, "ana")]
    found = await office.shop.store.booking("shop", booking_id)
    assert found is not None
    assert found.attention == MOVED_ON_BOTH_SIDES


async def test_cancelled_here_and_moved_there_it_is_cancelled(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    (event,) = office.world.live()
    await cancel(office, booking_id)
    office.world.reschedule(event.uid, TWO)
    await office.work()
    await office.hear_all()
    await retry(office)
    assert office.there() == await office.taken() == []


async def test_a_booking_for_somebody_else_goes_to_their_own_event_type(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    found = await office.shop.store.booking("shop", booking_id)
    assert found is not None
    given = replace(found, claim=replace(found.claim, technician_id="ben"))
    await office.shop.store.write("shop", lambda transaction: transaction.save_booking(given))
    await office.work()
    await office.hear_all()
    assert office.there() == await office.taken() == [(TEN, TEN + 60, "ben")]
    again = await office.shop.store.booking("shop", booking_id)
    assert again is not None
    assert again.status is not BookingStatus.CANCELLED


async def test_what_was_made_twice_all_the_same_is_made_one(office: Office) -> None:
    booking_id = await book(office)
    office.calcom.messages.clear()
    await office.work()
    office.world.allows_overlaps = True
    metadata = {"slotmcpProject": "shop", "slotmcpBooking": booking_id}
    office.world.book(ANAS, TEN, ATTENDEE, metadata=metadata)
    await office.hear_all()
    await office.worker.sync("shop")
    await retry(office)
    assert office.there() == await office.taken() == [(TEN, TEN + 60, "ana")]
    assert len(await office.shop.store.bookings("shop")) == 1


async def test_what_replaced_an_event_is_looked_for_before_another_is_made(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    (event,) = office.world.live()
    office.calcom.messages.clear()
    office.world.reschedule(event.uid, NOON)
    office.calcom.messages.clear()
    await move(office, booking_id, TWO)
    await office.work()
    await retry(office)
    assert office.there() == await office.taken()
    assert len(office.there()) == 1
    assert made(office) == 2, "the one that it was, and the one that it was moved to"


async def test_nothing_is_told_of_what_it_does_not_know(office: Office) -> None:
    business = plan(ANA, BEN, services=(*BUSINESS.services, service("secret")), calcom=BUSINESS.project.calcom)
    await office.shop.app.projects.import_project(
        replace(business, bookings=(booking("b-1", "ben", "15:00"),)), prune=False
    )
    await book(office, service_id="secret")
    await office.work()
    assert made(office) == 0
    assert await pushes(office) == 0


async def test_what_has_begun_is_not_told_any_more(office: Office) -> None:
    await book(office)
    office.shop.at_time("10:00")
    await office.work()
    assert made(office) == 0
    assert await pushes(office) == 0


async def test_while_nobody_knows_it_is_looked_for_from_the_first_attempt_on(office: Office) -> None:
    await book(office)
    office.calcom.faults = [Fault.BROKEN_AFTER]
    await office.work()
    (first,) = (await office.shop.store.calendar("shop")).pushes
    office.calcom.faults = [Fault.BROKEN_BEFORE] * 4
    office.shop.clock.advance(seconds=100)
    await office.work()
    (second,) = (await office.shop.store.calendar("shop")).pushes
    assert second.attempts == first.attempts + 1
    assert second.tried_at_ms == first.tried_at_ms


async def test_cancelled_here_and_moved_there_before_it_was_heard_of(office: Office) -> None:
    booking_id = await book(office)
    await office.work()
    (event,) = office.world.live()
    await cancel(office, booking_id)
    await office.shop.store.write("shop", lambda transaction: transaction.calendar.complete_push(booking_id, 1))
    office.world.reschedule(event.uid, TWO)
    await office.hear_all()
    await office.work()
    assert office.there() == []


async def test_a_length_that_is_not_the_usual_one_is_told(office: Office) -> None:
    await book(office, duration_minutes=90, customer=Customer(name="Ed", phone="", email="ed@example.com"))
    await office.work()
    assert office.there() == [(TEN, TEN + 90, "ana")]
    assert office.world.live()[0].attendee["email"] == "ed@example.com"
