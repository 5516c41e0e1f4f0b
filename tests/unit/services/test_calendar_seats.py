"""Events with seats: one attendee leaves, and the visit stays while another one is left."""

import pytest

from slotmcp.calcom.client import CalcomAccount
from slotmcp.domain.attention import NO_ATTENTION, Attention, AttentionCause
from slotmcp.domain.booking import Booking, BookingStatus, Customer
from slotmcp.ports.calendar import CalendarRejected
from slotmcp.services.calendar.apply import Effect
from slotmcp.services.lookups import FindRequest
from support.calcom.office import COURSE, Office
from support.shop import at

CUSTOMER_LEFT = Attention.of(AttentionCause.CUSTOMER_LEFT)
TEN, NOON, TWO = at("10:00"), at("12:00"), at("14:00")
KIM = {"name": "Kim Doe", "email": "kim@example.com", "timeZone": "UTC", "phoneNumber": "+13035550142"}
LEE = {"name": "Lee Roe", "email": "lee@example.com", "timeZone": "UTC", "phoneNumber": "+13035550143"}


async def courses(office: Office) -> list[Booking]:
    """Return the bookings that are not cancelled."""
    return list(await office.shop.store.bookings("shop"))


async def the_course(office: Office) -> Booking:
    (course,) = await courses(office)
    return course


async def two_seats(office: Office) -> str:
    """Book a course for Kim and Lee; return its uid."""
    uid = office.state.book(COURSE, TEN, KIM).uid
    office.state.take_seat(uid, LEE)
    await office.receive_all()
    return uid


@pytest.mark.parametrize("names_seat", ["seatReferenceUid", "attendeeSeatId", ""])
@pytest.mark.parametrize("left", [KIM, LEE])
async def test_a_visit_stays_while_an_attendee_is_left(office: Office, names_seat: str, left: dict[str, str]) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, left["email"], names_seat=names_seat)
    await office.receive_all()
    course = await the_course(office)
    assert (course.claim.start, course.status) == (TEN, BookingStatus.CONFIRMED)
    await office.worker.sync("shop")
    assert await office.local_times() == office.calcom_times() == [(TEN, TEN + 60, "ana")]


async def test_another_attendee_becomes_the_customer(office: Office) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"])
    await office.receive_all()
    assert (await the_course(office)).attention == CUSTOMER_LEFT
    await office.worker.sync("shop")
    course = await the_course(office)
    assert course.customer == Customer(name="Lee Roe", phone="+13035550143", email="lee@example.com")
    assert course.attention == NO_ATTENTION
    bookings = office.shop.app.bookings
    assert (await bookings.find_bookings(FindRequest(email=KIM["email"]))).found == ()
    assert len((await bookings.find_bookings(FindRequest(email=LEE["email"]))).found) == 1


async def test_another_attendee_who_leaves_changes_nothing(office: Office) -> None:
    uid = await two_seats(office)
    revision = await office.shop.revision()
    office.state.cancel_seat(uid, LEE["email"])
    (result,) = await office.receive_all()
    assert (result.effect, await office.shop.revision()) == (Effect.KNOWN, revision)
    await office.worker.sync("shop")
    course = await the_course(office)
    assert course.customer is not None
    assert (course.customer.name, course.attention) == ("Kim Doe", NO_ATTENTION)


@pytest.mark.parametrize("names_seat", ["seatReferenceUid", ""])
async def test_the_last_attendee_who_leaves_cancels_the_visit(office: Office, names_seat: str) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"], names_seat=names_seat)
    office.state.cancel_seat(uid, LEE["email"], names_seat=names_seat)
    await office.receive_all()
    await office.worker.sync("shop")
    assert await office.local_times() == office.calcom_times() == []


async def test_a_named_last_seat_cancels_the_visit_too(office: Office) -> None:
    uid = office.state.book(COURSE, TEN, KIM).uid
    await office.receive_all()
    office.calcom.transform = lambda payload: {**payload, "seatReferenceUid": "seat-1"}
    office.state.cancel_seat(uid, KIM["email"])
    await office.receive_all()
    await office.worker.sync("shop")
    assert await courses(office) == []


@pytest.mark.parametrize("more", [{"cancelledBy": "ana@example.com"}, {"attendees": [KIM, LEE]}, {"attendees": []}])
async def test_the_host_cancels_all_seats_at_once(office: Office, more: dict[str, object]) -> None:
    uid = await two_seats(office)
    office.calcom.transform = lambda payload: {**payload, **more}
    office.state.cancel(uid)
    await office.receive_all()
    assert await courses(office) == []


async def test_a_lost_delivery_of_a_cancelled_course_is_found_by_reconciliation(office: Office) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"])
    await office.receive_all()
    office.state.cancel(uid)
    office.calcom.messages.clear()
    await office.worker.sync("shop")
    assert await courses(office) == []


