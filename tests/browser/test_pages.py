"""Accessibility and layout of every page, in light and dark mode, on a desktop and on a phone."""

from itertools import product
from typing import Final

import pytest
from playwright.async_api import Page, ViewportSize, expect

from slotmcp.web.dashboard.app import ROUTES
from support.axe import faults_of
from support.browsing import Business, Look

DESKTOP: Final = ViewportSize(width=1280, height=800)
PHONE: Final = ViewportSize(width=360, height=740)
FRAGMENTS: Final = {"/gaps", "/today", "/events"}
"""Routes that are not whole pages."""
PAGES: Final = [route.path for route in ROUTES if not route.is_form and route.path not in FRAGMENTS]
STOP: Final = """() => {
    const at = document.activeElement;
    if (at === null || at === document.body || at.dataset.stopped) return null;
    at.dataset.stopped = 'yes';
    const style = getComputedStyle(at);
    const isSeen = at.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return {name: at.outerHTML.slice(0, 80), isSeen};
}"""
"""Script that describes the focused element; null after every element has had the focus."""


async def layout_faults(page: Page) -> list[str]:
    """Return accessibility and width faults in light and dark mode on both screens; dark mode changes only colors."""
    faults = []
    for size, scheme in product((DESKTOP, PHONE), ("light", "dark")):
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        faults += [f"{size['width']} {scheme}: {fault}" for fault in await faults_of(page, only_color=scheme == "dark")]
        too_wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        faults += [f"{size['width']} {scheme}: {too_wide} px wider than the screen"] if too_wide > 0 else []
    return faults


async def stops_without_outline(page: Page) -> list[str]:
    """Return the focusable elements without a visible focus outline."""
    stops = []
    await page.keyboard.press("Tab")
    while (stop := await page.evaluate(STOP)) is not None:
        stops += [] if stop["isSeen"] else [stop["name"]]
        await page.keyboard.press("Tab")
    return stops


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_accessible(look: Look, lively: Business, path: str) -> None:
    page = await look(lively.url(path.format(**lively.known)) if path else lively.board, lively)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await stops_without_outline(page) == []
    assert await layout_faults(page) == []


@pytest.mark.parametrize("path", ["/login", ""])
async def test_pages_without_a_project_are_accessible(look: Look, business: Business, path: str) -> None:
    page = await look(f"{business.server.url}/dashboard{path}", business if path != "/login" else None)
    assert await layout_faults(page) == []


async def test_the_keyboard_skips_to_the_content(look: Look, business: Business) -> None:
    page = await look(business.url(), business)
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
