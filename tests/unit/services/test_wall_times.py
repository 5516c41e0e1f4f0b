"""Times without an offset are in the project's zone; ambiguous or skipped ones are rejected with both readings."""

from datetime import datetime

import pytest

from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.moment import WallTime
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from support.clock import HandClock
from support.shop import CALLER, Shop, at, instant_ms, plan, technician
from unit.services.conftest import Open

ALWAYS = technician("ana", "00:00-24:00", timezone="America/New_York")
GAP = WallTime(datetime.fromisoformat("2025-03-09T02:30"))
TWICE = WallTime(datetime.fromisoformat("2025-11-02T01:30"))
GAP_READINGS = "2025-03-09T01:30-05:00 or 2025-03-09T03:30-04:00"
TWICE_READINGS = "2025-11-02T01:30-04:00 or 2025-11-02T01:30-05:00"


async def new_york(opened: Open, now: str) -> Shop:
    return await opened(plan(ALWAYS, timezone="America/New_York"), clock=HandClock(instant_ms(now)))


@pytest.mark.parametrize(
    ("now", "start", "readings"),
    [("2025-03-08T12:00Z", GAP, GAP_READINGS), ("2025-11-01T12:00Z", TWICE, TWICE_READINGS)],
)
async def test_an_ambiguous_time_is_rejected_with_both_readings(
    opened: Open, now: str, start: WallTime, readings: str
) -> None:
    shop = await new_york(opened, now)
    hold = HoldRequest(start=start, customer_reference="x")
    for call in (
        shop.app.holds.create_hold(hold),
        shop.app.bookings.book_slot(BookRequest(start=start, customer=CALLER)),
        shop.app.slots.get_slots(SlotQuery(from_=start)),
    ):
        with pytest.raises(InvalidArgument, match=readings):
            await call


async def test_the_error_names_the_invalid_field(opened: Open) -> None:
    shop = await new_york(opened, "2025-11-01T12:00Z")
    for field, query in (("from", SlotQuery(from_=TWICE)), ("to", SlotQuery(to=TWICE))):
        with pytest.raises(InvalidArgument) as refused:
            await shop.app.slots.get_slots(query)
        assert [one.field for one in refused.value.fields] == [field]
    with pytest.raises(InvalidArgument) as refused:
        await shop.app.holds.create_hold(HoldRequest(start=at("2025-11-02T05:00Z"), end=TWICE, customer_reference="x"))
    assert [one.field for one in refused.value.fields] == ["end"]


@pytest.mark.parametrize(
    ("wall", "utc"), [("2025-11-02T00:30", "2025-11-02T04:30Z"), ("2025-11-02T02:00", "2025-11-02T07:00Z")]
)
async def test_an_unambiguous_time_uses_the_projects_zone(opened: Open, wall: str, utc: str) -> None:
    shop = await new_york(opened, "2025-11-01T12:00Z")
    start = WallTime(datetime.fromisoformat(wall))
    answer = await shop.app.holds.create_hold(HoldRequest(start=start, customer_reference="x"))
    assert answer.hold.claim.start == at(utc)


async def test_both_readings_of_a_repeated_hour_can_be_booked(opened: Open) -> None:
    shop = await new_york(opened, "2025-11-01T12:00Z")
    one = await shop.book("2025-11-02T01:30-04:00", duration_minutes=30)
    other = await shop.book("2025-11-02T01:30-05:00", duration_minutes=30)
    assert other.booking.claim.start - one.booking.claim.start == 60


async def test_a_length_across_the_change_is_in_real_minutes(opened: Open) -> None:
    shop = await new_york(opened, "2025-03-08T12:00Z")
    start, end = (WallTime(datetime.fromisoformat(f"2025-03-09T{hour}")) for hour in ("01:30", "03:30"))
    claim = (await shop.app.holds.create_hold(HoldRequest(start=start, end=end, customer_reference="x"))).hold.claim
    assert claim.end - claim.start == 60
