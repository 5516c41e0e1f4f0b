"""Screenshots of the dashboard in light mode, in dark mode and on a phone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, Page

from slotmcp.demo.callers import CallSimulator
from slotmcp.demo.dashboard_demo import HttpBusiness, open_http_business
from slotmcp.demo.sample_business import PROJECT_ID
from support.browsing import at_once, chromium

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
PAGES: Final = {"board": "", "reports": "/reports"}
_DESKTOP: Final = {"viewport": {"width": 1280, "height": 800}}
_PHONE: Final = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}
LOOKS: Final[Mapping[str, Mapping[str, Any]]] = {
    "light": {**_DESKTOP, "color_scheme": "light"},
    "dark": {**_DESKTOP, "color_scheme": "dark"},
    "phone": {**_PHONE, "color_scheme": "light"},
}
_CALLS: Final = 60


async def take(folder: Path) -> None:
    """Take every screenshot of the demo's business after simulated calls."""
    async with open_http_business(folder, 0) as business, chromium() as browser:
        await CallSimulator(business.phone_line, seed=1, pause=at_once).run(_CALLS, concurrency=3)
        await _create_hold(business)
        for look, options in LOOKS.items():
            page = await _logged_in(browser, business, options)
            for name, path in PAGES.items():
                await page.goto(f"{business.url}/dashboard/{PROJECT_ID}{path}")
                await page.get_by_role("heading", level=1).wait_for()
                await page.screenshot(path=IMAGES / f"{name}-{look}.png")


async def _create_hold(business: HttpBusiness) -> None:
    """Hold the next available time."""
    async with business.phone_line("screenshot") as client:
        answer = (
            await client.call_tool("get_slots", {"serviceType": "ac-repair", "limit": 1})
        ).structured_content or {}
        held = {"serviceType": "ac-repair", "start": answer["slots"][0]["start"], "customerHash": "screenshot"}
        await client.call_tool("create_hold", held)


async def _logged_in(browser: Browser, business: HttpBusiness, options: Mapping[str, Any]) -> Page:
    page = await (await browser.new_context(**options)).new_page()
    await page.goto(f"{business.url}/dashboard")
    await page.get_by_label("Key").fill(business.operator_key)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(f"**/{PROJECT_ID}")
    return page
