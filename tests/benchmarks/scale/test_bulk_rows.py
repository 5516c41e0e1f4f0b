"""Rows copied in bulk: slotmcp reads them like rows that it wrote."""

from pathlib import Path

from benchmarks.files import plan_of
from benchmarks.scale.bulk_rows import copied_id, copy_project
from benchmarks.scale.databases import fill, opened
from benchmarks.scale.past_bookings import add_past_bookings, find, write_business
from benchmarks.schedules import NOW, schedule_of
from slotmcp.services.slots import SlotQuery


async def test_past_bookings_are_found_by_phone_and_end_before_the_past_week(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'past.db'}"
    await write_business(tmp_path / "past.db")
    add_past_bookings(tmp_path / "past.db", 2_000)
    async with opened(url) as app:
        (found,) = await find(app, "+13030000042")
        plan = await app.projects.export_project("p")
    past = [booking.claim for booking in plan.bookings if booking.id.startswith("past-")]
    assert len(past) == 2_000
    assert max(claim.end for claim in past) < NOW - 7 * 24 * 60
    assert found.id == "past-00000042"


async def test_a_copied_project_has_the_slots_of_the_original(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copies.db'}"
    await fill(url, [plan_of(schedule_of(3, 7))])
    copy_project(tmp_path / "copies.db", "p", 4)
    async with opened(url) as app:
        original = await app.slots.get_slots(SlotQuery(project_id="p"))
        for number in range(4):
            copy = await app.slots.get_slots(SlotQuery(project_id=copied_id("p", number)))
            assert copy.offer.slots == original.offer.slots != ()
