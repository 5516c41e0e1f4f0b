"""Every page: for those who see badly, in the dark, on a phone, and with nothing but a keyboard."""

from itertools import product
from typing import Final

import pytest
from playwright.async_api import Page, ViewportSize, expect

from slotmcp.web.dashboard.app import PANELS
from support.axe import faults_of
from support.browsing import Business, Look

DESKTOP: Final = ViewportSize(width=1280, height=800)
PHONE: Final = ViewportSize(width=360, height=740)
PARTS: Final = {"/gaps", "/today", "/events"}
"""Of other pages, and none by themselves."""
PAGES: Final = [panel.path for panel in PANELS if not panel.is_form and panel.path not in PARTS]
STOP: Final = """() => {
    const at = document.activeElement;
    if (at === null || at === document.body || at.dataset.stopped) return null;
    at.dataset.stopped = 'yes';
    const style = getComputedStyle(at);
    const isSeen = at.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return {name: at.outerHTML.slice(0, 80), isSeen};
}"""
"""Where the Tab key has led, and whether an outline shows it; null: it has been everywhere."""


async def wrong_with(page: Page) -> list[str]:
    """All that is wrong with a page in both lights and on both screens; in the dark the colours alone differ."""
    found = []
    for size, light in product((DESKTOP, PHONE), ("light", "dark")):
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme="dark" if light == "dark" else "light", reduced_motion="reduce")
        found += [f"{size['width']} {light}: {fault}" for fault in await faults_of(page, of_colour=light == "dark")]
        too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"{size['width']} {light}: {too_wide} px wider than the screen"] if too_wide > 0 else []
    return found


async def unseen_stops(page: Page) -> list[str]:
    """The stops of the Tab key on which nobody could see where they are."""
    unseen = []
    await page.keyboard.press("Tab")
    while (stop := await page.evaluate(STOP)) is not None:
        unseen += [] if stop["isSeen"] else [stop["name"]]
        await page.keyboard.press("Tab")
    return unseen


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_for_everybody(look: Look, lively: Business, path: str) -> None:
    page = await look(lively.url(path.format(**lively.known)) if path else lively.board, lively)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await unseen_stops(page) == []
    assert await wrong_with(page) == []


@pytest.mark.parametrize("path", ["/login", ""])
async def test_so_are_those_of_no_business(look: Look, business: Business, path: str) -> None:
    page = await look(f"{business.server.url}/dashboard{path}", business if path != "/login" else None)
    assert await wrong_with(page) == []


async def test_the_keyboard_alone_skips_to_the_content(look: Look, business: Business) -> None:
    page = await look(business.url(), business)
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
