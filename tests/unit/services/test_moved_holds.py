"""Holds move to other technicians to make room, and every moved hold can still be served.

The two counter-examples of the architecture: counting free technicians would sell three where two can serve.
"""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import SlotUnavailable
from support.shop import booking, plan, service, technician
from support.sqlite_file import fingerprint, live_entries, overlaps
from unit.services.conftest import Open

X, Y = service("x-job", skills="x"), service("y-job", skills="y")
SKILLS = plan(
    technician("ana", "09:00-10:00", skills="x y"), technician("ben", "09:00-10:00", skills="x"), services=(X, Y)
)
WINDOWS = plan(technician("ana", "09:00-11:00"), technician("ben", "10:00-12:00"))


def caller(name: str) -> Customer:
    return Customer(name=name, phone=f"+1 303 555 {sum(map(ord, name)):04}", email=f"{name}@example.com")


async def test_a_hold_moves_to_make_room_for_a_rare_skill(opened: Open) -> None:
    shop = await opened(SKILLS)
    x_hold = await shop.hold("09:00", who="one", service_id="x-job")
    assert x_hold.hold.claim.technician_id == "ana", "the example needs the hold to be in the way"
    assert await shop.offered(service_id="y-job") == "09:00"
    y_hold = await shop.hold("09:00", who="two", service_id="y-job")
    assert (await shop.book_hold(y_hold, customer=caller("two"))).technician.id == "ana"
    assert (await shop.book_hold(x_hold, customer=caller("one"))).technician.id == "ben"


async def test_two_technicians_are_not_sold_three_times(opened: Open) -> None:
    shop = await opened(SKILLS)
    holds = [await shop.hold("09:00", who=who, service_id="x-job") for who in ("one", "two")]
    assert await shop.offered(service_id="y-job") == ""
    before = fingerprint(shop.path)
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:00", who="three", service_id="y-job")
    assert fingerprint(shop.path) == before
    sold = {
        (await shop.book_hold(hold, customer=caller(who))).technician.id for who, hold in zip("ab", holds, strict=True)
    }
    assert sold == {"ana", "ben"}


async def test_a_hold_moves_to_the_technician_with_the_later_shift(opened: Open) -> None:
    shop = await opened(WINDOWS)
    ten = await shop.hold("10:00", who="one")
    assert ten.hold.claim.technician_id == "ana", "the example needs the hold to be in the way"
    half_nine = await shop.hold("09:30", who="two")
    assert (await shop.book_hold(half_nine, customer=caller("two"))).technician.id == "ana"
    assert (await shop.book_hold(ten, customer=caller("one"))).technician.id == "ben"


async def test_capacity_is_limited_although_enough_technicians_are_on_duty(opened: Open) -> None:
    shop = await opened(WINDOWS)
    await shop.hold("09:30", who="one")
    await shop.hold("10:00", who="two")
    assert "10:30" not in await shop.offered()
    with pytest.raises(SlotUnavailable):
        await shop.hold("10:30", who="three")
    assert overlaps(live_entries(shop.path, shop.clock.now_ms())) == []


async def test_two_moves_make_room_if_one_does_not(opened: Open) -> None:
    """Ana's hold moves to Ben, whose hold moves to Cem, so that Ana can take the job that only she can."""
    a, ab, bc = service("a", skills="a"), service("ab", skills="ab"), service("bc", skills="bc")
    team = (
        technician("ana", "09:00-10:00", skills="a ab"),
        technician("ben", "09:00-10:00", skills="ab bc"),
        technician("cem", "09:00-10:00", skills="bc"),
    )
    shop = await opened(plan(*team, services=(a, ab, bc)))
    in_the_way = await shop.hold("09:00", who="one", service_id="ab")
    further = await shop.hold("09:00", who="two", service_id="bc")
    assert (in_the_way.hold.claim.technician_id, further.hold.claim.technician_id) == ("ana", "ben")
    last = await shop.hold("09:00", who="three", service_id="a")
    technicians = [
        (await shop.book_hold(hold, customer=caller(name))).technician.id
        for name, hold in (("x", in_the_way), ("yy", further), ("zzz", last))
    ]
    assert technicians == ["ben", "cem", "ana"]


async def test_a_direct_booking_moves_holds_too(opened: Open) -> None:
    shop = await opened(SKILLS)
    x_hold = await shop.hold("09:00", who="one", service_id="x-job")
    assert (await shop.book("09:00", service_id="y-job", customer=caller("two"))).technician.id == "ana"
    assert (await shop.book_hold(x_hold, customer=caller("one"))).technician.id == "ben"


async def test_a_hold_with_a_requested_technician_does_not_move(opened: Open) -> None:
    shop = await opened(SKILLS)
    chosen = await shop.hold("09:00", who="one", service_id="x-job", technician_id="ana")
    assert await shop.offered(service_id="y-job") == ""
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:00", who="two", service_id="y-job")
    assert (await shop.book_hold(chosen)).technician.id == "ana"


async def test_a_booking_does_not_move(opened: Open) -> None:
    shop = await opened(SKILLS)
    sold = await shop.book("09:00", service_id="x-job")
    assert sold.technician.id == "ana"
    with pytest.raises(SlotUnavailable):
        await shop.book("09:00", service_id="y-job", customer=caller("two"))


async def test_a_moved_hold_keeps_its_expiry(opened: Open) -> None:
    shop = await opened(SKILLS)
    x_hold = await shop.hold("09:00", who="one", service_id="x-job")
    shop.clock.advance(seconds=60)
    await shop.hold("09:00", who="two", service_id="y-job")
    assert await shop.offered(service_id="x-job") == ""
    shop.clock.set_ms(x_hold.now_ms + 90_000)
    assert await shop.offered(service_id="x-job") == "09:00"


async def test_a_hold_does_not_move_into_busy_time(opened: Open) -> None:
    shop = await opened(WINDOWS)
    await shop.hold("10:00", who="one")
    blocked = plan(*WINDOWS.technicians, bookings=[booking("b-1", "ben", "10:30")])
    await shop.app.projects.import_project(blocked, prune=False)
    with pytest.raises(SlotUnavailable):
        await shop.hold("09:30", who="two")
