"""Tests of list_services: services, opening hours and the date."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from slotmcp.domain.booking_rules import Price
from slotmcp.domain.catalog import DateOverride
from slotmcp.domain.recurrence import WallSpan
from support.denver import AC_REPAIR, PLAN, SUNDAY_NOON_MS
from support.priced import PRICE, PRICED, PRICED_PLAN, SHOWN_PRICE, SHOWN_QUESTIONS, TERMS
from support.server import Caller, fields, open_caller
from support.tokens import count_tokens

MONDAY, THURSDAY = date(2026, 11, 23), date(2026, 11, 26)


async def test_the_response_has_services_hours_and_the_date(caller: Caller) -> None:
    answer = await caller.call("list_services")
    assert answer["result"] == "You can book AC repair or furnace check. What do you need?"
    assert answer["projectId"] == "denver-hvac"
    assert answer["projectName"] == "Front Range Heating & Air"
    assert answer["timezone"] == "America/Denver"
    assert answer["now"] == "2026-11-22T19:00:00Z"
    assert answer["today"] == "Sunday, November 22, 2026"
    assert answer["defaultServiceType"] == "ac-repair"
    workday = "08:00-12:00,13:00-17:00"
    assert answer["hours"] == dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), workday) | dict.fromkeys(
        ("sat", "sun"), "closed"
    )
    assert answer["nextDays"][:2] == [
        {"date": "2026-11-22", "label": "Sunday, November 22, 2026", "hours": "closed"},
        {"date": "2026-11-23", "label": "Monday, November 23, 2026", "hours": workday},
    ]
    assert len(answer["nextDays"]) == 7
    assert answer["services"] == [
        {
            "serviceType": "ac-repair",
            "name": "AC repair",
            "spokenName": "AC repair",
            "durationMinutes": 60,
            "skills": ["hvac"],
        },
        {
            "serviceType": "furnace-check",
            "name": "Furnace check",
            "spokenName": "furnace check",
            "durationMinutes": 120,
            "skills": ["gas", "hvac"],
        },
    ]


@pytest.mark.parametrize(
    ("rules", "thursday", "spoken"),
    [
        ({"holiday_regions": ("US",)}, "closed", "Please note that we're closed Thursday. "),
        ({"closed_dates": (date(2026, 11, 22),)}, "08:00-12:00,13:00-17:00", ""),
        ({"closed_dates": (MONDAY, THURSDAY)}, "closed", "Please note that we're closed tomorrow and Thursday. "),
    ],
)
async def test_closed_dates_are_said(tmp_path: Path, rules: dict[str, Any], thursday: str, spoken: str) -> None:
    plan = replace(PLAN, project=replace(PLAN.project, **rules))
    async with open_caller(tmp_path / "closed.db", plan, now_ms=SUNDAY_NOON_MS) as caller:
        answer = await caller.call("list_services")
    assert answer["result"] == f"{spoken}You can book AC repair or furnace check. What do you need?"
    assert answer["hours"]["thu"] == thursday
    assert [day["hours"] for day in answer["nextDays"] if day["date"] == "2026-11-26"] == [thursday]


async def test_shorter_hours_are_said(tmp_path: Path) -> None:
    override = DateOverride(date=date(2026, 11, 25), windows=(WallSpan(start_minute=540, end_minute=660),))
    short = tuple(replace(one, overrides=(override,)) for one in PLAN.technicians)
    async with open_caller(tmp_path / "short.db", replace(PLAN, technicians=short), now_ms=SUNDAY_NOON_MS) as caller:
        answer = await caller.call("list_services")
        german = await caller.call("list_services", locale="de")
    assert answer["result"].startswith("Please note that our hours are different Wednesday. You can book ")
    assert german["result"].startswith("Bitte beachten Sie: am Mittwoch haben wir andere Öffnungszeiten. ")
    assert answer["hours"]["wed"] == "09:00-11:00"


async def test_today_is_the_date_in_the_zone_of_the_business(caller: Caller) -> None:
    caller.set_time("2026-11-23T06:59Z")  # is still Sunday in Denver
    assert (await caller.call("list_services"))["today"] == "Sunday, November 22, 2026"
    caller.set_time("2026-11-23T07:00Z")
    assert (await caller.call("list_services"))["today"] == "Monday, November 23, 2026"


async def test_a_missing_default_service_is_left_out(tmp_path: Path) -> None:
    plan = replace(PLAN, project=replace(PLAN.project, default_service_id=None))
    async with open_caller(tmp_path / "choosy.db", plan, now_ms=SUNDAY_NOON_MS) as caller:
        assert "defaultServiceType" not in await caller.call("list_services")
        error = await caller.expect_error("get_slots")
        assert (error["code"], fields(error)) == ("invalid_argument", ["serviceType"])
        assert "ac-repair, furnace-check" in error["fields"][0]["problem"]


async def test_the_project_must_be_named_if_there_are_several(two_businesses: Caller) -> None:
    error = await two_businesses.expect_error("list_services")
    assert error["code"] == "invalid_argument"
    assert fields(error) == ["projectId"]
    assert "boulder-hvac, denver-hvac" in error["fields"][0]["problem"]
    answer = await two_businesses.call("list_services", projectId="boulder-hvac")
    assert answer["projectName"] == "Boulder Heating"


async def test_a_server_without_projects_says_what_to_do(empty_caller: Caller) -> None:
    error = await empty_caller.expect_error("list_services")
    assert error["code"] == "invalid_argument"
    assert "slotmcp import" in error["fields"][0]["problem"]


async def test_an_unknown_project_is_not_found_and_similar_ids_are_named(caller: Caller) -> None:
    error = await caller.expect_error("list_services", projectId="denver-hvca")
    assert error["code"] == "not_found"
    assert error["nearest"] == ["denver-hvac"]
    assert fields(error) == ["projectId"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"projectId": [7]}, "projectId"),
        ({"projectId": "x" * 10_000_000}, "projectId"),
        ({"projectId": "a\x00b"}, "projectId"),
        ({"project": "denver-hvac"}, "project"),
    ],
)
async def test_an_invalid_argument_is_named(caller: Caller, arguments: dict[str, object], field: str) -> None:
    error = await caller.expect_error("list_services", **arguments)
    assert (error["code"], fields(error)) == ("invalid_argument", [field])


async def test_a_service_in_full_has_its_guidance_price_terms_and_questions(tmp_path: Path) -> None:
    async with open_caller(tmp_path / "priced.db", PRICED_PLAN, now_ms=SUNDAY_NOON_MS) as caller:
        every = await caller.call("list_services")
        by_name = await caller.call("list_services", serviceType="Furnace check")
        plain = await caller.call("list_services", serviceType="ac-repair")
    assert [set(one) & {"guidance", "price", "terms", "questions"} for one in every["services"]] == [set(), set()]
    assert every["services"][1]["description"] == PRICED.description
    assert by_name["services"] == [
        {
            "serviceType": "furnace-check",
            "name": "Furnace check",
            "spokenName": "furnace check",
            "durationMinutes": 120,
            "skills": ["gas", "hvac"],
            "description": PRICED.description,
            "guidance": PRICED.guidance,
            "price": SHOWN_PRICE,
            "terms": TERMS,
            "questions": SHOWN_QUESTIONS,
        }
    ]
    assert by_name["result"] == f"{PRICE.text} {TERMS} Should I look for a time?"
    assert by_name["hours"] == every["hours"]
    assert [one["serviceType"] for one in plain["services"]] == ["ac-repair"]
    assert plain["result"] == "You can book AC repair. Should I look for a time?"


async def test_an_agent_learns_that_the_words_are_in_another_language(tmp_path: Path) -> None:
    async with open_caller(tmp_path / "priced.db", PRICED_PLAN, now_ms=SUNDAY_NOON_MS) as caller:
        spanish = await caller.call("list_services", serviceType="furnace-check", locale="es")
        british = await caller.call("list_services", serviceType="furnace-check", locale="en-GB")
        without_words = await caller.call("list_services", serviceType="ac-repair", locale="es")
    assert spanish["result"] == f"{PRICE.text} {TERMS} ¿Le busco una hora?"
    assert spanish["note"] == "The words of the business are in en-US: say them in the caller's language."
    assert "note" not in british
    assert "note" not in without_words


@pytest.mark.parametrize(
    ("amount", "shown"), [("89", "89"), ("89.90", "89.9"), ("0.07", "0.07"), ("1000000", "1000000")]
)
async def test_an_amount_is_a_number_with_the_digits_of_the_file(tmp_path: Path, amount: str, shown: str) -> None:
    priced = replace(AC_REPAIR, price=Price(amount=Decimal(amount), currency="USD"))
    plan = replace(PLAN, services=(priced,))
    async with open_caller(tmp_path / "amount.db", plan, now_ms=SUNDAY_NOON_MS) as caller:
        answer = await caller.call("list_services", serviceType="ac-repair")
    assert orjson.dumps(answer["services"][0]["price"]).decode() == f'{{"from":{shown},"currency":"USD"}}'


async def test_the_list_of_thirty_services_with_long_texts_stays_brief(tmp_path: Path) -> None:
    text = "Diagnosis, cleaning and repair of it. " * 30
    services = tuple(
        replace(PRICED, id=f"furnace-check-{number}", description=text, guidance=text, terms=text)
        for number in range(30)
    )
    plan = replace(PLAN, project=replace(PLAN.project, default_service_id=None), services=services)
    async with open_caller(tmp_path / "thirty.db", plan, now_ms=SUNDAY_NOON_MS) as caller:
        answer = await caller.call("list_services")
    assert len(answer["services"]) == 30
    assert answer["services"][0]["description"] == ("Diagnosis, cleaning and repair of it. " * 3)[:-2] + "…"
    (tokens,) = count_tokens([orjson.dumps(answer).decode()])
    assert tokens <= 2_900


async def test_an_unknown_service_is_not_found_and_similar_ones_are_named(caller: Caller) -> None:
    error = await caller.expect_error("list_services", serviceType="furnace-chek")
    assert (error["code"], error["nearest"][0], fields(error)) == ("not_found", "furnace-check", ["serviceType"])
