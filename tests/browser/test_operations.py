"""What an operator does in the browser is done: whoever asks through MCP hears of it at once."""

from playwright.async_api import Locator, Page, expect

from support.browsing import KIM, Business, Look, Watch


async def starts_with(business: Business, technician: str, time: str) -> list[str]:
    """The starts from a time of tomorrow on that could be had of somebody within the hour."""
    window = {"from": business.at(time), "to": business.at(f"{time[:2]}:59")}
    slots = (await business.ask("get_slots", technicianId=technician, **window))["slots"]
    return [slot["startLocal"][11:16] for slot in slots]


async def found_again(business: Business, booking_id: str) -> tuple[str, str]:
    """When a booking is, and who comes."""
    (found,) = (await business.ask("find_bookings", bookingId=booking_id))["bookings"]
    return found["startLocal"][11:16], found["technicianName"]


async def tab_to(page: Page, wanted: Locator) -> None:
    """With nothing but the Tab key."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"The Tab key does not lead to {wanted}.")


async def test_a_booking_is_moved_by_keyboard_alone(look: Look, business: Business) -> None:
    booking_id = (await business.book("09:00", technicianId="t-ana"))["bookingId"]
    page = await look(business.board, business, locale="en-GB")
    await tab_to(page, page.locator(f"#b-{booking_id}"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Kim Doe")
    await tab_to(page, page.get_by_label("Start"))
    await page.keyboard.type("1400")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("It has been moved.")
    assert await found_again(business, booking_id) == ("14:00", "Ana")


async def test_a_cancelled_booking_goes_and_its_hour_is_free_again(look: Look, business: Business) -> None:
    booking_id = (await business.book("09:00", technicianId="t-ana"))["bookingId"]
    assert "09:00" not in await starts_with(business, "t-ana", "09:00")
    page = await look(business.url(f"/bookings/{booking_id}"), business)
    await page.get_by_role("button", name="Cancel the booking").click()
    await expect(page.get_by_role("status")).to_contain_text("It has been cancelled")
    assert "09:00" in await starts_with(business, "t-ana", "09:00")
    await page.goto(business.board)
    await expect(page.locator('[data-technician="t-ana"]')).to_be_visible()
    await expect(page.locator(f"#b-{booking_id}")).to_have_count(0)


async def test_where_it_cannot_go_something_else_is_offered(look: Look, watch: Watch, business: Business) -> None:
    booking_id = (await business.book("09:00", technicianId="t-ana"))["bookingId"]
    for technician in ("t-ana", "t-ben"):
        lee = {**KIM, "customerPhone": f"+1 303 555 01{technician == 't-ana':02}"}
        await business.book("14:00", technicianId=technician, **lee)
    page = await look(business.url(f"/bookings/{booking_id}"), business)
    await page.get_by_label("Start").fill("14:00")
    await page.get_by_role("button", name="Move it").click()
    problem = page.get_by_role("alert")
    await expect(problem).to_be_visible()
    assert await found_again(business, booking_id) == ("09:00", "Ana")
    instead = problem.get_by_role("button").first
    words = await instead.inner_text()
    await instead.click()
    await expect(page.get_by_role("status")).to_have_text("It has been moved.")
    start, _ = await found_again(business, booking_id)
    assert words.endswith(start)
    assert watch.refused == [409]
    watch.refused.clear()


def card_of(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


async def test_a_technician_takes_no_work_and_takes_it_again(look: Look, business: Business) -> None:
    page = await look(business.url("/technicians"), business)
    ana = card_of(page, "Ana")
    await ana.get_by_role("button", name="Takes no work").click()
    await expect(page.get_by_role("status")).to_contain_text("Ana takes no work any more.")
    assert await starts_with(business, "t-ana", "09:00") == []
    await ana.get_by_role("button", name="Takes work again").click()
    await expect(ana.get_by_role("button", name="Takes no work")).to_be_visible()
    assert await starts_with(business, "t-ana", "09:00") != []


async def test_time_off_is_added_and_bookings_in_it_are_told(look: Look, business: Business) -> None:
    await business.book("09:00", technicianId="t-ben")
    page = await look(business.url("/technicians"), business)
    ben = card_of(page, "Ben")
    await ben.get_by_text("Add time off").first.click()
    await ben.get_by_label("First day").fill(f"{business.tomorrow}")
    await ben.get_by_label("Last day").fill(f"{business.tomorrow}")
    await ben.get_by_label("Why").fill("dentist")
    await ben.get_by_role("button", name="Add time off").click()
    await expect(page.get_by_role("status")).to_contain_text("Ben has time off.")
    await expect(page.get_by_text("These bookings are kept. Move or cancel each.")).to_be_visible()
    await expect(page.get_by_role("link", name="Kim Doe")).to_be_visible()
    assert await starts_with(business, "t-ben", "13:00") == []
