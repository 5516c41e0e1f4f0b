"""Effects of calendar events: bookings, busy times, and events that are deferred for an operator."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.services.calendar.allocation import CANCELLED
from slotmcp.services.calendar.apply import Effect
from slotmcp.services.lookups import FindRequest
from slotmcp.services.slots import SlotQuery
from support.calcom.office import (
    ANA,
    ANA_VISIT,
    ATTENDEE,
    BEN,
    BEN_VISIT,
    BUSINESS,
    CONNECTION,
    HOST_ANA,
    HOST_BEN,
    ON_REQUEST,
    OTHER_TYPE,
    TEAM_VISIT,
    UNKNOWN_HOST,
    UNKNOWN_HOST_VISIT,
    Office,
    open_office,
)
from support.calcom.server import SECRET
from support.calcom.wire import Message
from support.shop import at, plan, service

TEN = at("10:00")


async def bookings(office: Office) -> dict[str, tuple[int, str, BookingStatus]]:
    """Return start, technician and status of every booking that is not cancelled, by id."""
    bookings = await office.shop.store.bookings("shop")
    return {each.id: (each.claim.start, each.claim.technician_id, each.status) for each in bookings}


async def starts(office: Office, technician_id: str = "ana") -> str:
    return await office.shop.offered(service_id="visit", technician_id=technician_id)


async def test_a_calcom_booking_becomes_a_booking(office: Office) -> None:
    office.state.book(ANA_VISIT, TEN, ATTENDEE, notes="Mind the dog")
    assert "09:30" in await starts(office)
    (result,) = await office.receive_all()
    assert result.effect is Effect.APPLIED
    assert list((await bookings(office)).values()) == [(TEN, "ana", BookingStatus.CONFIRMED)]
    assert "09:00 11:00" in await starts(office), "the hour is taken"
    (match,) = (await office.shop.app.bookings.find_bookings(FindRequest(email="kim@example.com"))).found
    assert match.booking.customer is not None
    assert (match.booking.customer.name, match.booking.customer.phone) == ("Kim Doe", "+13035550142")
    assert (match.booking.visit.address, match.booking.visit.notes) == ("1 Main St", "Mind the dog")


async def test_a_customer_is_found_by_the_phone_number_that_calcom_calls(office: Office) -> None:
    office.calcom.transform = lambda payload: {**payload, "location": "tel:+1-303-555-0189"}
    office.state.book(ANA_VISIT, TEN, {"name": "Kim Doe", "email": "kim@example.com", "timeZone": "UTC"})
    await office.receive_all()
    (match,) = (await office.shop.app.bookings.find_bookings(FindRequest(phone="303 555 0189"))).found
    assert match.booking.customer is not None
    assert match.booking.customer.phone == "+13035550189"
    assert match.booking.visit.address == ""


async def test_a_calcom_booking_counts_towards_the_load_of_its_day(office: Office) -> None:
    office.state.book(ANA_VISIT, TEN, ATTENDEE)
    await office.receive_all()
    answer = await office.shop.app.slots.get_slots(SlotQuery(from_=at("14:00"), to=at("14:01"), service_id="visit"))
    assert {candidate.technician_id: candidate.bookings_that_day for candidate in answer.offer.slots[0].candidates} == {
        "ana": 1,
        "ben": 0,
    }


async def test_a_calcom_booking_has_the_buffers_of_its_service(tmp_path: Path) -> None:
    business = plan(
        ANA, BEN, services=(service("visit", before=30, after=30), service("asked"), service("team")), calcom=CONNECTION
    )
    async with open_office(tmp_path / "shop.db", business) as office:
        office.state.book(ANA_VISIT, TEN, ATTENDEE)
        await office.receive_all()
        assert (await starts(office)).startswith("08:00 12:00"), "the buffers of both appointments apply"


async def test_rescheduling_in_calcom_moves_the_same_booking(office: Office) -> None:
    uid = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    await office.receive_all()
    (booking_id,) = await bookings(office)
    office.state.reschedule(uid, at("14:00"))
    await office.receive_all()
    assert await bookings(office) == {booking_id: (at("14:00"), "ana", BookingStatus.RESCHEDULED)}


async def test_cancelling_in_calcom_cancels_the_booking(office: Office) -> None:
    uid = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    await office.receive_all()
    (booking_id,) = await bookings(office)
    office.state.cancel(uid)
    await office.receive_all()
    booking = await office.shop.store.booking("shop", booking_id)
    assert booking is not None
    assert (booking.status, booking.cancel_reason) == (BookingStatus.CANCELLED, CANCELLED)
    assert "10:00" in await starts(office)


async def test_a_pending_booking_takes_time_until_it_is_rejected(office: Office) -> None:
    uid = office.state.book(ON_REQUEST, TEN, ATTENDEE).uid
    await office.receive_all()
    assert await bookings(office) == {}
    assert "10:00" not in await starts(office)
    office.state.reject(uid)
    await office.receive_all()
    assert "10:00" in await starts(office)


async def test_an_accepted_request_becomes_a_booking(office: Office) -> None:
    uid = office.state.book(ON_REQUEST, TEN, ATTENDEE).uid
    office.state.accept(uid)
    await office.receive_all()
    assert list((await bookings(office)).values()) == [(TEN, "ana", BookingStatus.CONFIRMED)]
    assert (await office.shop.store.schedule("shop")).technician_schedules["ana"].busy == ()


async def test_pending_bookings_take_no_time_if_the_project_says_so(tmp_path: Path) -> None:
    connection = CalcomConnection(api_key_env="KEY", webhook_secret_envs=("SECRET",), pending_blocks=False)
    async with open_office(tmp_path / "shop.db", calcom=connection) as office:
        office.state.book(ON_REQUEST, TEN, ATTENDEE)
        await office.receive_all()
        assert "10:00" in await starts(office)


async def test_an_event_type_without_a_service_only_takes_time(office: Office) -> None:
    uid = office.state.book(OTHER_TYPE, TEN, ATTENDEE).uid
    await office.receive_all()
    assert await bookings(office) == {}
    assert "10:30" in await starts(office)
    assert "10:00" not in await starts(office)
    office.state.cancel(uid)
    await office.receive_all()
    assert "10:00" in await starts(office)


async def test_an_out_of_office_entry_takes_time(office: Office) -> None:
    office.calcom.add_absence(HOST_BEN, at("08:00"), at("12:00"))
    await office.receive_all()
    assert (await starts(office, "ben")).startswith("12:00")
    assert (await starts(office, "ana")).startswith("08:00")


async def test_reassigning_in_calcom_changes_the_technician(office: Office) -> None:
    uid = office.state.book(TEAM_VISIT, TEN, ATTENDEE).uid
    await office.receive_all()
    office.state.reassign(uid, HOST_BEN)
    await office.receive_all()
    assert "10:00" in await starts(office, "ana")
    assert "10:00" not in await starts(office, "ben")


async def test_other_hosts_of_an_event_are_busy(office: Office) -> None:
    office.calcom.transform = lambda payload: {
        **payload,
        "team": {"members": [{"id": 2, "email": "other@example.com"}]},
    }
    office.state.book(ANA_VISIT, TEN, ATTENDEE)
    await office.receive_all()
    assert len(await bookings(office)) == 1
    assert "10:00" not in await starts(office, "ana")
    assert "10:00" not in await starts(office, "ben")


@pytest.mark.parametrize("is_no_show", [True, False])
async def test_a_no_show_in_calcom_sets_the_booking_status(office: Office, *, is_no_show: bool) -> None:
    uid = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    await office.receive_all()
    office.state.mark_no_show(uid)
    assert [result.effect for result in await office.receive_all()] == [Effect.IGNORED], "it has not begun"
    office.shop.at_time("10:30")
    office.state.mark_no_show(uid)
    office.state.mark_no_show(uid, is_no_show=is_no_show)
    await office.receive_all()
    (status,) = [status for _, _, status in (await bookings(office)).values()]
    assert status is (BookingStatus.NO_SHOW if is_no_show else BookingStatus.COMPLETED)


@pytest.mark.parametrize("is_no_show", [True, False])
async def test_the_newest_no_show_report_counts_in_any_order(office: Office, *, is_no_show: bool) -> None:
    uid = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    await office.receive_all()
    office.shop.at_time("10:30")
    office.state.mark_no_show(uid, is_no_show=not is_no_show)
    office.shop.at_time("10:31")
    office.state.mark_no_show(uid, is_no_show=is_no_show)
    earlier, later = office.calcom.messages
    effects = [(await office.receive(message)).effect for message in (later, earlier)]
    assert effects == [Effect.APPLIED if is_no_show else Effect.IGNORED, Effect.KNOWN]
    (status,) = [status for _, _, status in (await bookings(office)).values()]
    assert status is (BookingStatus.NO_SHOW if is_no_show else BookingStatus.CONFIRMED)


def undated(message: Message) -> Message:
    """Return the message without its time."""
    return Message.of({key: value for key, value in json.loads(message.body).items() if key != "createdAt"}, SECRET)


async def test_undated_deliveries_create_and_end_events_but_undo_nothing(office: Office) -> None:
    uid = office.state.book(ON_REQUEST, TEN, ATTENDEE).uid
    office.state.accept(uid)
    moved = office.state.reschedule(uid, at("11:00"))
    office.state.cancel(moved.uid)
    requested, accepted, rescheduled, cancelled = map(undated, office.calcom.messages)
    assert (await office.receive(accepted)).effect is Effect.APPLIED
    assert (await office.receive(requested)).effect is Effect.KNOWN, "the request is older than the acceptance"
    assert [start for start, _, _ in (await bookings(office)).values()] == [TEN]
    assert (await office.receive(rescheduled)).effect is Effect.APPLIED
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("11:00")]
    assert (await office.receive(cancelled)).effect is Effect.APPLIED
    assert await bookings(office) == {}


async def test_an_event_with_an_unknown_host_is_deferred_and_can_be_replayed(office: Office) -> None:
    office.state.book(UNKNOWN_HOST_VISIT, TEN, ATTENDEE)
    office.state.event_types[UNKNOWN_HOST_VISIT] = replace(
        office.state.event_types[UNKNOWN_HOST_VISIT], hosts=(UNKNOWN_HOST,)
    )
    (result,) = await office.receive_all()
    assert result.effect is Effect.DEFERRED
    calendars = office.shop.app.calendars
    (deferred,) = (await calendars.view("shop")).deferred
    assert "technicians[].calcom" in deferred.why
    assert [result.effect for result in await calendars.replay("shop")] == [Effect.DEFERRED], (
        "the project file has not changed yet"
    )
    host = replace(ANA.calcom, user_id=UNKNOWN_HOST.id) if ANA.calcom else None
    business = replace(BUSINESS, technicians=(replace(ANA, calcom=host), BEN))
    await office.shop.app.projects.import_project(business, prune=False)
    assert [result.effect for result in await calendars.replay("shop", deferred.event.uid)] == [Effect.APPLIED]
    assert (await calendars.view("shop")).deferred == ()
    assert "10:00" not in await starts(office)


async def test_a_deferred_event_that_is_cancelled_is_removed(office: Office) -> None:
    uid = office.state.book(UNKNOWN_HOST_VISIT, TEN, ATTENDEE).uid
    await office.receive_all()
    office.state.cancel(uid)
    await office.receive_all()
    assert (await office.shop.app.calendars.view("shop")).deferred == ()


async def test_a_cancellation_that_arrives_before_the_creation_counts(office: Office) -> None:
    uid = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    office.state.cancel(uid)
    office.calcom.messages.reverse()
    await office.receive_all()
    assert await bookings(office) == {}
    assert "10:00" in await starts(office)


async def test_an_older_event_never_undoes_a_newer_one(office: Office) -> None:
    first = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    second = office.state.reschedule(first, at("12:00")).uid
    office.state.reschedule(second, at("14:00"))
    office.calcom.messages.reverse()
    await office.receive_all()
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("14:00")]


@pytest.mark.parametrize("order", [(0, 2), (2, 0)])
async def test_a_lost_delivery_in_a_chain_of_reschedules_does_not_matter(
    office: Office, order: tuple[int, int]
) -> None:
    first = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    second = office.state.reschedule(first, at("12:00")).uid
    office.state.reschedule(second, at("14:00"))
    for number in order:
        await office.receive(office.calcom.messages[number])
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("14:00")]


async def test_without_sequence_numbers_replacements_define_the_order(office: Office) -> None:
    missing = {"iCalUID", "iCalSequence"}
    office.calcom.transform = lambda payload: {name: value for name, value in payload.items() if name not in missing}
    first = office.state.book(ANA_VISIT, TEN, ATTENDEE).uid
    second = office.state.reschedule(first, at("12:00")).uid
    office.state.reschedule(second, at("14:00"))
    created, middle, last = office.calcom.messages
    for message in (created, last, middle):
        await office.receive(message)
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("14:00")]


async def test_a_repeated_delivery_has_no_effect(office: Office) -> None:
    office.state.book(ANA_VISIT, TEN, ATTENDEE)
    (message,) = office.calcom.messages
    assert (await office.receive(message)).effect is Effect.APPLIED
    revision = await office.shop.revision()
    assert (await office.receive(message)).effect is Effect.KNOWN
    assert await office.shop.revision() == revision


async def test_a_delivery_older_than_a_month_is_ignored(office: Office) -> None:
    office.state.book(ANA_VISIT, at("10:00") + 1440 * 31, ATTENDEE)
    office.shop.clock.advance(days=30, seconds=1)
    assert [result.effect for result in await office.receive_all()] == [Effect.IGNORED]
    assert await bookings(office) == {}


async def test_erasing_a_customer_erases_them_from_calendar_entries(office: Office) -> None:
    office.state.book(ON_REQUEST, TEN, ATTENDEE)
    office.state.book(UNKNOWN_HOST_VISIT, TEN, ATTENDEE)
    await office.receive_all()
    await office.shop.app.customers.forget("shop", "kim@example.com")
    view = await office.shop.app.calendars.view("shop")
    assert [entry.event.customer for entry in view.entries] == [None]
    assert [deferred.event.customer for deferred in view.deferred] == [None]


async def test_a_host_is_identified_by_id_even_if_the_email_address_differs(office: Office) -> None:
    office.calcom.transform = lambda payload: {**payload, "organizer": {"id": 2, "email": "new@example.com"}}
    office.state.book(BEN_VISIT, TEN, ATTENDEE)
    await office.receive_all()
    assert "10:00" not in await starts(office, "ben")


def test_the_fake_account_has_both_hosts() -> None:
    assert (HOST_ANA.id, HOST_BEN.id) == (1, 2)
