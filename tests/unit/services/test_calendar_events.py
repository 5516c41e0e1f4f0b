"""What an event of a calendar means here: a booking, busy time, or something for a person to look at."""

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
    ANAS,
    ASKED,
    ATTENDEE,
    BEN,
    BENS,
    BUSINESS,
    CONNECTION,
    HOST_ANA,
    HOST_BEN,
    STRANGER,
    STRANGERS,
    TEAMS,
    UNKNOWN,
    Office,
    open_office,
)
from support.calcom.server import SECRET
from support.calcom.wire import Message
from support.shop import at, plan, service

TEN = at("10:00")


async def bookings(office: Office) -> dict[str, tuple[int, str, BookingStatus]]:
    """Every booking that is not cancelled: start, who, status."""
    found = await office.shop.store.bookings("shop")
    return {one.id: (one.claim.start, one.claim.technician_id, one.status) for one in found}


async def starts(office: Office, technician_id: str = "ana") -> str:
    return await office.shop.offered(service_id="visit", technician_id=technician_id)


async def test_what_is_booked_there_is_a_booking_here(office: Office) -> None:
    office.world.book(ANAS, TEN, ATTENDEE, notes="Mind the dog")
    assert "09:30" in await starts(office)
    (applied,) = await office.hear_all()
    assert applied.effect is Effect.APPLIED
    assert list((await bookings(office)).values()) == [(TEN, "ana", BookingStatus.CONFIRMED)]
    assert "09:00 11:00" in await starts(office), "the hour is gone"
    (found,) = (await office.shop.app.bookings.find_bookings(FindRequest(email="kim@example.com"))).found
    assert found.booking.customer is not None
    assert (found.booking.customer.name, found.booking.customer.phone) == ("Kim Doe", "+13035550142")
    assert (found.booking.visit.address, found.booking.visit.notes) == ("1 Main St", "Mind the dog")


async def test_it_counts_as_a_booking_of_that_day(office: Office) -> None:
    office.world.book(ANAS, TEN, ATTENDEE)
    await office.hear_all()
    answer = await office.shop.app.slots.get_slots(SlotQuery(from_=at("14:00"), to=at("14:01"), service_id="visit"))
    assert {one.technician_id: one.bookings_that_day for one in answer.offer.slots[0].candidates} == {
        "ana": 1,
        "ben": 0,
    }


async def test_buffers_are_those_of_the_service(tmp_path: Path) -> None:
    business = plan(
        ANA, BEN, services=(service("visit", before=30, after=30), service("asked"), service("team")), calcom=CONNECTION
    )
    async with open_office(tmp_path / "shop.db", business) as office:
        office.world.book(ANAS, TEN, ATTENDEE)
        await office.hear_all()
        assert (await starts(office)).startswith("08:00 12:00"), "thirty minutes of each, on both sides"


async def test_moved_there_is_moved_here_and_stays_the_same_booking(office: Office) -> None:
    uid = office.world.book(ANAS, TEN, ATTENDEE).uid
    await office.hear_all()
    (booking_id,) = await bookings(office)
    office.world.reschedule(uid, at("14:00"))
    await office.hear_all()
    assert await bookings(office) == {booking_id: (at("14:00"), "ana", BookingStatus.RESCHEDULED)}


async def test_cancelled_there_is_cancelled_here(office: Office) -> None:
    uid = office.world.book(ANAS, TEN, ATTENDEE).uid
    await office.hear_all()
    (booking_id,) = await bookings(office)
    office.world.cancel(uid)
    await office.hear_all()
    booking = await office.shop.store.booking("shop", booking_id)
    assert booking is not None
    assert (booking.status, booking.cancel_reason) == (BookingStatus.CANCELLED, CANCELLED)
    assert "10:00" in await starts(office)


async def test_a_request_takes_time_until_it_is_rejected(office: Office) -> None:
    uid = office.world.book(ASKED, TEN, ATTENDEE).uid
    await office.hear_all()
    assert await bookings(office) == {}
    assert "10:00" not in await starts(office)
    office.world.reject(uid)
    await office.hear_all()
    assert "10:00" in await starts(office)


async def test_a_request_that_is_accepted_is_a_booking(office: Office) -> None:
    uid = office.world.book(ASKED, TEN, ATTENDEE).uid
    office.world.accept(uid)
    await office.hear_all()
    assert list((await bookings(office)).values()) == [(TEN, "ana", BookingStatus.CONFIRMED)]
    assert (await office.shop.store.schedule("shop")).technician_schedules["ana"].busy == ()


