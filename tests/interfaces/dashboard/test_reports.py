"""Reports, refusals and call details, with and without data."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest

from slotmcp.domain.access import Scope
from slotmcp.domain.catalog import Technician
from slotmcp.domain.claim import BusyTime
from slotmcp.services.imports import ProjectPlan
from support.calcom.live import days_ahead
from support.dashboard import Site, open_site
from support.denver import PLAN
from support.phone_line import PhoneLine, open_phone_line
from support.shop import booking, plan, service, technician

NASTY = "<script>alert(1)</script>"
ANA = technician("ana", "00:00-24:00", skills="hvac")
BEN = technician("ben", "00:00-01:00", skills="hvac gas")
VISIT = service("visit", skills="hvac")
RARE = service("rare", skills="gas")
OTHERS = plan(technician("zoe", "00:00-24:00"), id="others")


def business(*technicians: Technician, **more: Any) -> ProjectPlan:  # noqa: ANN401  a plan's
    """Return a shop in which only Ben, who works one hour, has every skill."""
    return plan(*(technicians or (ANA, BEN)), services=(VISIT, RARE), **more)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Site]:
    """Provide two shops with an operator of both logged in."""
    async with open_site(tmp_path, business(), OTHERS) as site:
        await site.browser.log_in(await site.key())
        yield site


async def book(line: PhoneLine, who: str, name: str = "Kim Doe") -> str:
    """Book the first start; return the booking's id."""
    slots = (await line.call(who, "get_slots", serviceType="visit", projectId="shop"))["slots"]
    arguments = {"serviceType": "visit", "projectId": "shop", "start": slots[0]["start"]}
    answer = await line.call(who, "book_slot", **arguments, customerName=name, customerPhone="+1 303 555 0142")
    return str(answer["booking"]["bookingId"])


async def get_no_slots(line: PhoneLine, who: str) -> str:
    """Ask for a service that no technician offers in the evening; return the trace id."""
    answer = await line.call(who, "get_slots", serviceType="rare", projectId="shop", partOfDay="evening")
    assert answer["slots"] == []
    return str(answer["traceId"])


def text_of(response: httpx2.Response) -> str:
    """Return the visible text of a page in one line."""
    assert response.status_code == 200, response.text
    return " ".join(unescape(re.sub(r"</?b>", "", re.sub(r"<(?!/?b>)[^>]+>", " ", response.text))).split())


async def page_text(site: Site, path: str, *, is_fragment: bool = False) -> str:
    return text_of(await site.browser.get(f"/shop{path}", **({"hx_request": "true"} if is_fragment else {})))


async def test_without_calls_every_section_explains_what_to_do(shop: Site) -> None:
    reports = await page_text(shop, "/reports")
    assert reports.count("No calls in this period. Choose a longer period, or connect an agent") == 3
    assert "No bookings in this period." in reports
    assert "Every request was offered a time." in reports
    assert "No callers were lost in this period." in reports
    assert "Ana 0% of 168 h" in reports
    assert await page_text(shop, "/gaps", is_fragment=True) == "No callers were lost in this period."
    assert "No calls yet today." in await page_text(shop, "/today")
    assert "No calls were refused in the last 7 days." in await page_text(shop, "/refusals")
    assert "No calendar connected. Add the Cal.com account" in await page_text(shop, "/calendar")


async def test_without_technicians_the_reports_explain_the_import(tmp_path: Path) -> None:
    async with open_site(tmp_path, plan(services=(VISIT,))) as site:
        await site.browser.log_in(await site.key())
        assert (await page_text(site, "/reports")).count("No technicians yet. Add them to the project file") == 2