async def test_without_visible_attendees_the_mark_stays_for_the_operator(office: Office) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"])
    await office.receive_all()
    office.state.bookings[uid].attendee = {"name": "", "email": "", "timeZone": "UTC"}
    await office.worker.sync("shop")
    course = await the_course(office)
    assert (course.customer, course.attention) == (None, CUSTOMER_LEFT)


async def test_an_event_that_the_account_cannot_read_does_not_stop_reconciliation(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"])
    await office.receive_all()

    async def reject(_account: CalcomAccount, _uid: str) -> None:
        raise CalendarRejected("it rejected the request (HTTP 400)")

    monkeypatch.setattr(CalcomAccount, "event", reject)
    await office.worker.sync("shop")
    course = await the_course(office)
    assert course.customer is not None
    assert (course.customer.name, course.attention) == ("Kim Doe", CUSTOMER_LEFT)


@pytest.mark.parametrize("order", [(2, 0, 1), (2, 1, 0), (0, 2, 1), (1, 2, 0), (1, 0, 2), (2,), (2, 2, 1)])
async def test_the_order_of_deliveries_does_not_matter(office: Office, order: tuple[int, ...]) -> None:
    uid = office.state.book(COURSE, TEN, KIM).uid
    office.state.take_seat(uid, LEE)
    office.state.cancel_seat(uid, KIM["email"], names_seat="seatReferenceUid")
    messages = list(office.calcom.messages)
    for number in order:
        await office.receive(messages[number])
    await office.worker.sync("shop")
    assert await office.local_times() == office.calcom_times() == [(TEN, TEN + 60, "ana")]
    course = await the_course(office)
    assert course.customer is not None
    assert (course.customer.name, course.attention) == ("Lee Roe", NO_ATTENTION)


async def test_a_late_seat_cancellation_does_not_revive_a_cancelled_course(office: Office) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"])
    office.state.cancel(uid)
    seat, course = office.calcom.messages
    await office.receive(course)
    await office.worker.sync("shop")
    await office.receive(seat)
    assert await courses(office) == []


async def test_a_seat_taken_after_a_cancellation_is_newer(office: Office) -> None:
    uid = await two_seats(office)
    office.state.cancel_seat(uid, LEE["email"])
    office.state.take_seat(uid, LEE)
    await office.receive_all()
    office.state.cancel(uid)
    await office.worker.sync("shop")
    assert await courses(office) == []


async def test_a_moved_seat_leaves_the_visit_to_the_others(office: Office) -> None:
    uid = await two_seats(office)
    office.state.move_seat(uid, KIM["email"], TWO)
    await office.receive_all()
    await office.worker.sync("shop")
    expected = [(TEN, TEN + 60, "ana"), (TWO, TWO + 60, "ana")]
    assert await office.local_times() == office.calcom_times() == expected
    names = [course.customer and course.customer.name for course in await courses(office)]
    assert names == ["Lee Roe", "Kim Doe"]


@pytest.mark.parametrize("names_successor", [True, False])
@pytest.mark.parametrize("is_delivered", [True, False])
async def test_the_only_attendee_who_moves_moves_the_visit(
    office: Office, *, names_successor: bool, is_delivered: bool
) -> None:
    uid = office.state.book(COURSE, TEN, KIM).uid
    await office.receive_all()
    moved = office.state.move_seat(uid, KIM["email"], TWO)
    office.state.bookings[uid].replaced_by = moved.uid if names_successor else ""
    if is_delivered:
        await office.receive_all()
    office.calcom.messages.clear()
    for _ in range(2):
        await office.worker.sync("shop")
    assert await office.local_times() == office.calcom_times() == [(TWO, TWO + 60, "ana")]
    course = await the_course(office)
    assert (course.customer and course.customer.name, course.attention) == ("Kim Doe", NO_ATTENTION)


async def test_a_moved_seat_is_found_by_reconciliation_alone(office: Office) -> None:
    uid = await two_seats(office)
    office.state.move_seat(uid, KIM["email"], TWO)
    office.calcom.messages.clear()
    await office.worker.sync("shop")
    assert await office.local_times() == office.calcom_times() == [(TEN, TEN + 60, "ana"), (TWO, TWO + 60, "ana")]


async def test_a_course_without_a_service_keeps_its_time(office: Office) -> None:
    office.calcom.transform = lambda payload: {**payload, "eventTypeId": 99}
    uid = await two_seats(office)
    office.state.cancel_seat(uid, KIM["email"])
    await office.receive_all()
    assert await office.local_times() == [(TEN, TEN + 60, "ana")]
    assert await courses(office) == []


async def test_erased_customers_do_not_return(office: Office) -> None:
    uid = await two_seats(office)
    await office.shop.app.customers.forget("shop", KIM["email"])
    office.state.cancel_seat(uid, LEE["email"])
    await office.receive_all()
    await office.worker.sync("shop")
    assert (await the_course(office)).customer is None