async def test_a_request_need_not_take_time(tmp_path: Path) -> None:
    connection = CalcomConnection(api_key_env="KEY", webhook_secret_envs=("SECRET",), pending_blocks=False)
    async with open_office(tmp_path / "shop.db", calcom=connection) as office:
        office.world.book(ASKED, TEN, ATTENDEE)
        await office.hear_all()
        assert "10:00" in await starts(office)


async def test_an_event_type_that_is_no_service_only_takes_time(office: Office) -> None:
    uid = office.world.book(UNKNOWN, TEN, ATTENDEE).uid
    await office.hear_all()
    assert await bookings(office) == {}
    assert "10:30" in await starts(office)
    assert "10:00" not in await starts(office)
    office.world.cancel(uid)
    await office.hear_all()
    assert "10:00" in await starts(office)


async def test_somebody_who_is_out_of_office_is_not_sent(office: Office) -> None:
    office.calcom.leave(HOST_BEN, at("08:00"), at("12:00"))
    await office.hear_all()
    assert (await starts(office, "ben")).startswith("12:00")
    assert (await starts(office, "ana")).startswith("08:00")


async def test_whoever_is_to_come_changes_here_too(office: Office) -> None:
    uid = office.world.book(TEAMS, TEN, ATTENDEE).uid
    await office.hear_all()
    office.world.reassign(uid, HOST_BEN)
    await office.hear_all()
    assert "10:00" in await starts(office, "ana")
    assert "10:00" not in await starts(office, "ben")


async def test_others_who_take_part_are_busy(office: Office) -> None:
    office.calcom.shape = lambda payload: {**payload, "team": {"members": [{"id": 2, "email": "other@example.com"}]}}
    office.world.book(ANAS, TEN, ATTENDEE)
    await office.hear_all()
    assert len(await bookings(office)) == 1
    assert "10:00" not in await starts(office, "ana")
    assert "10:00" not in await starts(office, "ben")


@pytest.mark.parametrize("is_no_show", [True, False])
async def test_a_customer_who_was_not_there_is_a_no_show(office: Office, *, is_no_show: bool) -> None:
    uid = office.world.book(ANAS, TEN, ATTENDEE).uid
    await office.hear_all()
    office.world.mark_no_show(uid)
    assert [one.effect for one in await office.hear_all()] == [Effect.IGNORED], "it has not begun"
    office.shop.at_time("10:30")
    office.world.mark_no_show(uid)
    office.world.mark_no_show(uid, is_no_show=is_no_show)
    await office.hear_all()
    (status,) = [status for _, _, status in (await bookings(office)).values()]
    assert status is (BookingStatus.NO_SHOW if is_no_show else BookingStatus.COMPLETED)


@pytest.mark.parametrize("is_no_show", [True, False])
async def test_of_a_no_show_the_last_word_counts_in_whatever_order_it_comes(
    office: Office, *, is_no_show: bool
) -> None:
    uid = office.world.book(ANAS, TEN, ATTENDEE).uid
    await office.hear_all()
    office.shop.at_time("10:30")
    office.world.mark_no_show(uid, is_no_show=not is_no_show)
    office.shop.at_time("10:31")
    office.world.mark_no_show(uid, is_no_show=is_no_show)
    earlier, later = office.calcom.messages
    effects = [(await office.hear(one)).effect for one in (later, earlier)]
    assert effects == [Effect.APPLIED if is_no_show else Effect.IGNORED, Effect.KNOWN]
    (status,) = [status for _, _, status in (await bookings(office)).values()]
    assert status is (BookingStatus.NO_SHOW if is_no_show else BookingStatus.CONFIRMED)


def undated(message: Message) -> Message:
    """The same without when it was said."""
    return Message.of({key: told for key, told in json.loads(message.body).items() if key != "createdAt"}, SECRET)


async def test_what_does_not_say_when_it_was_said_begins_and_ends_events_and_undoes_nothing(office: Office) -> None:
    uid = office.world.book(ASKED, TEN, ATTENDEE).uid
    office.world.accept(uid)
    moved = office.world.reschedule(uid, at("11:00"))
    office.world.cancel(moved.uid)
    asked, accepted, later, cancelled = map(undated, office.calcom.messages)
    assert (await office.hear(accepted)).effect is Effect.APPLIED
    assert (await office.hear(asked)).effect is Effect.KNOWN, "it is no news that it was asked for"
    assert [start for start, _, _ in (await bookings(office)).values()] == [TEN]
    assert (await office.hear(later)).effect is Effect.APPLIED
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("11:00")]
    assert (await office.hear(cancelled)).effect is Effect.APPLIED
    assert await bookings(office) == {}


