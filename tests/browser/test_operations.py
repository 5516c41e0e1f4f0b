"""Changes in the browser take effect for MCP clients immediately."""

from playwright.async_api import Locator, Page, expect

from support.browsing import KIM, Business, Look, Watch


async def starts_with(business: Business, technician: str, time: str) -> list[str]:
    """Return a technician's available starts in the rest of an hour of tomorrow."""
    window = {"from": business.at(time), "to": business.at(f"{time[:2]}:59")}
    slots = (await business.call("get_slots", technicianId=technician, **window))["slots"]
    return [slot["startLocal"][11:16] for slot in slots]


async def time_and_technician(business: Business, booking_id: str) -> tuple[str, str]:
    """Return a booking's local time and technician."""
    (booking,) = (await business.call("find_bookings", bookingId=booking_id))["bookings"]
    return booking["startLocal"][11:16], booking["technicianName"]


async def tab_to(page: Page, target: Locator) -> None:
    """Move the focus to an element with the Tab key."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"The Tab key does not reach {target}.")


async def test_a_booking_is_moved_with_the_keyboard(look: Look, business: Business) -> None:
    booking_id = (await business.book("09:00", technicianId="t-ana"))["bookingId"]
    page = await look(business.board, business, locale="en-GB")
    await tab_to(page, page.locator(f"#b-{booking_id}"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Kim Doe")
    await tab_to(page, page.get_by_label("Start time"))
    await page.keyboard.type("1400")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("Booking moved.")
    assert await time_and_technician(business, booking_id) == ("14:00", "Ana")


async def test_a_cancelled_booking_disappears_and_its_time_is_available(look: Look, business: Business) -> None:
    booking_id = (await business.book("09:00", technicianId="t-ana"))["bookingId"]
    assert "09:00" not in await starts_with(business, "t-ana", "09:00")
    page = await look(business.url(f"/bookings/{booking_id}"), business)
    await page.get_by_role("button", name="Cancel booking").click()
    await expect(page.get_by_role("status")).to_contain_text("Booking canceled.")
    assert "09:00" in await starts_with(business, "t-ana", "09:00")
    await page.goto(business.board)
    await expect(page.locator('[data-technician="t-ana"]')).to_be_visible()
    await expect(page.locator(f"#b-{booking_id}")).to_have_count(0)


async def test_an_unavailable_time_offers_alternatives(look: Look, watch: Watch, business: Business) -> None:
    booking_id = (await business.book("09:00", technicianId="t-ana"))["bookingId"]
    for technician in ("t-ana", "t-ben"):
        lee = {**KIM, "customerPhone": f"+1 303 555 01{technician == 't-ana':02}"}
        await business.book("14:00", technicianId=technician, **lee)
    page = await look(business.url(f"/bookings/{booking_id}"), business)
    await page.get_by_label("Start time").fill("14:00")
    await page.get_by_role("button", name="Move booking").click()
    problem = page.get_by_role("alert")
    await expect(problem).to_be_visible()
    assert await time_and_technician(business, booking_id) == ("09:00", "Ana")
    alternative = problem.get_by_role("button").first
    label = await alternative.inner_text()
    await alternative.click()
    await expect(page.get_by_role("status")).to_have_text("Booking moved.")
    start, _ = await time_and_technician(business, booking_id)
    assert label.endswith(start)
    assert watch.refused == [409]
    watch.refused.clear()


def card_of(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


async def test_a_technician_is_marked_unavailable_and_available_again(look: Look, business: Business) -> None:
    page = await look(business.url("/technicians"), business)
    ana = card_of(page, "Ana")
    await ana.get_by_role("button", name="Mark as unavailable").click()
    await expect(page.get_by_role("status")).to_contain_text("Ana is unavailable from now on.")
    assert await starts_with(business, "t-ana", "09:00") == []
    await ana.get_by_role("button", name="Mark as available").click()
    await expect(ana.get_by_role("button", name="Mark as unavailable")).to_be_visible()
    assert await starts_with(business, "t-ana", "09:00") != []


async def test_time_off_is_added_and_affected_bookings_are_listed(look: Look, business: Business) -> None:
    await business.book("09:00", technicianId="t-ben")
    page = await look(business.url("/technicians"), business)
    ben = card_of(page, "Ben")
    await ben.get_by_text("Add time off").first.click()
    await ben.get_by_label("First day").fill(f"{business.tomorrow}")
    await ben.get_by_label("Last day").fill(f"{business.tomorrow}")
    await ben.get_by_label("Reason").fill("dentist")
    await ben.get_by_role("button", name="Add time off").click()
    await expect(page.get_by_role("status")).to_contain_text("Time off added for Ben.")
    await expect(page.get_by_text("These bookings are still scheduled. Move or cancel each one.")).to_be_visible()
    await expect(page.get_by_role("link", name="Kim Doe")).to_be_visible()
    assert await starts_with(business, "t-ben", "13:00") == []
