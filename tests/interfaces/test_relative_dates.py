"""Dates in words over MCP: resolved in the caller's zone, echoed in the response, refused where two days are meant."""

import pytest

from support.denver import PLAN
from support.server import Caller, fields, starts

KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
BOTH_DAYS = "I checked Tuesday, November 24th and Tuesday, December 1st."
TODAY = "Today is Sunday, 2026-11-22."


@pytest.mark.parametrize(
    ("from_", "to", "first", "last"),
    [
        ("tomorrow", "tomorrow", "2026-11-23T07:00:00Z", "2026-11-24T07:00:00Z"),
        ("Tuesday morning", "tuesday morning", "2026-11-24T13:00:00Z", "2026-11-24T19:00:00Z"),
        ("mon 9:30", "wed", "2026-11-23T16:30:00Z", "2026-11-26T07:00:00Z"),
        ("today", "today 18:00", "2026-11-22T19:00:00Z", "2026-11-23T01:00:00Z"),
        ("2026-11-23T16:00:30Z", "2026-11-23T20:00:30Z", "2026-11-23T16:01:00Z", "2026-11-23T20:00:00Z"),
        ("sunday", "sunday", "2026-11-29T07:00:00Z", "2026-11-30T07:00:00Z"),
    ],
)
async def test_the_query_echoes_the_dates(caller: Caller, from_: str, to: str, first: str, last: str) -> None:
    answer = await caller.call("get_slots", **{"from": from_, "to": to})
    assert (answer["query"]["from"], answer["query"]["to"]) == (first, last)


async def test_the_servers_own_now_is_accepted(caller: Caller) -> None:
    caller.set_time("2026-11-22T19:00:07Z")
    now = (await caller.call("list_services"))["now"]
    assert now == "2026-11-22T19:00:07Z"
    answer = await caller.call("get_slots", **{"from": now})
    assert answer["query"]["from"] == "2026-11-22T19:01:00Z"


async def test_a_day_is_that_of_the_callers_zone(caller: Caller) -> None:
    answer = await caller.call("get_slots", **{"from": "today", "to": "tomorrow", "timezone": "Asia/Tokyo"})
    assert answer["query"]["to"] == "2026-11-24T15:00:00Z"


async def test_next_weekday_searches_both_days_and_names_them(caller: Caller) -> None:
    answer = await caller.call("get_slots", **{"from": "next tuesday", "limit": 100})
    assert answer["result"].startswith(
        f"{BOTH_DAYS} I have Tuesday at 8 in the morning, or Tuesday, December 1st at 8 "
    )
    assert {start[:10] for start in starts(answer["slots"])} == {"2026-11-24", "2026-12-01"}
    again = await caller.call("get_slots", **{"from": "next tuesday", "to": "next tuesday", "limit": 100})
    assert starts(again["slots"]) == starts(answer["slots"])


@pytest.mark.parametrize(
    ("from_", "to", "both"),
    [
        ("next sunday", "next monday", False),
        ("next tuesday", "2026-11-25", False),
        ("2026-11-26", "next tuesday", False),
        ("today", "next tuesday", True),
        ("next tuesday", "2026-12-02", True),
        ("next tuesday 10:00", "next tuesday 11:00", True),
    ],
)
async def test_two_days_are_named_only_if_both_were_searched(caller: Caller, from_: str, to: str, both: bool) -> None:  # noqa: FBT001  a parameter
    answer = await caller.call("get_slots", **{"from": from_, "to": to})
    assert ("I checked" in answer["result"]) == both


async def test_the_pages_of_next_weekday_have_the_same_days(caller: Caller) -> None:
    search = {"from": "next tuesday afternoon"}
    first = await caller.call("get_slots", limit=3, **search)
    rest = await caller.call("get_slots", limit=100, cursor=first["nextCursor"], **search)
    local = [slot["startLocal"] for slot in (*first["slots"], *rest["slots"])]
    assert {text[:10] for text in local} == {"2026-11-24", "2026-12-01"}
    assert {text[11:13] for text in local} <= {f"{hour}" for hour in range(12, 17)}


async def test_next_weekday_explains_both_days(caller: Caller) -> None:
    answer = await caller.call("explain_slot", start="next tuesday 10:00")
    assert answer["result"].startswith(BOTH_DAYS)
    assert answer["startLocal"] == "2026-11-24T10:00:00-07:00"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("create_hold", {"start": "next tuesday 10:00", "customerHash": "c7a1f93e05b24d68"}),
        ("book_slot", {"start": "next tue 10:00", **KIM}),
        ("join_waitlist", {"from": "next tuesday", "to": "2026-11-25", **KIM}),
    ],
)
async def test_tools_that_write_refuse_two_days_and_name_both(
    caller: Caller, tool: str, arguments: dict[str, object]
) -> None:
    error = await caller.expect_error(tool, **arguments)
    assert error["fields"][0]["problem"] == f"can mean 2026-11-24 or 2026-12-01; give the date. {TODAY}"
    assert error["result"] == "I'm sorry, I'm not sure which day you mean. What date is that?"


async def test_a_time_in_words_is_held_and_booked(caller: Caller) -> None:
    held = await caller.call("create_hold", start="tomorrow 10:00", customerHash="c7a1f93e05b24d68")
    assert held["startLocal"] == "2026-11-23T10:00:00-07:00"
    booked = await caller.call("book_slot", start="monday at 10:00", holdToken=held["holdToken"], **KIM)
    assert booked["booking"]["startLocal"] == "2026-11-23T10:00:00-07:00"


@pytest.mark.parametrize("text", ["mañana", "demain", "morgen", "next week", "14:00", "11/23/2026"])
@pytest.mark.parametrize(("tool", "field"), [("get_slots", "from"), ("get_slots", "to"), ("explain_slot", "start")])
async def test_other_texts_are_refused_with_a_form_and_todays_date(
    caller: Caller, tool: str, field: str, text: str
) -> None:
    error = await caller.expect_error(tool, **{field: text})
    assert fields(error) == [field]
    problem = error["fields"][0]["problem"]
    assert problem.endswith(TODAY)
    assert '"today' in problem
    assert error["result"] == "I'm sorry, I didn't get the day and the time. When would suit you?"


async def test_todays_date_is_that_of_the_callers_zone(caller: Caller) -> None:
    error = await caller.expect_error("get_slots", timezone="asia/tokyo", **{"from": "someday"})
    assert error["fields"][0]["problem"].endswith("Today is Monday, 2026-11-23.")


async def test_without_a_project_no_date_is_known(empty_caller: Caller) -> None:
    error = await empty_caller.expect_error("get_slots", **{"from": "someday"})
    assert "Today is" not in error["fields"][0]["problem"]


async def test_a_seconds_of_the_last_minute_before_a_clock_change_round_up(caller: Caller) -> None:
    caller.set_time("2027-03-10T12:00Z")
    answer = await caller.call("get_slots", **{"from": "2027-03-14T01:59:30", "to": "2027-03-15"})
    assert answer["query"]["from"] == "2027-03-14T09:00:00Z"
    assert PLAN.project.timezone == "America/Denver"


async def test_the_waitlist_echoes_the_window(caller: Caller) -> None:
    window = {"from": "tomorrow 9:00", "to": "tomorrow 9:15"}
    token = (await caller.call("create_hold", serviceType="furnace-check", start="tomorrow 9:00", customerHash="a"))[
        "holdToken"
    ]
    assert token
    answer = await caller.call("join_waitlist", serviceType="furnace-check", **window, **KIM)
    assert (answer["from"], answer["to"]) == ("2026-11-23T16:00:00Z", "2026-11-23T16:15:00Z")
