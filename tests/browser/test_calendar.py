"""The calendar's page, where a project has one and somebody has to decide: for everybody, as all others."""

from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, expect

from browser.test_pages import wrong_with
from slotmcp.domain.access import Scope
from support.browsing import KIM, Business, Watch, looking
from support.calcom.live import VARIABLES, business, days_ahead, world
from support.calcom.office import ANAS, ATTENDEE, STRANGERS
from support.calcom.server import StandIn, standing_in
from support.http_server import open_books, serving


async def disagree(shop: Business, calcom: StandIn) -> None:
    """Ana is booked here and there at the same time, and somebody unknown there alone."""
    start = datetime.fromtimestamp(days_ahead(2) * 60, UTC).isoformat()
    await shop.ask("book_slot", serviceType="visit", start=start, technicianId="ana", **KIM)
    calcom.world.allows_overlaps = True
    for kind, days in ((ANAS, 2), (STRANGERS, 3)):
        calcom.world.book(kind, days_ahead(days), ATTENDEE)
        said = calcom.messages.pop()
        async with httpx2.AsyncClient(base_url=shop.server.url) as client:
            headers = {"X-Cal-Signature-256": said.signature}
            answer = await client.post("/webhooks/calcom/shop", content=said.body, headers=headers)
        assert answer.status_code == 200


async def test_the_calendars_page_is_for_everybody(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "slotmcp.db"
    async with open_books(path, business()) as schedules:
        key = (await schedules.app.access.create(Scope.OPERATOR, project="shop")).token
        with standing_in(world()) as calcom, serving(path, calcom_url=calcom.url, calcom_sync_seconds="0") as server:
            shop, watch = Business(server, schedules, "shop", key), Watch(server.url)
            await disagree(shop, calcom)
            async with looking(browser, watch) as look:
                page = await look(shop.url("/calendar"), shop)
                await expect(page.get_by_role("link", name="booked")).to_be_visible()
                assert await wrong_with(page) == []
            assert (watch.faults, watch.refused) == ([], [])
