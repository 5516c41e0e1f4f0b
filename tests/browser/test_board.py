"""Board in a browser: live updates, countdowns, and drag and drop."""

import re
from dataclasses import replace

from playwright.async_api import Locator, Page, expect

from slotmcp.domain.recurrence import WallSpan
from support.browsing import Business, Look, open_business
from support.denver import PLAN, weekly

(WEEKDAYS_AT_NOON,) = weekly(12, 13)
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def row_of(page: Page, technician: str) -> Locator:
    return page.locator(f'[data-technician="{technician}"]')


async def load_time(page: Page) -> float:
    """Return the time of the page load, which changes on a reload."""
    return float(await page.evaluate("performance.timeOrigin"))


async def test_a_callers_booking_appears_without_a_reload(look: Look, business: Business) -> None:
    page = await look(business.board, business)
    loaded = await load_time(page)
    booking = await business.book("10:00", technicianId="t-ben")
    shown = row_of(page, "t-ben").locator(f"#b-{booking['bookingId']}")
    await expect(shown).to_contain_text("10:00")
    await expect(shown).to_contain_text("Kim Doe")
    await business.call("cancel_booking", bookingId=booking["bookingId"])
    await expect(shown).to_have_count(0)
    assert await load_time(page) == loaded


async def test_a_short_block_shows_only_the_customers_name(look: Look, business: Business) -> None:
    short_break = replace(WEEKDAYS_AT_NOON, span=WallSpan(start_minute=12 * 60, end_minute=12 * 60 + 30))
    technicians = tuple(replace(technician, breaks=(short_break,)) for technician in PLAN.technicians)
    services = tuple(replace(service, duration_minutes=30, buffer_after_minutes=0) for service in PLAN.services)
    brisk = await open_business(
        business.server, business.schedules, replace(PLAN, technicians=technicians, services=services)
    )
    booking = await brisk.book("10:00", technicianId="t-ben")
    page = await look(brisk.board, brisk)
    shown = row_of(page, "t-ben").locator(f"#b-{booking['bookingId']}")
    await expect(shown.locator("b")).to_be_visible()
    await expect(shown.locator("b")).to_have_css("white-space", "normal")
    await expect(shown.locator(".more")).to_be_hidden()
    pause = row_of(page, "t-ben").locator(".pause")
    await expect(pause).to_be_visible()
    await expect(pause.locator("b")).to_be_hidden()


async def test_a_hold_counts_down_and_disappears(look: Look, business: Business) -> None:
    plan = replace(PLAN, project=replace(PLAN.project, hold_ttl_seconds=12))
    short_hold_business = await open_business(business.server, business.schedules, plan)
    page = await look(short_hold_business.board, short_hold_business)
    await short_hold_business.call("create_hold", start=short_hold_business.at("13:00"), customerHash="lee")
    left = page.locator(".held .left")
    await expect(left).to_have_text(re.compile(r"^0:(0\d|1[0-2])$"))
    first = await left.inner_text()
    await expect(left).not_to_have_text(first)
    await expect(left).to_have_count(0, timeout=30_000)


async def drag(page: Page, block: Locator, *, hours: float, onto: Locator) -> None:
    """Drag a block with the mouse by some hours and onto a row."""
    board = page.locator(".board")
    minutes = int(await board.get_attribute("data-minutes") or 0) * int(await board.get_attribute("data-columns") or 0)
    track = await onto.locator(".track").bounding_box()
    at = await block.bounding_box()
    assert track is not None
    assert at is not None
    x, y = at["x"] + 10, at["y"] + at["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + hours * 60 / minutes * track["width"], track["y"] + track["height"] / 2, steps=4)
    await page.mouse.up()


async def test_a_drag_to_another_time_delays_updates_until_the_dialog_closes(look: Look, business: Business) -> None:
    booking = await business.book("09:00", technicianId="t-ana")
    page = await look(business.board, business)
    block = page.locator(f"#b-{booking['bookingId']}")
    await drag(page, block, hours=4, onto=row_of(page, "t-ana"))
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("from 09:00 with Ana to 13:00 with Ana")
    async with page.expect_response(lambda answer: answer.url == business.board):
        other = page.locator(f"#b-{(await business.book('15:00', technicianId='t-ben'))['bookingId']}")
    await page.evaluate(TWO_FRAMES)
    await expect(dialog).to_be_visible()
    await expect(other).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(other).to_be_visible()
    await drag(page, block, hours=4, onto=row_of(page, "t-ana"))
    await dialog.get_by_role("button", name="Move booking").click()
    await expect(page.get_by_role("status")).to_contain_text("Kim Doe with Ana")
    (moved,) = (await business.call("find_bookings", bookingId=booking["bookingId"]))["bookings"]
    assert moved["startLocal"][11:16] == "13:00"
    assert moved["technicianName"] == "Ana"


async def test_a_booking_is_dragged_to_another_technician(look: Look, business: Business) -> None:
    booking = await business.book("09:00", technicianId="t-ana")
    page = await look(business.board, business)
    await drag(page, page.locator(f"#b-{booking['bookingId']}"), hours=0, onto=row_of(page, "t-ben"))
    await expect(page.get_by_role("dialog")).to_contain_text("to 09:00 with Ben")
    await page.get_by_role("button", name="Move booking").click()
    await expect(row_of(page, "t-ben").locator(f"#b-{booking['bookingId']}")).to_be_visible()
    (moved,) = (await business.call("find_bookings", bookingId=booking["bookingId"]))["bookings"]
    assert (moved["startLocal"][11:16], moved["technicianName"]) == ("09:00", "Ben")
