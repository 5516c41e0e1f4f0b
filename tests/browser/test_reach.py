"""Who sees what: nobody without a login, and nobody another company's pages."""

from playwright.async_api import expect

from slotmcp.web.dashboard.app import PANELS
from support.browsing import Business, Look, Watch, open_business


async def test_without_a_login_every_address_leads_to_it(look: Look, business: Business) -> None:
    page = await look(business.url())
    for panel in PANELS:
        if not panel.is_form:
            answer = await page.request.get(business.url(panel.path), max_redirects=0)
            assert (answer.status, answer.headers["location"]) == (303, "/dashboard/login"), panel.path


async def test_anothers_business_is_like_none_at_all(look: Look, watch: Watch, business: Business) -> None:
    other = await open_business(business.server, business.books)
    page = await look(business.url(), business)
    told = []
    for project in (other.id, "nowhere"):
        await page.goto(business.url().replace(business.id, project))
        await expect(page.get_by_role("link", name="Go to the dashboard")).to_be_visible()
        told.append((await page.get_by_role("alert").inner_text()).replace(project, "?"))
    assert told[0] == told[1]
    assert watch.refused == [404, 404]
    watch.refused.clear()
