"""The panels that are read: what they say where there is something, and where there is nothing."""

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
from support.called import Line, calling
from support.dashboard import Site, open_site
from support.denver import PLAN
from support.shop import booking, plan, service, technician

NASTY = "<script>alert(1)</script>"
ANA = technician("ana", "00:00-24:00", skills="hvac")
BEN = technician("ben", "00:00-01:00", skills="hvac gas")
VISIT = service("visit", skills="hvac")
RARE = service("rare", skills="gas")
OTHERS = plan(technician("zoe", "00:00-24:00"), id="others")


def business(*technicians: Technician, **more: Any) -> ProjectPlan:  # noqa: ANN401  a plan's
    """A shop of which one knows everything, and works for an hour."""
    return plan(*(technicians or (ANA, BEN)), services=(VISIT, RARE), **more)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Site]:
    """A shop beside another one, and an operator of both before its dashboard."""
    async with open_site(tmp_path, business(), OTHERS) as site:
        await site.browser.log_in(await site.key())
        yield site


async def book(line: Line, who: str, name: str = "Kim Doe") -> str:
    """Somebody who books the first start; the booking's id."""
    slots = (await line.ask(who, "get_slots", serviceType="visit", projectId="shop"))["slots"]
    wanted = {"serviceType": "visit", "projectId": "shop", "start": slots[0]["start"]}
    answer = await line.ask(who, "book_slot", **wanted, customerName=name, customerPhone="+1 303 555 0142")
    return str(answer["booking"]["bookingId"])


async def ask_in_vain(line: Line, who: str) -> str:
    """Somebody who wants what nobody does in the evening; the traceId."""
    answer = await line.ask(who, "get_slots", serviceType="rare", projectId="shop", partOfDay="evening")
    assert answer["slots"] == []
    return str(answer["traceId"])


def text_of(response: httpx2.Response) -> str:
    """What a person reads of a page, in one line."""
    assert response.status_code == 200, response.text
    return " ".join(unescape(re.sub(r"</?b>", "", re.sub(r"<(?!/?b>)[^>]+>", " ", response.text))).split())


async def seen(site: Site, path: str, *, part: bool = False) -> str:
    return text_of(await site.browser.get(f"/shop{path}", **({"hx_request": "true"} if part else {})))


async def test_before_anybody_calls_every_panel_says_what_to_do(shop: Site) -> None:
    reports = await seen(shop, "/reports")
    assert reports.count("Nobody has asked in this period. Choose a longer one, or connect an agent") == 3
    assert "No booking starts in this period." in reports
    assert "Every question could be answered with a time." in reports
    assert "Nobody was lost in this period." in reports
    assert "Ana 0 % of 168 h" in reports
    assert await seen(shop, "/gaps", part=True) == "Nobody was lost in this period. There is nothing to win."
    assert "Nobody has called today." in await seen(shop, "/today")
    assert "No call was told no in the last 7 days." in await seen(shop, "/refusals")
    assert "not connected to a calendar. Name its Cal.com account" in await seen(shop, "/calendar")


async def test_without_technicians_it_says_where_they_come_from(tmp_path: Path) -> None:
    async with open_site(tmp_path, plan(services=(VISIT,))) as site:
        await site.browser.log_in(await site.key())
        assert (await seen(site, "/reports")).count("There are no technicians yet. Name them in the project file") == 2


