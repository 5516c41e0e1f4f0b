"""Tests of list_services: services, opening hours and the date."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.catalog import DateOverride
from slotmcp.domain.recurrence import WallSpan
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Caller, fields, open_caller

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
