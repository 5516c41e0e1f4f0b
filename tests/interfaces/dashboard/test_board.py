"""Board: the page of a day, and the stream of changes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx2
import pytest

from slotmcp.asgi import ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.domain.booking import Customer
from slotmcp.domain.catalog import TimeOff
from slotmcp.domain.recurrence import FloatingBreak
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from support.dashboard import Site, open_site
from support.denver import DENVER, PLAN, technician, weekly
from support.http_server import HttpServer, open_database, serving

BOARD = f"/{PLAN.project.id}"
EVERY_DAY = frozenset(range(7))
ALL_DAY = tuple(replace(span, days=EVERY_DAY) for span in weekly(0, 24))
ANA = replace(technician("t-ana", "Ana <b>", priority=1, skills={"hvac", "gas"}), shifts=ALL_DAY, breaks=())
BUSINESS = replace(PLAN, project=replace(PLAN.project, min_notice_minutes=0), technicians=(ANA,))
KIM = Customer(name="Kim <script>", phone="+13035550142")


def tomorrow() -> datetime:
    """Return tomorrow at 9:00 local time."""
    day = datetime.now(UTC).astimezone(DENVER) + timedelta(days=1)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


def minute_of(when: datetime) -> int:
    return int(when.timestamp()) // 60


@pytest.fixture
async def lively(tmp_path: Path) -> AsyncIterator[Site]:
    """Provide a business with a technician on duty around the clock, and an operator logged in."""
    async with open_site(tmp_path, BUSINESS) as site:
        await site.browser.log_in(await site.key())
        yield site


async def book(site: Site, when: datetime) -> str:
    request = BookRequest(start=minute_of(when), service_id="ac-repair", customer=KIM)
    return (await site.schedules.app.bookings.book_slot(request)).booking.id


async def board(site: Site, when: datetime | None = None) -> str:
    day = f"?day={when:%Y-%m-%d}" if when else ""
    answer = await site.browser.get(f"{BOARD}{day}")
    assert answer.status_code == 200
    return answer.text


async def test_bookings_and_holds_are_shown_with_their_details(lively: Site) -> None:
    when = tomorrow()
    booking_id = await book(lively, when)
    await lively.schedules.app.holds.create_hold(
        HoldRequest(start=minute_of(when + timedelta(hours=2)), service_id="ac-repair", customer_reference="x")
    )
    page = await board(lively, when)
    words = re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", "", page)))
    assert "09:00\N{EN DASH}10:00 Kim <script>, AC repair" in words
    assert re.search(r"11:00\N{EN DASH}12:00 Held 1:\d\d left", words)
    assert "1 booking, 1 technician working, 1 hold." in words
    assert f'id="b-{booking_id}"' in page
    assert KIM.phone not in page


async def test_names_are_escaped(lively: Site) -> None:
    await book(lively, tomorrow())
    page = await board(lively, tomorrow())
    assert "<script>" not in page
    assert "<b>, " not in page
    assert "Ana &lt;b&gt;" in page


async def test_days_are_linked_and_an_invalid_day_is_rejected(lively: Site) -> None:
    page = await board(lively)
    today = datetime.now(UTC).astimezone(DENVER).date()
    for day in (today - timedelta(days=1), today + timedelta(days=1)):
        assert f'href="/dashboard{BOARD}?day={day}"' in page
    wrong = await lively.browser.get(f"{BOARD}?day=tomorrow")
    assert wrong.status_code == 422
    assert "give a date such as" in wrong.text


async def test_an_empty_day_explains_what_to_do(tmp_path: Path) -> None:
    without_technicians = replace(BUSINESS, technicians=())
    without_shifts = replace(BUSINESS, technicians=(replace(ANA, shifts=()),))
    for number, (plan, words) in enumerate(
        ((without_technicians, "slotmcp import FILE"), (without_shifts, "No shifts or bookings on this day"))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with open_site(folder, plan) as site:
            await site.browser.log_in(await site.key())
            assert words in await board(site)


async def test_time_off_of_weeks_does_not_extend_the_day(tmp_path: Path) -> None:
    start = minute_of(tomorrow().replace(hour=0))
    off = TimeOff(start=start, end=start + 30 * 1440, reason="Lisbon")
    async with open_site(tmp_path, replace(BUSINESS, technicians=(replace(ANA, time_off=(off,)),))) as site:
        await site.browser.log_in(await site.key())
        page = await board(site, tomorrow())
    assert "Time off" in page
    assert "Lisbon" in page
    assert 'data-columns="288"' in page


async def test_a_read_only_dashboard_has_no_forms(tmp_path: Path) -> None:
    async with open_site(tmp_path, BUSINESS, serving=ServeOptions(read_only=True)) as site:
        await site.browser.log_in(await site.key())
        booking_id = await book(site, tomorrow())
        page = await board(site, tomorrow())
        booking_page = (await site.browser.get(f"{BOARD}/bookings/{booking_id}")).text
        technicians_page = (await site.browser.get(f"{BOARD}/technicians")).text
        refused = await site.browser.send(f"{BOARD}/bookings/{booking_id}/cancel")
    assert "data-movable" not in page
    for text in (page, booking_page, technicians_page):
        assert text.count("<form") == 1, "only the logout form"
    assert refused.status_code == 403
    assert "--read-only" in refused.text


@asynccontextmanager
async def board_events(server: HttpServer, key: str) -> AsyncIterator[AsyncIterator[str]]:
    """Yield the lines of the board's stream, from the page's revision on."""
    async with httpx2.AsyncClient(base_url=server.url, follow_redirects=True, timeout=20) as client:
        await client.post("/dashboard/login", data={"key": key})
        page = (await client.get(f"/dashboard{BOARD}")).text
        (address,) = re.findall(r'sse-connect="([^"]+)"', page)
        async with client.stream("GET", unescape(address)) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            yield stream.aiter_lines()


async def events(lines: AsyncIterator[str], count: int) -> list[str]:
    events: list[str] = []
    async for line in lines:
        if line.startswith("data: "):
            events.append(line.removeprefix("data: "))
        if len(events) == count:
            break
    return events


async def test_the_stream_reports_changes_of_other_processes_until_the_key_is_revoked(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    async with open_database(path, BUSINESS) as schedules:
        new = await schedules.app.access.create(Scope.OPERATOR, project="*")
        with serving(path) as server:
            async with board_events(server, new.token) as lines:
                before = (await schedules.app.board.revision(PLAN.project.id)) or 0
                request = BookRequest(start=minute_of(tomorrow()), service_id="ac-repair", customer=KIM)
                await schedules.app.bookings.book_slot(request)
                (revision,) = await events(lines, 1)
                assert int(revision) > before
                await schedules.app.access.revoke(new.key.id)
                assert [line async for line in lines if line.startswith("data: ")][-1:] == ["data: over"]
            async with httpx2.AsyncClient(base_url=server.url) as client:
                answer = await client.get(f"/dashboard{BOARD}/events")
            assert answer.status_code == 303
            code, log = server.stop()
    assert code == 0
    assert "Kim" not in log


async def test_on_call_time_and_floating_breaks_are_shown_in_words(tmp_path: Path) -> None:
    window, night = (replace(weekly(*span)[0], days=EVERY_DAY) for span in ((11, 14), (18, 24)))
    day = tuple(replace(span, days=EVERY_DAY) for span in weekly(8, 18))
    on_call = replace(ANA, shifts=day, on_call=(night,), floating_breaks=(FloatingBreak(window=window, minutes=45),))
    async with open_site(tmp_path, replace(BUSINESS, technicians=(on_call,))) as site:
        await site.browser.log_in(await site.key())
        page = await board(site, tomorrow())
    assert "On call 18:00-24:00" in page
    assert "1 on call." in page
    assert "any time 11:00-14:00" in page
    assert page.count("On call, for emergencies only") == page.count("Floating break, where it fits now") == 1


async def test_the_legend_has_only_what_a_business_uses(lively: Site) -> None:
    page = await board(lively, tomorrow())
    assert "On call" not in page
    assert "Floating break" not in page