async def test_what_came_of_calls_is_counted_drawn_and_told(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        await book(line, "kim")
        await ask_in_vain(line, "lee")
    answer = await shop.browser.get("/shop/reports?days=28")
    told = text_of(answer)
    assert "Asked for a time 2 100 % Were offered one 1 50 % Held or booked one 1 50 % Booked 1 50 %" in told
    assert "Nothing was free when they asked 1 100 %" in told
    assert "Nobody works then Rare 1 other hours" in told
    assert "get_slots 2" in told
    assert re.search(r'<td class="shade-5">\d+</td>', answer.text)
    assert "2 asked for a time 1 were offered one" in await seen(shop, "/today")


async def test_how_time_was_used_and_shared_is_told_in_words_and_numbers(tmp_path: Path) -> None:
    yesterday = booking("b-1", "ana", days_ahead(-1), 90)
    busy = BusyTime(technician_id="ana", start=days_ahead(-1, 12), end=days_ahead(-1, 13), source="calendar")
    async with open_site(tmp_path, business(bookings=[yesterday], busy=[busy])) as site:
        await site.browser.log_in(await site.key())
        told = await seen(site, "/reports")
    assert "Ana 1 % of 168 h 1 h 30 min booked, 1 h busy, 165 h 30 min free" in told
    assert "Ben 0 % of 7 h 7 h free" in told
    assert "Ana about their share 1 100 % 96 % Ben about their share 0 0 % 4 %" in told
    assert "All were equal, or it came from elsewhere 1 100 %" in told


async def test_gaps_are_ranked_sentences_with_names(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        for who in ("lee", "max", "mia"):
            await ask_in_vain(line, who)
    told = await seen(shop, "/gaps", part=True)
    assert told.startswith("3 callers left without a booking. The others were asked again")
    assert "If Ana learned gas, 3 more callers would have booked." in told
    assert "If there were one more technician for Rare, with the shifts of Ana, 3 more callers would have" in told
    assert told in await seen(shop, "/gaps"), "for those without scripts, as a page"
    won = [int(number) for number in re.findall(r"(\d) more caller", told)]
    assert won == sorted(won, reverse=True)


@pytest.mark.parametrize("days", ["0", "93", "-1", "seven", "1.5", "²"])
@pytest.mark.parametrize("page", ["reports", "gaps"])
async def test_a_period_that_is_none_is_told_what_would_be_right(shop: Site, page: str, days: str) -> None:
    answer = await shop.browser.client.get(f"/dashboard/shop/{page}", params={"days": days})
    assert answer.status_code == 422
    assert "give a number of days from 1 to 92." in unescape(answer.text)


async def test_a_refusal_says_when_what_and_why_and_leads_to_its_story(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        trace_id = await ask_in_vain(line, "lee")
        start = (await line.ask("ann", "get_slots", serviceType="visit", projectId="shop"))["slots"][0]["start"]
        await book(line, "kim")
        gone = {"projectId": "shop", "serviceType": "visit", "start": start, "customerHash": "ann"}
        refused = (await line.ask("ann", "create_hold", **gone))["traceId"]
    page = await shop.browser.get("/shop/refusals")
    told = text_of(page)
    assert "Nothing was free: nobody works then Asked what is free: Rare, in the evening, until" in told
    assert "That time could not be had: booked already Wanted a time held: Visit," in told
    linked = re.findall(r'href="(/dashboard/shop/traces/\w+)"', page.text)
    assert linked == [f"/dashboard/shop/traces/{one}" for one in (refused, trace_id)]
    story = text_of(await shop.browser.client.get(linked[0]))
    assert "That time could not be had" in story
    assert "Ana (ana) is booked." in story
    assert "Refused for" in story
    assert "Of the whole call" in story
    around = story.partition("The conversation around it")[2]
    assert around.index("It worked") < around.index("That time could not be had")


async def test_a_story_is_found_by_its_id(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        trace_id = await ask_in_vain(line, "lee")
    assert "Nothing was free" in await seen(shop, f"/traces?traceId={trace_id}")
    assert "Latest refusals" in await seen(shop, "/traces?traceId=")
    for wanted in ("x", "x%2F..%2Fy"):
        unknown = await shop.browser.get(f"/shop/traces?traceId={wanted}")
        assert unknown.status_code == 404
        assert "There is no trace with that id." in unescape(unknown.text)


async def test_a_booking_that_came_of_a_call_is_linked(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        booking = await book(line, "kim")
        trace_id = await ask_in_vain(line, "kim")
    page = (await shop.browser.get(f"/shop/traces/{trace_id}")).text
    booked = re.findall(r'href="(/dashboard/shop/traces/\w+)">Wanted a time booked', page)
    assert f'href="/dashboard/shop/bookings/{booking}"' in (await shop.browser.client.get(booked[0])).text


async def test_nobody_is_named_where_nobody_has_to_be(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        await book(line, "kim")
        trace_id = await ask_in_vain(line, "kim")
    for path in ("/reports", "/gaps", "/today", "/refusals", f"/traces/{trace_id}", "/calendar"):
        page = (await shop.browser.get(f"/shop{path}")).text
        assert not re.search(r"Kim|Doe|0142", page), path


async def test_names_are_text_whatever_is_in_them(tmp_path: Path) -> None:
    nasty = technician(NASTY, "00:00-24:00", skills="hvac"), BEN
    async with open_site(tmp_path, business(*nasty)) as site:
        await site.browser.log_in(await site.key())
        async with calling(site.schedules.app) as line:
            await book(line, "kim", NASTY)
            for who in (NASTY, "lee"):
                trace_id = await ask_in_vain(line, who)
        for path in ("/reports", "/gaps", "/refusals", f"/traces/{trace_id}"):
            page = (await site.browser.get(f"/shop{path}")).text
            assert not re.search("<script>", page, re.IGNORECASE), path
        assert "&lt;script&gt;" in (await site.browser.get("/shop/reports")).text.lower()


async def test_another_business_is_not_there(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        trace_id = await ask_in_vain(line, "lee")
    assert (await shop.browser.get(f"/others/traces/{trace_id}")).status_code == 404
    key = await shop.key(Scope.OPERATOR, project="others")
    async with shop.another_browser() as browser:
        await browser.log_in(key)
        for path in ("/reports", "/gaps", "/today", "/refusals", f"/traces/{trace_id}", "/calendar"):
            answers = [await browser.get(f"/{project}{path}") for project in ("shop", "nowhere")]
            assert [one.status_code for one in answers] == [404, 404], path


async def test_a_business_with_no_calls_of_its_own_sees_none_of_its_neighbours(shop: Site) -> None:
    async with calling(shop.schedules.app) as line:
        await ask_in_vain(line, "lee")
    told = text_of(await shop.browser.get("/others/refusals"))
    assert "No call was told no" in told
    assert PLAN.project.name not in told
