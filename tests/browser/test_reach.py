"""Access in a browser: no page without a login, and no page of another business."""

from dataclasses import replace

from playwright.async_api import expect

from slotmcp.domain.access import Scope
from slotmcp.web.dashboard.app import ROUTES
from support.browsing import Business, Look, Watch, open_business


async def test_every_page_redirects_to_the_login(look: Look, business: Business) -> None:
    page = await look(business.url())
    for route in ROUTES:
        if not route.is_form:
            answer = await page.request.get(business.url(route.path), max_redirects=0)
            assert (answer.status, answer.headers["location"]) == (303, "/dashboard/login"), route.path


async def test_another_business_looks_like_an_unknown_one(look: Look, watch: Watch, business: Business) -> None:
    other = await open_business(business.server, business.schedules)
    page = await look(business.url(), business)
    messages = []
    for project in (other.id, "nowhere"):
        await page.goto(business.url().replace(business.id, project))
        await expect(page.get_by_role("link", name="Go to the dashboard")).to_be_visible()
        messages.append((await page.get_by_role("alert").inner_text()).replace(project, "?"))
    assert messages[0] == messages[1]
    assert watch.refused == [404, 404]
    watch.refused.clear()


async def test_an_open_page_returns_to_the_login_when_its_key_is_revoked(
    look: Look, watch: Watch, business: Business
) -> None:
    access = business.schedules.app.access
    page = await look(business.board, business)
    await expect(page.locator("#board")).to_be_visible()
    other_operator = replace(business, key=(await access.create(Scope.OPERATOR, project=business.id)).token)
    await access.revoke(business.key.split("_")[1])
    await other_operator.book("10:00")
    await expect(page.get_by_label("Key")).to_be_visible()
    await expect(page.get_by_text("Kim Doe")).to_have_count(0)
    assert set(watch.refused) <= {401}
    assert set(watch.faults) <= {"[object Event]"}, "htmx reports that the stream ended"
    watch.refused.clear()
    watch.faults.clear()
