"""Login in a browser."""

import pytest
from playwright.async_api import Page, expect

from slotmcp.domain.access import Scope
from support.browsing import Business, Look, Watch


async def log_in(page: Page, key: str) -> None:
    await page.get_by_label("Key").fill(key)
    await page.get_by_role("button", name="Log in").click()


async def test_an_operators_key_opens_the_board_until_logout(look: Look, business: Business) -> None:
    page = await look(business.url())
    await expect(page).to_have_url(f"{business.server.url}/dashboard/login")
    await log_in(page, business.key)
    await expect(page).to_have_url(business.url())
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    (cookie,) = await page.context.cookies()
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Strict", "/dashboard")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Key")).to_be_visible()
    await page.goto(business.url())
    await expect(page.get_by_label("Key")).to_be_visible()


@pytest.mark.parametrize("kind", ["wrong", "caller", "revoked"])
async def test_an_invalid_key_is_rejected_with_a_hint(look: Look, watch: Watch, business: Business, kind: str) -> None:
    access = business.schedules.app.access
    key = business.key[:-1] + ("a" if business.key[-1] != "a" else "b")
    if kind == "caller":
        key = (await access.create(Scope.CALLER, project=business.id)).token
    if kind == "revoked":
        made = await access.create(Scope.OPERATOR, project=business.id)
        await access.revoke(made.key.id)
        key = made.token
    page = await look(f"{business.server.url}/dashboard/login")
    await log_in(page, key)
    await expect(page.get_by_role("alert")).to_contain_text("slotmcp keys create --scope operator")
    await expect(page.get_by_label("Key")).to_have_value("")
    assert await page.context.cookies() == []
    assert watch.refused == [401]
    watch.refused.clear()
