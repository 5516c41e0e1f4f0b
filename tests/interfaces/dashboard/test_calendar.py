"""How things stand with a calendar: conflicts, what it has to be told, what it said, and when it was reconciled."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from slotmcp.bootstrap import open_app
from slotmcp.settings import Settings
from support.calcom.live import VARIABLES, business, days_ahead, world
from support.calcom.office import ANAS, ATTENDEE, STRANGERS
from support.calcom.server import StandIn, standing_in
from support.called import calling
from support.dashboard import Site, open_site


@pytest.fixture
def calcom(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with standing_in(world()) as stand_in:
        stand_in.world.allows_overlaps = True
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        yield stand_in


@pytest.fixture
async def shop(tmp_path: Path, calcom: StandIn) -> AsyncIterator[Site]:
    """A shop that is connected, and an operator before its dashboard."""
    async with open_site(tmp_path, business(), calcom_url=calcom.url) as site:
        await site.browser.log_in(await site.key())
        yield site


async def seen(site: Site) -> str:
    answer = await site.browser.get("/shop/calendar")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def hear(site: Site, calcom: StandIn, kind: int, days: int) -> str:
    """What is booked there on a day is heard here; its uid."""
    uid = calcom.world.book(kind, days_ahead(days), ATTENDEE).uid
    said = calcom.messages.pop()
    headers = {"X-Cal-Signature-256": said.signature}
    answer = await site.browser.client.post("/webhooks/calcom/shop", content=said.body, headers=headers)
    assert answer.status_code == 200
    return uid


async def book(site: Site, days: int) -> str:
    """Ana is booked here on a day; the booking's id."""
    start = datetime.fromtimestamp(days_ahead(days) * 60, UTC).isoformat()
    wanted = {"projectId": "shop", "serviceType": "visit", "start": start, "technicianId": "ana"}
    async with calling(site.schedules.app) as line:
        sold = await line.ask("kim", "book_slot", **wanted, customerName="Kim Doe", customerPhone="+1 303 555 0142")
    return str(sold["booking"]["bookingId"])


async def reconcile(site: Site, calcom: StandIn) -> None:
    settings = Settings(database_url=f"sqlite:///{site.schedules.path}", calcom_url=calcom.url)
    async with open_app(settings) as app, app.calendar_worker() as worker:
        await worker.sync("shop", is_dry=False)


async def test_with_nothing_to_do_it_says_so(shop: Site) -> None:
    told = await seen(shop)
    assert "It has not been reconciled yet" in told
    assert "There is no conflict. Nothing has to be decided." in told
    assert "It knows of every booking that it has to know of." in told
    assert "Nothing was put aside: all that it said is in the book." in told


async def test_all_that_waits_for_somebody_is_there(shop: Site, calcom: StandIn) -> None:
    booking = await book(shop, 2)
    event = await hear(shop, calcom, ANAS, 2)
    strange = await hear(shop, calcom, STRANGERS, 3)
    told = await seen(shop)
    assert re.search(
        rf"Ana \w+ \d+ \w+ 10:00 Here: Visit, booked . In the calendar: .+ 10:00 to .+, the event {event}", told
    )
    assert f"Booking {booking} since" in told
    assert "It is about to be told" in told
    assert f"{strange} starts" in told
    assert "(Host: user 9.)" in told
    assert not re.search("Kim|Doe|0142", told)
    page = (await shop.browser.get("/shop/calendar")).text
    assert page.count(f'href="/dashboard/shop/bookings/{booking}"') == 2


async def test_it_says_when_both_sides_were_brought_together(shop: Site, calcom: StandIn) -> None:
    await book(shop, 2)
    await reconcile(shop, calcom)
    told = await seen(shop)
    assert "Reconciled just now." in told
    assert "It knows of every booking that it has to know of." in told
