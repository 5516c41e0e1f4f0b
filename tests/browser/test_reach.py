"""Who sees what: nobody without a login, and nobody another company's pages."""

from dataclasses import replace

from playwright.async_api import expect

from slotmcp.domain.access import Scope
from slotmcp.web.dashboard.app import PANELS
from support.browsing import Business, Look, Watch, open_business


async def test_without_a_login_every_address_leads_to_it(look: Look, business: Business) -> None:
    page = await look(business.url())
    for panel in PANELS:
        if not panel.is_form:
            answer = await page.request.get(business.url(panel.path), max_redirects=0)
            assert (answer.status, answer.headers["location"]) == (303, "/dashboard/login"), panel.path


async def test_anothers_business_is_like_none_at_all(look: Look, watch: Watch, business: Business) -> None:
    other = await open_business(business.server, business.schedules)
    page = await look(business.url(), business)
    told = []
    for project in (other.id, "nowhere"):
        await page.goto(business.url().replace(business.id, project))
        await expect(page.get_by_role("link", name="Go to the dashboard")).to_be_visible()
        told.append((await page.get_by_role("alert").inner_text()).replace(project, "?"))
    assert told[0] == told[1]
    assert watch.refused == [404, 404]
    watch.refused.clear()


async def test_whoever_looks_sees_no_more_once_their_key_is_revoked(
    look: Look, watch: Watch, business: Business
) -> None:
    access = business.schedules.app.access
    page = await look(business.board, business)
    await expect(page.locator("#board")).to_be_visible()
    theirs = replace(business, key=(await access.create(Scope.OPERATOR, project=business.id)).token)
    await access.revoke(business.key.split("_")[1])
    await theirs.book("10:00")
    await expect(page.get_by_label("Key")).to_be_visible()
    await expect(page.get_by_text("Kim Doe")).to_have_count(0)
    assert set(watch.refused) <= {401}
    watch.refused.clear()
