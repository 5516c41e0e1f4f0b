"""Conflicts between calendars and holds or bookings: both are kept, and the conflict is reported."""

from pathlib import Path

import pytest

from slotmcp.domain.attention import NO_ATTENTION, Attention, AttentionCause
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.calcom import CalcomHost, ConnectedCalendar
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.services.calendar.allocation import MOVED_ONTO_TAKEN
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANA, ANA_VISIT, ATTENDEE, BEN, BUSINESS, OTHER_TYPE, SERVICES, Office, open_office
from support.shop import CALLER, at, customer, technician, with_technicians

TEN = at("10:00")
CONFLICT = Attention.of(AttentionCause.CALENDAR_CONFLICT)


async def conflicts(office: Office) -> list[tuple[str, int, bool]]:
    """Return technician, start and kind (hold or booking) of each conflict."""
    conflicts = (await office.shop.app.calendars.conflicts("shop")).conflicts
    return [(each.technician_id, each.claim.start, each.claim.is_hold) for each in conflicts]


async def attention(office: Office, booking_id: str) -> Attention:
    booking = await office.shop.store.booking("shop", booking_id)
    assert booking is not None
    return booking.attention


async def test_a_conflicting_hold_moves_to_another_technician(office: Office) -> None:
    hold = await office.shop.hold(TEN, service_id="visit")
    assert hold.hold.claim.technician_id == "ana"
    office.state.book(ANA_VISIT, TEN, ATTENDEE)
    (result,) = await office.receive_all()
    assert (result.holds_moved, result.conflicts) == (1, 0)
    assert await conflicts(office) == []
    assert len(await office.shop.store.bookings("shop")) == 1, "the event is a booking, because its time is free now"
    booked = await office.shop.book_hold(hold, customer=customer(1))
    assert booked.booking.claim.technician_id == "ben"


async def test_a_conflicting_hold_that_cannot_move_is_kept_and_can_be_booked(tmp_path: Path) -> None:
    business = with_technicians(BUSINESS, ANA)
    async with open_office(tmp_path / "shop.db", business) as office:
        hold = await office.shop.hold(TEN, service_id="visit")
        office.state.book(ANA_VISIT, TEN, ATTENDEE)
        await office.receive_all()
        assert await conflicts(office) == [("ana", TEN, True)]
        booked = await office.shop.book_hold(hold)
        assert booked.booking.claim.technician_id == "ana", "the hold keeps its technician"
        assert booked.booking.attention == CONFLICT
        assert await conflicts(office) == [("ana", TEN, False)]
        assert office.calcom_times() in await _each_time(office), "the event is kept, too"


async def _each_time(office: Office) -> list[list[tuple[int, int, str]]]:
    times = await office.local_times()
    assert len(times) == 2
    return [[time] for time in times]


async def test_a_lapsed_hold_is_lost_to_a_calendar_event(tmp_path: Path) -> None:
    business = with_technicians(BUSINESS, ANA)
    async with open_office(tmp_path / "shop.db", business) as office:
        hold = await office.shop.hold(TEN, service_id="visit")
        office.shop.clock.advance(seconds=91)
        office.state.book(ANA_VISIT, TEN, ATTENDEE)
        await office.receive_all()
        assert await conflicts(office) == []
        with pytest.raises(Exception, match="lapsed"):
            await office.shop.book_hold(hold, customer=customer(1))


async def test_a_conflicting_booking_is_kept_and_marked_until_the_conflict_ends(office: Office) -> None:
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    uid = office.state.book(ANA_VISIT, at("10:30"), ATTENDEE).uid
    (result,) = await office.receive_all()
    assert result.conflicts == 1
    assert await conflicts(office) == [("ana", TEN, False)]
    assert await attention(office, booked.booking.id) == CONFLICT
    with pytest.raises(SlotUnavailable):
        await office.shop.book("11:00", service_id="visit", technician_id="ana")
    office.state.cancel(uid)
    await office.receive_all()
    assert await conflicts(office) == []
    assert await attention(office, booked.booking.id) == NO_ATTENTION


async def test_a_busy_time_becomes_a_booking_when_the_conflict_ends(office: Office) -> None:
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    office.state.allows_overlaps = True
    office.state.book(ANA_VISIT, TEN, ATTENDEE)
    await office.receive_all()
    await office.shop.app.bookings.reschedule_booking(
        RescheduleRequest(booking_id=booked.booking.id, start=at("14:00"))
    )
    assert len((await office.shop.store.schedule("shop")).technician_schedules["ana"].busy) == 1
    await office.worker.sync("shop")
    assert (await office.shop.store.schedule("shop")).technician_schedules["ana"].busy == ()
    found = await office.shop.store.bookings("shop")
    assert [(each.claim.start, each.customer and each.customer.name) for each in found] == [
        (TEN, "Kim Doe"),
        (at("14:00"), CALLER.name),
    ]


async def test_an_event_moved_onto_a_booking_keeps_both(office: Office) -> None:
    uid = office.state.book(ANA_VISIT, at("14:00"), ATTENDEE).uid
    await office.receive_all()
    (from_calcom,) = await office.shop.store.bookings("shop")
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    office.state.allows_overlaps = True
    office.state.reschedule(uid, TEN)
    await office.receive_all()
    separated = await office.shop.store.booking("shop", from_calcom.id)
    assert separated is not None
    assert (separated.status, separated.cancel_reason) == (BookingStatus.CANCELLED, MOVED_ONTO_TAKEN)
    assert await conflicts(office) == [("ana", TEN, False)]
    await office.shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))
    await office.worker.sync("shop")
    (rebooked,) = await office.shop.store.bookings("shop")
    assert (rebooked.claim.start, rebooked.customer and rebooked.customer.name) == (TEN, "Kim Doe")
    assert office.calcom_times() == await office.local_times()


async def test_a_busy_time_without_a_service_marks_a_conflicting_booking(office: Office) -> None:
    booked = await office.shop.book(TEN, service_id="visit", technician_id="ana", customer=CALLER)
    office.state.book(OTHER_TYPE, TEN, ATTENDEE)
    await office.receive_all()
    assert await attention(office, booked.booking.id) == CONFLICT


async def test_a_connected_calendar_takes_time_and_frees_it_again(tmp_path: Path) -> None:
    calendar = ConnectedCalendar(credential_id=7, external_id="ana@example.com")
    ana = technician(
        "ana", "08:00-18:00", calcom=CalcomHost(user_id=1, event_type_ids={"visit": ANA_VISIT}, calendars=(calendar,))
    )
    business = with_technicians(BUSINESS, ana, BEN)
    assert business.services == SERVICES
    async with open_office(tmp_path / "shop.db", business) as office:
        office.state.book(ANA_VISIT, TEN, ATTENDEE)
        dentist = (at("12:00"), at("13:00"))
        office.state.busy[7, "ana@example.com"] = [(TEN, TEN + 60), dentist]
        report = (await office.worker.sync("shop")).report
        assert [difference.kind.value for difference in report.differences] == ["missed", "outside"]
        assert await conflicts(office) == [], "Cal.com writes its own bookings into connected calendars"
        assert "12:00" not in await office.shop.offered(service_id="visit", technician_id="ana")
        office.state.busy[7, "ana@example.com"] = [(TEN, TEN + 60)]
        (difference,) = (await office.worker.sync("shop")).report.differences
        assert difference.is_gone
        assert "12:00" in await office.shop.offered(service_id="visit", technician_id="ana")