async def test_calls_are_counted_in_charts_and_tables(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        await book(line, "kim")
        await get_no_slots(line, "lee")
    answer = await shop.browser.get("/shop/reports?days=28")
    text = text_of(answer)
    assert "Asked for a time 2 100% Were offered a time 1 50% Held or booked 1 50% Booked 1 50%" in text
    assert "No times were available 1 100%" in text
    assert "Outside working hours Rare 1 Extend the working hours" in text
    assert "get_slots 2" in text
    assert re.search(r'<td class="shade-5">\d+</td>', answer.text)
    assert "2 asked for a time 1 were offered a time" in await page_text(shop, "/today")


async def test_time_use_and_fairness_are_shown(tmp_path: Path) -> None:
    yesterday = booking("b-1", "ana", days_ahead(-1), 90)
    busy = BusyTime(technician_id="ana", start=days_ahead(-1, 12), end=days_ahead(-1, 13), source="calendar")
    async with open_site(tmp_path, business(bookings=[yesterday], busy=[busy])) as site:
        await site.browser.log_in(await site.key())
        text = await page_text(site, "/reports")
    assert "Ana 1% of 168 h 1 h 30 min booked, 1 h busy, 165 h 30 min free" in text
    assert "Ben 0% of 7 h 7 h free" in text
    assert "Ana proportional 1 100% 96% Ben proportional 0 0% 4%" in text
    assert "Tie, or booked elsewhere 1 100%" in text


async def test_gaps_are_ranked_sentences_with_names(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        for who in ("lee", "max", "mia"):
            await get_no_slots(line, who)
    text = await page_text(shop, "/gaps", is_fragment=True)
    assert text.startswith("3 callers left without a booking. The others were simulated")
    assert "If Ana learned gas, 3 more callers would have booked." in text
    assert "With one more technician for Rare, on Ana's shifts, 3 more callers would have" in text
    assert text in await page_text(shop, "/gaps"), "also a page for browsers without JavaScript"
    won = [int(number) for number in re.findall(r"(\d) more caller", text)]
    assert won == sorted(won, reverse=True)


@pytest.mark.parametrize("days", ["0", "93", "-1", "seven", "1.5", "²"])
@pytest.mark.parametrize("page", ["reports", "gaps"])
async def test_an_invalid_period_is_rejected_with_the_valid_range(shop: Site, page: str, days: str) -> None:
    answer = await shop.browser.client.get(f"/dashboard/shop/{page}", params={"days": days})
    assert answer.status_code == 422
    assert "give a number of days from 1 to 92." in unescape(answer.text)


async def test_a_refusal_shows_its_reason_and_links_to_its_details(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        trace_id = await get_no_slots(line, "lee")
        start = (await line.call("ann", "get_slots", serviceType="visit", projectId="shop"))["slots"][0]["start"]
        await book(line, "kim")
        gone = {"projectId": "shop", "serviceType": "visit", "start": start, "customerHash": "ann"}
        refused = (await line.call("ann", "create_hold", **gone))["traceId"]
    page = await shop.browser.get("/shop/refusals")
    text = text_of(page)
    assert "No times available: outside working hours Asked for times: Rare, in the evening, until" in text
    assert "Time not available: already booked Asked for a hold: Visit," in text
    linked = re.findall(r'href="(/dashboard/shop/traces/\w+)"', page.text)
    assert linked == [f"/dashboard/shop/traces/{id_}" for id_ in (refused, trace_id)]
    details = text_of(await shop.browser.client.get(linked[0]))
    assert "Time not available" in details
    assert "Ana (ana) is booked." in details
    assert "Result: refused for" in details
    assert "Step Time (ms) Share" in details
    conversation = details.partition("Same conversation")[2]
    assert conversation.index("Succeeded") < conversation.index("Time not available")


async def test_a_call_is_found_by_its_trace_id(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        trace_id = await get_no_slots(line, "lee")
    assert "No times available" in await page_text(shop, f"/traces?traceId={trace_id}")
    assert "Recent refusals" in await page_text(shop, "/traces?traceId=")
    for trace_id in ("x", "x%2F..%2Fy"):
        unknown = await shop.browser.get(f"/shop/traces?traceId={trace_id}")
        assert unknown.status_code == 404
        assert "There is no trace with that id." in unescape(unknown.text)


async def test_call_details_link_to_the_booking(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        booking = await book(line, "kim")
        trace_id = await get_no_slots(line, "kim")
    page = (await shop.browser.get(f"/shop/traces/{trace_id}")).text
    booked = re.findall(r'href="(/dashboard/shop/traces/\w+)">Asked for a booking', page)
    assert f'href="/dashboard/shop/bookings/{booking}"' in (await shop.browser.client.get(booked[0])).text


async def test_reports_contain_no_customer_data(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        await book(line, "kim")
        trace_id = await get_no_slots(line, "kim")
    for path in ("/reports", "/gaps", "/today", "/refusals", f"/traces/{trace_id}", "/calendar"):
        page = (await shop.browser.get(f"/shop{path}")).text
        assert not re.search(r"Kim|Doe|0142", page), path


async def test_names_are_escaped(tmp_path: Path) -> None:
    nasty = technician(NASTY, "00:00-24:00", skills="hvac"), BEN
    async with open_site(tmp_path, business(*nasty)) as site:
        await site.browser.log_in(await site.key())
        async with open_phone_line(site.schedules.app) as line:
            await book(line, "kim", NASTY)
            for who in (NASTY, "lee"):
                trace_id = await get_no_slots(line, who)
        for path in ("/reports", "/gaps", "/refusals", f"/traces/{trace_id}"):
            page = (await site.browser.get(f"/shop{path}")).text
            assert not re.search("<script>", page, re.IGNORECASE), path
        assert "&lt;script&gt;" in (await site.browser.get("/shop/reports")).text.lower()


async def test_pages_of_another_business_are_not_found(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        trace_id = await get_no_slots(line, "lee")
    assert (await shop.browser.get(f"/others/traces/{trace_id}")).status_code == 404
    key = await shop.key(Scope.OPERATOR, project="others")
    async with shop.another_browser() as browser:
        await browser.log_in(key)
        for path in ("/reports", "/gaps", "/today", "/refusals", f"/traces/{trace_id}", "/calendar"):
            answers = [await browser.get(f"/{project}{path}") for project in ("shop", "nowhere")]
            assert [answer.status_code for answer in answers] == [404, 404], path


async def test_a_business_does_not_see_the_calls_of_another(shop: Site) -> None:
    async with open_phone_line(shop.schedules.app) as line:
        await get_no_slots(line, "lee")
    text = text_of(await shop.browser.get("/others/refusals"))
    assert "No calls were refused" in text
    assert PLAN.project.name not in text