async def test_an_unknown_host_is_put_aside_and_can_be_replayed(office: Office) -> None:
    office.world.book(STRANGERS, TEN, ATTENDEE)
    office.world.event_types[STRANGERS] = replace(office.world.event_types[STRANGERS], hosts=(STRANGER,))
    (applied,) = await office.hear_all()
    assert applied.effect is Effect.DEFERRED
    calendars = office.shop.app.calendars
    (deferred,) = (await calendars.view("shop")).deferred
    assert "technicians[].calcom" in deferred.why
    assert [one.effect for one in await calendars.replay("shop")] == [Effect.DEFERRED], "nothing has changed yet"
    host = replace(ANA.calcom, user_id=STRANGER.id) if ANA.calcom else None
    business = replace(BUSINESS, technicians=(replace(ANA, calcom=host), BEN))
    await office.shop.app.projects.import_project(business, prune=False)
    assert [one.effect for one in await calendars.replay("shop", deferred.event.uid)] == [Effect.APPLIED]
    assert (await calendars.view("shop")).deferred == ()
    assert "10:00" not in await starts(office)


async def test_what_was_put_aside_and_is_over_needs_nobody(office: Office) -> None:
    uid = office.world.book(STRANGERS, TEN, ATTENDEE).uid
    await office.hear_all()
    office.world.cancel(uid)
    await office.hear_all()
    assert (await office.shop.app.calendars.view("shop")).deferred == ()


async def test_a_cancellation_before_its_creation_holds(office: Office) -> None:
    uid = office.world.book(ANAS, TEN, ATTENDEE).uid
    office.world.cancel(uid)
    office.calcom.messages.reverse()
    await office.hear_all()
    assert await bookings(office) == {}
    assert "10:00" in await starts(office)


async def test_an_older_event_never_undoes_a_newer_one(office: Office) -> None:
    first = office.world.book(ANAS, TEN, ATTENDEE).uid
    second = office.world.reschedule(first, at("12:00")).uid
    office.world.reschedule(second, at("14:00"))
    office.calcom.messages.reverse()
    await office.hear_all()
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("14:00")]


@pytest.mark.parametrize("order", [(0, 2), (2, 0)])
async def test_a_link_of_the_chain_may_be_lost(office: Office, order: tuple[int, int]) -> None:
    first = office.world.book(ANAS, TEN, ATTENDEE).uid
    second = office.world.reschedule(first, at("12:00")).uid
    office.world.reschedule(second, at("14:00"))
    for number in order:
        await office.hear(office.calcom.messages[number])
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("14:00")]


async def test_without_a_sequence_the_order_is_that_of_the_replacements(office: Office) -> None:
    gone = {"iCalUID", "iCalSequence"}
    office.calcom.shape = lambda payload: {name: told for name, told in payload.items() if name not in gone}
    first = office.world.book(ANAS, TEN, ATTENDEE).uid
    second = office.world.reschedule(first, at("12:00")).uid
    office.world.reschedule(second, at("14:00"))
    created, middle, last = office.calcom.messages
    for message in (created, last, middle):
        await office.hear(message)
    assert [start for start, _, _ in (await bookings(office)).values()] == [at("14:00")]


async def test_a_delivery_that_comes_again_does_nothing(office: Office) -> None:
    office.world.book(ANAS, TEN, ATTENDEE)
    (message,) = office.calcom.messages
    assert (await office.hear(message)).effect is Effect.APPLIED
    revision = await office.shop.revision()
    assert (await office.hear(message)).effect is Effect.KNOWN
    assert await office.shop.revision() == revision


async def test_what_was_said_a_month_ago_does_nothing(office: Office) -> None:
    office.world.book(ANAS, at("10:00") + 1440 * 31, ATTENDEE)
    office.shop.clock.advance(days=30, seconds=1)
    assert [one.effect for one in await office.hear_all()] == [Effect.IGNORED]
    assert await bookings(office) == {}


async def test_what_was_forgotten_is_forgotten_here(office: Office) -> None:
    office.world.book(ASKED, TEN, ATTENDEE)
    office.world.book(STRANGERS, TEN, ATTENDEE)
    await office.hear_all()
    await office.shop.app.customers.forget("shop", "kim@example.com")
    view = await office.shop.app.calendars.view("shop")
    assert [entry.event.customer for entry in view.entries] == [None]
    assert [one.event.customer for one in view.deferred] == [None]


async def test_hosts_are_known_by_id_even_where_their_address_is_another_ones(office: Office) -> None:
    office.calcom.shape = lambda payload: {**payload, "organizer": {"id": 2, "email": "new@example.com"}}
    office.world.book(BENS, TEN, ATTENDEE)
    await office.hear_all()
    assert "10:00" not in await starts(office, "ben")


def test_the_stand_in_knows_both_hosts() -> None:
    assert (HOST_ANA.id, HOST_BEN.id) == (1, 2)
