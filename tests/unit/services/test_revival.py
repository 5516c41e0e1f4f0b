"""Revival: a lapsed hold is booked while its capacity is free; else the caller gets alternatives."""

import pytest

from slotmcp.domain.booking import Customer
from slotmcp.domain.errors import HoldExpired
from support.shop import at, clock_text, hours, plan, technician
from support.sqlite_file import fingerprint, rows
from unit.services.conftest import Open

LEE = Customer(name="Lee", phone="+1 303 555 0101")
ANA, BEN = technician("ana", "09:00-12:00"), technician("ben", "09:00-12:00")


@pytest.mark.parametrize("seconds", [90, 91, 3600])
async def test_a_lapsed_hold_is_booked_while_its_capacity_is_free(opened: Open, seconds: int) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=seconds)
    answer = await shop.book_hold(hold)
    assert not answer.replayed
    assert answer.booking.claim.start == at("09:00")
    assert await shop.offered() == "10:00 10:30 11:00"


async def test_a_revived_hold_takes_a_technician_who_is_free_now(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=90)
    taken = await shop.book("09:00", technician_id=hold.hold.claim.technician_id, customer=LEE)
    assert (await shop.book_hold(hold)).technician.id != taken.technician.id


async def test_a_lapsed_hold_is_refused_with_alternatives_if_its_capacity_is_taken(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("10:00")
    shop.clock.advance(seconds=90)
    await shop.book("10:00", customer=LEE)
    before = fingerprint(shop.path)
    with pytest.raises(HoldExpired) as lost:
        await shop.book_hold(hold)
    assert fingerprint(shop.path) == before
    assert lost.value.alternatives is not None
    assert [clock_text(slot.start) for slot in lost.value.alternatives.slots] == ["09:00", "11:00", "09:00"]


async def test_capacity_held_by_another_caller_is_taken(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=90)
    other = await shop.hold("09:00", who="another")
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold)
    assert (await shop.book_hold(other, customer=LEE)).technician.id == "ana"


async def test_a_lapsed_hold_is_not_revived_after_its_start(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    shop.at_time("09:00:00.001")
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold)


async def test_a_lapsed_hold_is_revived_at_its_start(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    shop.at_time("09:00")
    assert (await shop.book_hold(hold)).booking.claim.start == at("09:00")


async def test_a_revived_hold_keeps_its_requested_technician(opened: Open) -> None:
    shop = await opened(plan(ANA, BEN))
    hold = await shop.hold("09:00", technician_id="ben")
    shop.clock.advance(seconds=90)
    await shop.book("09:00", technician_id="ben", customer=LEE)
    with pytest.raises(HoldExpired) as lost:
        await shop.book_hold(hold)
    assert lost.value.alternatives is not None
    assert {one.technician_id for slot in lost.value.alternatives.slots for one in slot.candidates} == {"ben"}


async def test_a_revived_hold_moves_no_other_hold(opened: Open) -> None:
    """Revival uses free time; only an offered start may move a hold (rules 18 and 20)."""
    shop = await opened(plan(technician("ana", "09:00-10:00"), technician("ben", "09:00-10:00")))
    hold = await shop.hold("09:00", technician_id="ana")
    shop.clock.advance(seconds=90)
    other = await shop.hold("09:00", who="another")
    assert other.hold.claim.technician_id == "ana"
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold)


async def test_a_revived_hold_respects_changed_working_hours(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("09:00")
    shop.clock.advance(seconds=90)
    later = technician("ana", shifts=(hours("10:00-12:00"),))
    await shop.app.projects.import_project(plan(later), prune=False)
    with pytest.raises(HoldExpired):
        await shop.book_hold(hold)


async def test_the_token_of_a_lapsed_hold_is_deleted_after_a_day(opened: Open) -> None:
    shop = await opened(plan(ANA))
    hold = await shop.hold("2025-06-05T09:00Z")
    shop.clock.advance(seconds=90 + 24 * 3600)
    with pytest.raises(HoldExpired, match="No hold has this token"):
        await shop.book_hold(hold)
    await shop.hold("2025-06-05T10:00Z")
    assert rows(shop.path, "SELECT count(*) FROM claims WHERE hold_token = ?", hold.hold.token) == [(0,)]
