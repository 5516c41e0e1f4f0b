"""Calendar page: conflicts, pending updates, events that could not be applied, and the last sync."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from slotmcp.bootstrap import open_app
from slotmcp.settings import Settings
from support.calcom.live import VARIABLES, business, days_ahead, state
from support.calcom.office import ANA_VISIT, ATTENDEE, UNKNOWN_HOST_VISIT
from support.calcom.server import FakeCalcom, run_fake_calcom
from support.dashboard import Site, open_site
from support.phone_line import open_phone_line


@pytest.fixture
def calcom(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCalcom]:
    with run_fake_calcom(state()) as calcom:
        calcom.state.allows_overlaps = True
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        yield calcom


@pytest.fixture
async def shop(tmp_path: Path, calcom: FakeCalcom) -> AsyncIterator[Site]:
    """Provide a connected shop with an operator logged in."""
    async with open_site(tmp_path, business(), calcom_url=calcom.url) as site:
        await site.browser.log_in(await site.key())
        yield site


async def page_text(site: Site) -> str:
    answer = await site.browser.get("/shop/calendar")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def receive_event(site: Site, calcom: FakeCalcom, kind: int, days: int) -> str:
    """Deliver an event that was booked in Cal.com; return its uid."""
    uid = calcom.state.book(kind, days_ahead(days), ATTENDEE).uid
    message = calcom.messages.pop()
    headers = {"X-Cal-Signature-256": message.signature}
    answer = await site.browser.client.post("/webhooks/calcom/shop", content=message.body, headers=headers)
    assert answer.status_code == 200
    return uid


async def book(site: Site, days: int) -> str:
    """Book Ana on a day; return the booking's id."""
    start = datetime.fromtimestamp(days_ahead(days) * 60, UTC).isoformat()
    arguments = {"projectId": "shop", "serviceType": "visit", "start": start, "technicianId": "ana"}
    async with open_phone_line(site.schedules.app) as line:
        response = await line.call(
            "kim", "book_slot", **arguments, customerName="Kim Doe", customerPhone="+1 303 555 0142"
        )
    return str(response["booking"]["bookingId"])


async def reconcile(site: Site, calcom: FakeCalcom) -> None:
    settings = Settings(database_url=f"sqlite:///{site.schedules.path}", calcom_url=calcom.url)
    async with open_app(settings) as app, app.calendar_worker() as worker:
        await worker.sync("shop", is_dry_run=False)


async def test_empty_sections_say_so(shop: Site) -> None:
    text = await page_text(shop)
    assert "Not synced yet." in text
    assert "No conflicts." in text
    assert "The calendar is up to date." in text
    assert "All events have been applied." in text


async def test_open_issues_are_listed_without_customer_data(shop: Site, calcom: FakeCalcom) -> None:
    booking = await book(shop, 2)
    event = await receive_event(shop, calcom, ANA_VISIT, 2)
    unknown = await receive_event(shop, calcom, UNKNOWN_HOST_VISIT, 3)
    text = await page_text(shop)
    assert re.search(
        rf"Ana \w+ \w+ \d+, 10:00 Here: Visit, booked . In the calendar: .+ 10:00 to .+, event {event}", text
    )
    assert f"Booking {booking} since" in text
    assert "Waiting to be sent" in text
    assert f"{unknown} starts" in text
    assert "(Host: user 9.)" in text
    assert not re.search("Kim|Doe|0142", text)
    page = (await shop.browser.get("/shop/calendar")).text
    assert page.count(f'href="/dashboard/shop/bookings/{booking}"') == 2


async def test_the_last_sync_is_shown(shop: Site, calcom: FakeCalcom) -> None:
    await book(shop, 2)
    await reconcile(shop, calcom)
    text = await page_text(shop)
    assert "Synced just now." in text
    assert "The calendar is up to date." in text
