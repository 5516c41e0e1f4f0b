"""The board: it shows what happens elsewhere as it happens, and a booking is moved on it with the mouse."""

import re
from dataclasses import replace

from playwright.async_api import Locator, Page, expect

from slotmcp.domain.catalog import WallSpan
from support.browsing import Business, Look, open_business
from support.denver import PLAN, weekly

(WEEKDAYS_AT_NOON,) = weekly(12, 13)
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def row_of(page: Page, technician: str) -> Locator:
    return page.locator(f'[data-technician="{technician}"]')


async def loads_of(page: Page) -> float:
    """When the page was loaded, which is another number once it is loaded again."""
    return float(await page.evaluate("performance.timeOrigin"))


async def test_a_booking_made_by_a_caller_appears_by_itself(look: Look, business: Business) -> None:
    page = await look(business.board, business)
    loaded = await loads_of(page)
    booking = await business.book("10:00", technicianId="t-ben")
    shown = row_of(page, "t-ben").locator(f"#b-{booking['bookingId']}")
    await expect(shown).to_contain_text("10:00")
    await expect(shown).to_contain_text("Kim Doe")
    await business.ask("cancel_booking", bookingId=booking["bookingId"])
    await expect(shown).to_have_count(0)
    assert await loads_of(page) == loaded


async def test_what_is_too_short_for_a_line_of_words_says_who_and_no_more(look: Look, business: Business) -> None:
    short_break = replace(WEEKDAYS_AT_NOON, span=WallSpan(start_minute=12 * 60, end_minute=12 * 60 + 30))
    people = tuple(replace(one, breaks=(short_break,)) for one in PLAN.technicians)
    services = tuple(replace(one, duration_minutes=30, buffer_after_minutes=0) for one in PLAN.services)
    brisk = await open_business(
        business.server, business.schedules, replace(PLAN, technicians=people, services=services)
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


async def test_a_hold_counts_down_and_goes(look: Look, business: Business) -> None:
    brief = replace(PLAN, project=replace(PLAN.project, hold_ttl_seconds=4))
    hasty = await open_business(business.server, business.schedules, brief)
    page = await look(hasty.board, hasty)
    await hasty.ask("create_hold", start=hasty.at("13:00"), customerHash="lee")
    left = page.locator(".held .left")
    await expect(left).to_have_text(re.compile(r"^0:0[0-4]$"))
    first = await left.inner_text()
    await expect(left).not_to_have_text(first)
    await expect(left).to_have_count(0)


async def drag(page: Page, block: Locator, *, hours: float, onto: Locator) -> None:
    """With the mouse, as far as so many hours are wide, to another row."""
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


async def test_a_booking_is_dragged_to_another_time_and_held_fast_meanwhile(look: Look, business: Business) -> None:
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
    await dialog.get_by_role("button", name="Move it").click()
    await expect(page.get_by_role("status")).to_contain_text("Moved. Ana comes to Kim Doe")
    (found,) = (await business.ask("find_bookings", bookingId=booking["bookingId"]))["bookings"]
    assert found["startLocal"][11:16] == "13:00"
    assert found["technicianName"] == "Ana"


async def test_a_booking_is_dragged_to_another_technician(look: Look, business: Business) -> None:
    booking = await business.book("09:00", technicianId="t-ana")
    page = await look(business.board, business)
    await drag(page, page.locator(f"#b-{booking['bookingId']}"), hours=0, onto=row_of(page, "t-ben"))
    await expect(page.get_by_role("dialog")).to_contain_text("to 09:00 with Ben")
    await page.get_by_role("button", name="Move it").click()
    await expect(row_of(page, "t-ben").locator(f"#b-{booking['bookingId']}")).to_be_visible()
    (found,) = (await business.ask("find_bookings", bookingId=booking["bookingId"]))["bookings"]
    assert (found["startLocal"][11:16], found["technicianName"]) == ("09:00", "Ben")
