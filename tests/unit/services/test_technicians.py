"""Absences of technicians: holds move to others, and bookings are kept and marked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

import pytest

from slotmcp.domain.attention import AttentionCause
from slotmcp.domain.catalog import Location, TechnicianStatus, TimeOff, TravelMode, TravelPolicy
from slotmcp.domain.errors import HoldExpired, HoldWithdrawn, InvalidArgument, NotFound
from slotmcp.domain.moment import WallDate, WallTime
from slotmcp.services.attention import AffectedBooking
from slotmcp.services.rescheduling import RescheduleRequest
from slotmcp.services.technicians import AbsenceAnswer, TimeOffRequest
from support.shop import Shop, at, booking, clock_text, customer, plan, service, technician
from support.sqlite_file import fingerprint, live_entries
from unit.services.conftest import Open

ANA = technician("ana", "09:00-12:00")
BEN = technician("ben", "09:00-12:00", priority=2)
ON, OUT = TechnicianStatus.ACTIVE, TechnicianStatus.OFF


async def set_status(shop: Shop, technician_id: str, status: TechnicianStatus) -> AbsenceAnswer:
    return await shop.app.technicians.set_technician_status(None, technician_id, status)


async def away(shop: Shop, technician_id: str, start: str, end: str, reason: str = "") -> AbsenceAnswer:
    """Add time off."""
    return await shop.app.technicians.add_time_off(
        TimeOffRequest(technician_id=technician_id, start=at(start), end=at(end), reason=reason)
    )


def times(bookings: Sequence[AffectedBooking]) -> list[str]:
    return [clock_text(one.found.booking.claim.start) for one in bookings]


async def attention(shop: Shop) -> dict[str, tuple[AttentionCause, ...]]:
    """Return the causes of the bookings that need attention, by start."""
    return {
        clock_text(one.claim.start): one.attention.in_order()
        for one in await shop.store.bookings("shop")
        if one.attention
    }


async def test_an_overview_counts_bookings_by_the_projects_dates(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, timezone="America/Denver"))
    for start in ("09:00", "11:00", "2025-06-03T09:00", "2025-06-08T09:00", "2025-06-09T09:00"):
        await shop.book(start, technician_id="ana", customer=customer(at(start) % 9999))
    shop.at_time("09:30")
    overview = {one.technician.id: one for one in (await shop.app.technicians.list_technicians(None)).technicians}
    assert list(overview) == ["ana", "ben"]
    assert (overview["ana"].bookings_today, overview["ana"].bookings_this_week) == (2, 4)
    assert overview["ana"].next_booking is not None
    assert overview["ana"].next_booking.booking.claim.start == at("09:00")
    assert (overview["ben"].bookings_today, overview["ben"].next_booking) == (0, None)


async def test_an_overview_has_the_next_booking_and_the_remaining_time_off(opened: Open) -> None:
    past, later, soon = (
        TimeOff(start=at(a), end=at(b)) for a, b in (("05:00", "06:00"), ("16:00", "17:00"), ("11:00", "12:00"))
    )
    shop = await opened(plan(technician("ana", "09:00-12:00", time_off=(past, later, soon))))
    await shop.hold("09:00")
    await shop.book("10:00")
    (overview,) = (await shop.app.technicians.list_technicians(None)).technicians
    assert overview.next_booking is not None
    assert overview.next_booking.booking.claim.start == at("10:00")
    assert overview.bookings_today == 1
    assert overview.time_off == (soon, later)


async def test_an_unavailable_technician_is_not_offered_until_the_return(opened: Open) -> None:
    shop = await opened(plan(ANA))
    answer = await set_status(shop, "ana", OUT)
    assert (answer.changed, answer.technician.status) == (True, OUT)
    assert await shop.offered() == ""
    await set_status(shop, "ana", ON)
    assert await shop.offered() == "09:00 09:30 10:00 10:30 11:00"


async def test_a_status_change_keeps_the_order_of_technicians(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, technician("cem")))
    await set_status(shop, "ben", OUT)
    await away(shop, "ana", "09:00", "10:00")
    assert list((await shop.store.schedule("shop")).technician_schedules) == ["ana", "ben", "cem"]


async def test_bookings_are_marked_until_the_technician_returns(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, bookings=[booking("old", "ana", "2025-06-01T09:00")]))
    await shop.book("09:00", technician_id="ana", customer=customer(1))
    await shop.book("11:00", technician_id="ana", customer=customer(2))
    await shop.book("10:00", technician_id="ben", customer=customer(3))
    shop.at_time("10:00")
    answer = await set_status(shop, "ana", OUT)
    assert times(answer.attention) == ["11:00"]
    assert await attention(shop) == {"11:00": (AttentionCause.TECHNICIAN_OFF,)}
    assert times((await set_status(shop, "ana", ON)).attention) == []
    assert await attention(shop) == {}


async def test_a_booking_moved_to_an_available_technician_needs_no_attention(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    booked = await shop.book("09:00")
    await set_status(shop, "ana", OUT)
    answer = await shop.app.bookings.reschedule_booking(
        RescheduleRequest(booking_id=booked.booking.id, start=at("10:00"))
    )
    assert answer.booked.technician.id == "ben"
    assert await attention(shop) == {}


async def test_holds_move_to_other_technicians_and_can_be_booked(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00")
    answer = await set_status(shop, "ana", OUT)
    assert (answer.holds_moved, answer.holds_withdrawn) == (1, 0)
    assert (await shop.book_hold(hold)).technician.id == "ben"


async def test_holds_without_another_technician_are_withdrawn(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    first, second = await shop.hold("09:00", who="a"), await shop.hold("09:00", who="b")
    answer = await set_status(shop, "ana", OUT)
    assert (answer.holds_moved, answer.holds_withdrawn) == (0, 1)
    withdrawn, moved = (first, second) if first.hold.claim.technician_id == "ana" else (second, first)
    with pytest.raises(HoldWithdrawn, match="withdrawn") as refused:
        await shop.book_hold(withdrawn)
    assert refused.value.code == HoldExpired.code
    assert refused.value.alternatives is not None
    assert [clock_text(slot.start) for slot in refused.value.alternatives.slots] == ["10:00", "10:30", "11:00"]
    assert (await shop.book_hold(moved)).technician.id == "ben"


async def test_a_hold_for_a_requested_technician_is_not_moved(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00", technician_id="ana")
    assert (await set_status(shop, "ana", OUT)).holds_withdrawn == 1
    with pytest.raises(HoldWithdrawn):
        await shop.book_hold(hold)


async def test_another_hold_is_moved_to_make_room(opened: Open) -> None:
    """The gas job can only go to Ben, whose own hold fits Cem."""
    ana, ben = (
        technician("ana", "09:00-10:00", skills="gas"),
        technician("ben", "09:00-10:00", skills="gas", priority=2),
    )
    cem = technician("cem", "09:00-10:00", priority=3)
    shop = await opened(plan(ana, ben, cem, services=(service("visit"), service("gas", skills="gas"))))
    gas = await shop.hold("09:00", service_id="gas", who="a")
    visit = await shop.hold("09:00", service_id="visit", who="b")
    assert (gas.hold.claim.technician_id, visit.hold.claim.technician_id) == ("ana", "ben")
    answer = await set_status(shop, "ana", OUT)
    assert (answer.holds_moved, answer.holds_withdrawn) == (1, 0)
    assert (await shop.book_hold(gas)).technician.id == "ben"
    assert (await shop.book_hold(visit, customer=customer(1))).technician.id == "cem"


async def test_a_hold_is_moved_even_within_the_notice_period_and_off_the_grid(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN, min_notice_minutes=180))
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=60)
    assert (await set_status(shop, "ana", OUT)).holds_moved == 1
    assert (await shop.book_hold(hold)).technician.id == "ben"


async def test_time_off_affects_only_claims_within_it(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    await shop.book("09:00", technician_id="ana", customer=customer(1))
    await shop.book("10:30", technician_id="ana", customer=customer(2))
    await shop.hold("11:30", technician_id="ana", duration_minutes=30)
    answer = await away(shop, "ana", "10:00", "11:00", "dentist")
    assert (times(answer.attention), answer.holds_moved, answer.holds_withdrawn) == (["10:30"], 0, 0)
    assert await attention(shop) == {"10:30": (AttentionCause.TIME_OFF,)}
    assert answer.technician.time_off == (
        TimeOff(start=at("10:00"), end=at("11:00"), reason="dentist", by_operator=True),
    )
    assert len(live_entries(shop.path, shop.clock.now_ms())) == 3


async def test_adjacent_time_off_affects_no_claim(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("10:00")
    for start, end in (("09:00", "10:00"), ("11:00", "12:00")):
        assert (await away(shop, "ana", start, end)).attention == ()
    assert await shop.offered() == ""


async def test_identical_time_off_is_added_once(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("10:00")
    assert (await away(shop, "ana", "10:00", "11:00", "dentist")).changed
    before = fingerprint(shop.path)
    again = await away(shop, "ana", "10:00", "11:00", "dentist")
    assert (again.changed, times(again.attention)) == (False, ["10:00"])
    assert fingerprint(shop.path) == before


async def test_a_booking_stays_marked_while_an_absence_remains(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("10:00")
    await away(shop, "ana", "10:00", "11:00")
    await set_status(shop, "ana", OUT)
    assert await attention(shop) == {"10:00": (AttentionCause.TECHNICIAN_OFF, AttentionCause.TIME_OFF)}
    assert times((await set_status(shop, "ana", ON)).attention) == ["10:00"]
    assert await attention(shop) == {"10:00": (AttentionCause.TIME_OFF,)}


@pytest.mark.parametrize(
    ("zone_key", "first", "end"),
    [
        ("America/Denver", "2025-06-02T06:00", "2025-06-03T06:00"),
        ("Asia/Tokyo", "2025-06-01T15:00", "2025-06-02T15:00"),
        ("Pacific/Kiritimati", "2025-06-01T10:00", "2025-06-02T10:00"),
        ("Asia/Kathmandu", "2025-06-01T18:15", "2025-06-02T18:15"),
    ],
)
async def test_dates_are_whole_days_in_the_technicians_zone(opened: Open, zone_key: str, first: str, end: str) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00", timezone=zone_key), timezone="America/Denver"))
    monday = WallDate(date(2025, 6, 2))
    answer = await shop.app.technicians.add_time_off(TimeOffRequest(technician_id="ana", start=monday, end=monday))
    (off,) = answer.technician.time_off
    assert (off.start, off.end) == (at(first), at(end))


async def test_local_times_are_the_technicians(opened: Open) -> None:
    shop = await opened(plan(technician("ana", "09:00-12:00", timezone="Asia/Tokyo"), timezone="America/Denver"))
    nine, noon = (WallTime(datetime(2025, 6, 3, hour)) for hour in (9, 12))  # noqa: DTZ001  wall times
    answer = await shop.app.technicians.add_time_off(TimeOffRequest(technician_id="ana", start=nine, end=noon))
    assert [(off.start, off.end) for off in answer.technician.time_off] == [
        (at("2025-06-03T00:00"), at("2025-06-03T03:00"))
    ]


async def test_time_off_takes_the_whole_day_of_a_technician_far_from_the_office(opened: Open) -> None:
    ana = technician("ana", "09:00-17:00", timezone="Asia/Tokyo")
    shop = await opened(plan(ana, timezone="America/Denver"))
    early, late = at("2025-06-03T00:00"), at("2025-06-03T07:00")
    for number, start in enumerate((early, late)):
        await shop.book(start, customer=customer(number))
    tuesday = WallDate(date(2025, 6, 3))
    answer = await shop.app.technicians.add_time_off(TimeOffRequest(technician_id="ana", start=tuesday, end=tuesday))
    assert [one.found.booking.claim.start for one in answer.attention] == [early, late]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("10:00", "10:00", "end"),
        ("10:00", "09:00", "end"),
        ("05:00", "06:00", "end"),
        ("10:00", "2026-06-03T10:01", "end"),
    ],
)
async def test_invalid_time_off_is_rejected(opened: Open, start: str, end: str, field: str) -> None:
    shop = await opened(plan(ANA))
    before = fingerprint(shop.path)
    with pytest.raises(InvalidArgument) as refused:
        await away(shop, "ana", start, end)
    assert [one.field for one in refused.value.fields] == [field]
    assert fingerprint(shop.path) == before


async def test_a_time_that_the_clock_skips_is_rejected(opened: Open) -> None:
    shop = await opened(plan(replace(ANA, timezone="America/Denver")))
    skipped = WallTime(datetime(2026, 3, 8, 2, 30))  # noqa: DTZ001  a wall time
    with pytest.raises(InvalidArgument) as refused:
        await shop.app.technicians.add_time_off(
            TimeOffRequest(technician_id="ana", start=skipped, end=at("2026-03-09T00:00"))
        )
    assert refused.value.fields[0].field == "start"


async def test_an_unknown_technician_is_not_found(opened: Open) -> None:
    shop = await opened(plan(ANA))
    with pytest.raises(NotFound) as refused:
        await set_status(shop, "anna", OUT)
    assert refused.value.nearest == ("ana",)
    with pytest.raises(NotFound):
        await away(shop, "anna", "10:00", "11:00")


async def test_a_hold_is_moved_despite_travel_rather_than_withdrawn(opened: Open) -> None:
    near, far = Location(39.74, -104.99), Location(39.98, -104.99)
    ana = technician("ana", "09:00-12:00", home=near)
    ben = technician("ben", "09:00-12:00", home=far, priority=2)
    shop = await opened(plan(ana, ben, travel=TravelPolicy(mode=TravelMode.ESTIMATED)))
    hold = await shop.hold("09:30", location=near)
    assert hold.hold.claim.technician_id == "ana"
    assert (await set_status(shop, "ana", OUT)).holds_moved == 1
    assert (await shop.book_hold(hold)).technician.id == "ben"
