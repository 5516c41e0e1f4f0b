"""Visits that are over: operators set their outcome, and reports on the past stay as they are."""

import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.errors import BookingClosed
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.status_changes import CancelRequest
from support.calcom.office import ANA_VISIT, ATTENDEE, Office
from support.shop import CALLER, Shop, at, plan, technician
from support.sqlite_file import fingerprint
from unit.services.conftest import Open

SHOP = plan(technician("ana", "08:00-17:00"))


async def booked_minutes(shop: Shop, days: int = 7) -> int:
    """Return the booked minutes in the report on the last days."""
    answer = await shop.app.reports.get_metrics(ReportRequest(days=days))
    return sum(row.booked_minutes for row in answer.report.utilization)


async def test_an_operator_cannot_move_or_cancel_a_visit_that_is_over(opened: Open) -> None:
    shop = await opened(SHOP)
    booked = await shop.book("09:00", duration_minutes=120)
    shop.at_time("2025-06-03T09:00")
    before = fingerprint(shop.path)
    move = RescheduleRequest(booking_id=booked.booking.id, start=at("2025-06-04T09:00"))
    with pytest.raises(BookingClosed, match="outcome"):
        await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.booking.id))
    with pytest.raises(BookingClosed, match="outcome"):
        await shop.app.bookings.reschedule_booking(move)
    with pytest.raises(BookingClosed, match="outcome"):
        await shop.slots(booking_id=booked.booking.id)
    with pytest.raises(BookingClosed, match="outcome"):
        await shop.hold("2025-06-04T09:00", booking_id=booked.booking.id)
    assert fingerprint(shop.path) == before
    assert await booked_minutes(shop) == 120


@pytest.mark.parametrize("outcome", [BookingStatus.COMPLETED, BookingStatus.NO_SHOW])
async def test_an_outcome_keeps_the_report_on_the_past(opened: Open, outcome: BookingStatus) -> None:
    shop = await opened(SHOP)
    booked = await shop.book("09:00", duration_minutes=120)
    shop.at_time("2025-06-03T09:00")
    await shop.app.bookings.set_booking_status(None, booked.booking.id, outcome)
    assert await booked_minutes(shop) == 120


async def test_an_operator_may_still_move_a_visit_that_runs(opened: Open) -> None:
    """The technician is late: the visit takes place an hour later."""
    shop = await opened(SHOP)
    booked = await shop.book("09:00")
    shop.at_time("09:10")
    move = RescheduleRequest(booking_id=booked.booking.id, start=at("10:00"))
    moved = (await shop.app.bookings.reschedule_booking(move)).booked.booking
    assert moved.claim.start == at("10:00")


@pytest.mark.parametrize(("minutes", "is_closed"), [(59, False), (60, True)])
async def test_a_visit_is_over_when_its_last_minute_has_passed(opened: Open, minutes: int, *, is_closed: bool) -> None:
    shop = await opened(SHOP)
    booked = await shop.book("09:00")
    shop.clock.set_ms((at("09:00") + minutes) * 60_000)
    request = CancelRequest(booking_id=booked.booking.id)
    if is_closed:
        with pytest.raises(BookingClosed):
            await shop.app.bookings.cancel_booking(request)
    else:
        assert (await shop.app.bookings.cancel_booking(request)).booking.status is BookingStatus.CANCELLED


async def test_a_cancellation_in_calcom_does_not_change_the_report_on_the_past(office: Office) -> None:
    await office.shop.book("10:00", service_id="visit", technician_id="ana", customer=CALLER)
    await office.run_worker()
    event = office.state.book(ANA_VISIT, at("14:00"), ATTENDEE)
    await office.receive_all()
    office.shop.at_time("2025-06-03T09:00")
    before = await booked_minutes(office.shop)
    assert before > 0
    office.state.cancel(event.uid)
    await office.receive_all()
    assert await booked_minutes(office.shop) == before
    assert len(await office.shop.store.bookings("shop")) == 2
