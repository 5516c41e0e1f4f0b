"""Accessibility checks with axe-core."""

from importlib.resources import files
from typing import Any, Final

from playwright.async_api import Page

_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
_COLOR_RULES: Final = ["color-contrast", "link-in-text-block"]
_RUN_AXE: Final = """async rules => (await axe.run(document, {resultTypes: ['violations'], ...rules})).violations
    .filter(violation => ['serious', 'critical'].includes(violation.impact))
    .map(({id, nodes}) => `${id}: ${nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join('; ')}`)"""


async def faults_of(page: Page, *, only_color: bool = False) -> list[str]:
    """Return the serious and critical faults with their elements, optionally only those of color.

    Playwright injects the script past the content security policy.
    """
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_AXE)
    faults: Any = await page.evaluate(_RUN_AXE, {"runOnly": _COLOR_RULES} if only_color else {})
    return list(faults)
