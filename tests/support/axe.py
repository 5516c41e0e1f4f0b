"""axe-core, asked what is wrong with a page for those who do not see it, or not well, or use no mouse."""

from importlib.resources import files
from typing import Any, Final

from playwright.async_api import Page

_AXE: Final = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
_COLOUR: Final = ["color-contrast", "link-in-text-block"]
_ASK: Final = """async rules => (await axe.run(document, {resultTypes: ['violations'], ...rules})).violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(' ') + ' ' + node.failureSummary).join('; ')}`)"""


async def faults_of(page: Page, *, of_colour: bool = False) -> list[str]:
    """The serious and critical ones, each with where it is; if wished, of colour alone.

    The script is let in past the content security policy.
    """
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_AXE)
    found: Any = await page.evaluate(_ASK, {"runOnly": _COLOUR} if of_colour else {})
    return list(found)
