"""The board: each technician's day, and the revision. It is Monday, 06:00 UTC."""

from dataclasses import replace
from datetime import date

import pytest

from slotmcp.domain.catalog import TechnicianStatus, TimeOff
from slotmcp.domain.interval import Interval
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.services import board
from slotmcp.services.board import BoardAnswer, TechnicianDay
from slotmcp.services.status_changes import CancelRequest
from support.shop import Shop, at, busy, hours, plan, technician
from unit.services.conftest import Open

ANA = technician("ana", "09:00-17:00", breaks=(hours("12:00-13:00"),))
TUESDAY = date(2025, 6, 3)


async def days(shop: Shop, day: date | None = None) -> dict[str, TechnicianDay]:
    return {one.technician.id: one for one in (await shop.app.board.board(None, day)).technicians}


def spans(*texts: str) -> tuple[Interval, ...]:
    return tuple((at(text[:5]), at(text[6:])) for text in texts)


async def test_a_day_contains_shifts_breaks_and_all_claims(opened: Open) -> None:
    off = TimeOff(start=at("16:00"), end=at("2025-06-05T00:00"), reason="a fair")
    shop = await opened(plan(replace(ANA, time_off=(off,)), technician("ben"), busy=(busy("ana", "10:00", "11:00"),)))
    booked = (await shop.book("09:00", technician_id="ana")).booking
    held = (await shop.hold("14:00")).hold
    ana = (await days(shop))["ana"]
    assert ana.shifts == spans("09:00-12:00", "13:00-17:00")
    assert ana.breaks == spans("12:00-13:00")
    assert ana.time_off == (off,)
    assert [(one.start, one.end) for one in ana.busy] == [*spans("10:00-11:00")]
    assert [one.id for one in ana.bookings] == [booked.id]
    assert [one.id for one in ana.holds] == [held.claim.id]
    ben = (await days(shop))["ben"]
    assert (ben.shifts, ben.bookings, ben.holds) == ((), (), ())


async def test_on_call_time_is_shown_without_shifts_breaks_and_time_off(opened: Open) -> None:
    off = TimeOff(start=at("20:00"), end=at("21:00"))
    on_call = technician(
        "ana", "09:00-17:00", breaks=(hours("18:00-19:00"),), on_call=(hours("16:00-24:00"),), time_off=(off,)
    )
    shop = await opened(plan(on_call, replace(on_call, id="ben", status=TechnicianStatus.OFF)))
    shown = await days(shop)
    assert shown["ana"].on_call == (*spans("17:00-18:00", "19:00-20:00"), (at("21:00"), at("2025-06-03T00:00")))
    assert shown["ben"].on_call == ()


async def test_a_floating_break_is_shown_where_it_fits_beside_bookings_and_busy_times(opened: Open) -> None:
    lunch = FloatingBreak(window=hours("11:00-14:00"), minutes=45)
    floating = technician("ana", "09:00-17:00", floating_breaks=(lunch,))
    shop = await opened(
        plan(floating, replace(floating, id="ben"), busy=(busy("ana", "12:00", "13:00"), busy("ben", "11:00", "13:30")))
    )
    await shop.book("11:00", technician_id="ana")
    shown = await days(shop)
    (ana,), (ben,) = shown["ana"].floating_breaks, shown["ben"].floating_breaks
    assert (ana.due.window, ana.due.minutes, ana.place) == ((at("11:00"), at("14:00")), 45, (at("13:00"), at("13:45")))
    assert ben.place is None
    (tomorrow,) = (await days(shop, TUESDAY))["ana"].floating_breaks
    assert tomorrow.place == (at("2025-06-03T11:00"), at("2025-06-03T11:45"))


async def test_floating_breaks_of_a_group_are_shown_at_places_that_do_not_overlap(opened: Open) -> None:
    breaks = [
        FloatingBreak(window=hours("09:00-12:00"), minutes=60),
        FloatingBreak(window=hours("09:00-10:30"), minutes=45),
    ]
    shop = await opened(plan(technician("ana", "09:00-17:00", floating_breaks=tuple(breaks))))
    places = [each.place for each in (await days(shop))["ana"].floating_breaks]
    assert set(places) == set(spans("09:00-09:45", "09:45-10:45"))


async def test_another_day_has_other_claims(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("09:00")
    later = (await shop.book("2025-06-03T10:00")).booking
    tomorrow = (await days(shop, TUESDAY))["ana"]
    assert [one.id for one in tomorrow.bookings] == [later.id]
    assert tomorrow.shifts[0][0] == at("2025-06-03T09:00")


async def test_a_claim_across_midnight_is_on_both_days(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "22:00-06:00")))
    booked = (await shop.book("23:30")).booking
    today, tomorrow = (await days(shop))["ana"], (await days(shop, TUESDAY))["ana"]
    assert [one.id for one in today.bookings] == [one.id for one in tomorrow.bookings] == [booked.id]
    assert today.shifts == ((at("00:00"), at("06:00")), (at("22:00"), at("2025-06-03T00:00")))


async def test_cancelled_bookings_and_expired_holds_are_not_shown(opened: Open) -> None:
    shop = await opened(plan(ANA))
    booked = (await shop.book("09:00")).booking
    await shop.hold("14:00")
    await shop.app.bookings.cancel_booking(CancelRequest(booking_id=booked.id))
    shop.at_time("06:30")
    ana = (await days(shop))["ana"]
    assert (ana.bookings, ana.holds) == ((), ())


async def test_days_follow_the_projects_clock_and_may_have_23_to_25_hours(opened: Open) -> None:
    shop = await opened(plan(replace(ANA, timezone="America/New_York"), timezone="America/New_York"))

    async def board_of(day: date) -> BoardAnswer:
        return await shop.app.board.board("shop", day)

    lengths = [await board_of(date(2025, *day)) for day in ((3, 9), (6, 2), (11, 2))]
    assert [one.span[1] - one.span[0] for one in lengths] == [23 * 60, 24 * 60, 25 * 60]
    assert [one.technicians[0].shifts[0][0] - one.span[0] for one in lengths] == [8 * 60, 9 * 60, 10 * 60]
    assert {one.today for one in lengths} == {date(2025, 6, 2)}


async def test_the_revision_is_read_once_a_second_for_all_viewers(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await opened(plan(ANA))
    before = await shop.app.board.revision("shop")
    await shop.book("09:00")
    assert await shop.app.board.revision("shop") == before
    other = await opened()
    assert await other.app.board.revision("shop") > before
    monkeypatch.setattr(board, "MAX_AGE_SECONDS", 0)
    assert await shop.app.board.revision("shop") > before
