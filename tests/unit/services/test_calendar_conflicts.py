"""What a calendar has on time that is promised or sold here: nothing is dropped, and somebody is told."""

from pathlib import Path

import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.calcom import CalcomHost, ConnectedCalendar
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.services.calendar.allocation import MOVED_ONTO_TAKEN
from slotmcp.services.calendar.conflicts import IN_CONFLICT
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANA, ANAS, ATTENDEE, BEN, BUSINESS, SERVICES, UNKNOWN, Office, open_office
from support.shop import CALLER, at, technician, with_technicians

TEN = at("10:00")


async def conflicts(office: Office) -> list[tuple[str, int, bool]]:
    """Who is in conflict, from when, and whether it is about a hold."""
    found = (await office.shop.app.calendars.conflicts("shop")).conflicts
    return [(one.technician_id, one.claim.start, one.claim.is_hold) for one in found]


async def attention(office: Office, booking_id: str) -> str:
    booking = await office.shop.store.booking("shop", booking_id)
    assert booking is not None
    return booking.attention


async def test_a_hold_in_its_way_moves_to_somebody_else_and_nobody_notices(office: Office) -> None:
    hold = await office.shop.hold(TEN, service_id="visit")
    assert hold.hold.claim.technician_id == "ana"
    office.world.book(ANAS, TEN, ATTENDEE)
    (applied,) = await office.hear_all()
    assert (applied.holds_moved, applied.conflicts) == (1, 0)
    assert await conflicts(office) == []
    assert len(await office.shop.store.bookings("shop")) == 1, "the event is a booking, since its time is free now"
    booked = await office.shop.book_hold(hold)
    assert booked.booking.claim.technician_id == "ben"


async def test_a_hold_that_nobody_else_can_serve_is_kept_and_can_be_booked(tmp_path: Path) -> None:
    business = with_technicians(BUSINESS, ANA)
    async with open_office(tmp_path / "shop.db", business) as office:
        hold = await office.shop.hold(TEN, service_id="visit")
        office.world.book(ANAS, TEN, ATTENDEE)
        await office.hear_all()
        assert await conflicts(office) == [("ana", TEN, True)]
        booked = await office.shop.book_hold(hold)
        assert booked.booking.claim.technician_id == "ana", "a promise is a promise"
        assert booked.booking.attention == IN_CONFLICT
        assert await conflicts(office) == [("ana", TEN, False)]
        assert office.there() in await _both(office), "what is in the calendar is kept, too"


async def _both(office: Office) -> list[list[tuple[int, int, str]]]:
    taken = await office.taken()
    assert len(taken) == 2
    return [[one] for one in taken]


async def test_a_hold_that_lapsed_is_not_kept_against_a_calendar(tmp_path: Path) -> None:
    business = with_technicians(BUSINESS, ANA)
    async with open_office(tmp_path / "shop.db", business) as office:
        hold = await office.shop.hold(TEN, service_id="visit")
        office.shop.clock.advance(seconds=91)
        office.world.book(ANAS, TEN, ATTENDEE)
        await office.hear_all()
        assert await conflicts(office) == []
        with pytest.raises(Exception, match="lapsed"):
            await office.shop.book_hold(hold)


async def test_a_booking_in_its_way_is_kept_and_marked_until_that_ends(office: Office) -> None:
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    uid = office.world.book(ANAS, at("10:30"), ATTENDEE).uid
    (applied,) = await office.hear_all()
    assert applied.conflicts == 1
    assert await conflicts(office) == [("ana", TEN, False)]
    assert await attention(office, booked.booking.id) == IN_CONFLICT
    with pytest.raises(SlotUnavailable):
        await office.shop.book("11:00", service_id="visit", technician_id="ana")
    office.world.cancel(uid)
    await office.hear_all()
    assert await conflicts(office) == []
    assert await attention(office, booked.booking.id) == ""


async def test_what_was_kept_as_busy_time_is_a_booking_when_the_conflict_ends(office: Office) -> None:
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    office.world.allows_overlaps = True
    office.world.book(ANAS, TEN, ATTENDEE)
    await office.hear_all()
    await office.shop.app.bookings.reschedule_booking(
        RescheduleRequest(booking_id=booked.booking.id, start=at("14:00"))
    )
    assert len((await office.shop.store.schedule("shop")).technician_schedules["ana"].busy) == 1
    await office.worker.sync("shop")
    assert (await office.shop.store.schedule("shop")).technician_schedules["ana"].busy == ()
    found = await office.shop.store.bookings("shop")
    assert [(one.claim.start, one.customer and one.customer.name) for one in found] == [
        (TEN, "Kim Doe"),
        (at("14:00"), CALLER.name),
    ]


async def test_moved_there_onto_a_booking_both_are_kept(office: Office) -> None:
    uid = office.world.book(ANAS, at("14:00"), ATTENDEE).uid
    await office.hear_all()
    (theirs,) = await office.shop.store.bookings("shop")
    ours = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    office.world.allows_overlaps = True
    office.world.reschedule(uid, TEN)
    await office.hear_all()
    parted = await office.shop.store.booking("shop", theirs.id)
    assert parted is not None
    assert (parted.status, parted.cancel_reason) == (BookingStatus.CANCELLED, MOVED_ONTO_TAKEN)
    assert await conflicts(office) == [("ana", TEN, False)]
    await office.shop.app.bookings.cancel_booking(CancelRequest(booking_id=ours.booking.id))
    await office.worker.sync("shop")
    (again,) = await office.shop.store.bookings("shop")
    assert (again.claim.start, again.customer and again.customer.name) == (TEN, "Kim Doe")
    assert office.there() == await office.taken()


async def test_busy_time_without_a_service_marks_a_booking_too(office: Office) -> None:
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    office.world.book(UNKNOWN, TEN, ATTENDEE)
    await office.hear_all()
    assert await attention(office, booked.booking.id) == IN_CONFLICT


async def test_a_connected_calendar_takes_time_and_gives_it_back(tmp_path: Path) -> None:
    calendar = ConnectedCalendar(credential_id=7, external_id="ana@example.com")
    ana = technician(
        "ana", "08:00-18:00", calcom=CalcomHost(user_id=1, event_type_ids={"visit": ANAS}, calendars=(calendar,))
    )
    business = with_technicians(BUSINESS, ana, BEN)
    assert business.services == SERVICES
    async with open_office(tmp_path / "shop.db", business) as office:
        office.world.book(ANAS, TEN, ATTENDEE)
        dentist = (at("12:00"), at("13:00"))
        office.world.busy[7, "ana@example.com"] = [(TEN, TEN + 60), dentist]
        report = (await office.worker.sync("shop")).report
        assert [one.kind.value for one in report.differences] == ["missed", "outside"]
        assert await conflicts(office) == [], "what Cal.com wrote there itself is the booking"
        assert "12:00" not in await office.shop.offered(service_id="visit", technician_id="ana")
        office.world.busy[7, "ana@example.com"] = [(TEN, TEN + 60)]
        (gone,) = (await office.worker.sync("shop")).report.differences
        assert gone.is_gone
        assert "12:00" in await office.shop.offered(service_id="visit", technician_id="ana")
