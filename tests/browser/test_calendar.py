"""Accessibility of the calendar page with conflicts and unknown events."""

from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser, expect

from browser.test_pages import layout_faults
from slotmcp.domain.access import Scope
from support.browsing import KIM, Business, Watch, looking
from support.calcom.live import VARIABLES, business, days_ahead, state
from support.calcom.office import ANA_VISIT, ATTENDEE, UNKNOWN_HOST_VISIT
from support.calcom.server import FakeCalcom, run_fake_calcom
from support.http_server import open_database, serving


async def create_conflicts(shop: Business, calcom: FakeCalcom) -> None:
    """Book Ana here and in Cal.com at the same time, and an unknown host in Cal.com."""
    start = datetime.fromtimestamp(days_ahead(2) * 60, UTC).isoformat()
    await shop.call("book_slot", serviceType="visit", start=start, technicianId="ana", **KIM)
    calcom.state.allows_overlaps = True
    for kind, days in ((ANA_VISIT, 2), (UNKNOWN_HOST_VISIT, 3)):
        calcom.state.book(kind, days_ahead(days), ATTENDEE)
        message = calcom.messages.pop()
        async with httpx2.AsyncClient(base_url=shop.server.url) as client:
            headers = {"X-Cal-Signature-256": message.signature}
            answer = await client.post("/webhooks/calcom/shop", content=message.body, headers=headers)
        assert answer.status_code == 200


async def test_the_calendar_page_is_accessible(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "slotmcp.db"
    async with open_database(path, business()) as schedules:
        key = (await schedules.app.access.create(Scope.OPERATOR, project="shop")).token
        with (
            run_fake_calcom(state()) as calcom,
            serving(path, calcom_url=calcom.url, calcom_sync_seconds="0") as server,
        ):
            shop, watch = Business(server, schedules, "shop", key), Watch(server.url)
            await create_conflicts(shop, calcom)
            async with looking(browser, watch) as look:
                page = await look(shop.url("/calendar"), shop)
                await expect(page.get_by_role("link", name="booked")).to_be_visible()
                assert await layout_faults(page) == []
            assert (watch.faults, watch.refused) == ([], [])
