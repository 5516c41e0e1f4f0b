"""Tests of get_slots."""

from datetime import datetime
from typing import Any

import pytest

from support.denver import DENVER
from support.server import Body, Caller, fields, starts

MONDAY_9 = {
    "start": "2026-11-23T16:00:00Z",
    "end": "2026-11-23T17:00:00Z",
    "startLocal": "2026-11-23T09:00:00-07:00",
    "label": "Monday, November 23 at 9:00 AM",
}
MONDAY = {"from": "2026-11-23", "to": "2026-11-23"}


def local(slot: Body) -> datetime:
    return datetime.fromisoformat(slot["start"]).astimezone(DENVER)


async def test_a_slot_has_every_form_of_its_time_and_its_candidates(caller: Caller) -> None:
    answer = await caller.call("get_slots", **{"from": "2026-11-23T09:00", "to": "2026-11-23T09:15"})
    assert answer["result"] == "I have tomorrow at 9 in the morning. Does that work?"
    assert answer["query"] == {
        "projectId": "denver-hvac",
        "serviceType": "ac-repair",
        "durationMinutes": 60,
        "from": "2026-11-23T16:00:00Z",
        "to": "2026-11-23T16:15:00Z",
        "timezone": "America/Denver",
        "now": "2026-11-22T19:00:00Z",
        "today": "Sunday, November 22, 2026",
    }
    assert answer["slots"] == [
        MONDAY_9 | {"capacity": 2, "candidates": [{"technicianId": "t-ana"}, {"technicianId": "t-ben"}]}
    ]
    assert answer["technicians"] == [
        {"technicianId": "t-ana", "name": "Ana", "priority": 1},
        {"technicianId": "t-ben", "name": "Ben", "priority": 2},
    ]
    assert answer["nextCursor"] == ""


async def test_the_default_offer_spreads_over_the_week(caller: Caller) -> None:
    answer = await caller.call("get_slots")
    times = [local(slot) for slot in answer["slots"]]
    assert len(times) == 10
    assert times == sorted(times)
    assert {at.date().isoformat() for at in times} == {f"2026-11-{day}" for day in (23, 24, 25, 26, 27)}
    assert answer["query"]["to"] == "2026-11-29T19:00:00Z"
    assert answer["result"].startswith("I have tomorrow at ")
    assert answer["result"].endswith("Which works best?")


async def test_a_cursor_visits_every_slot_once(caller: Caller) -> None:
    arguments: dict[str, object] = {**MONDAY, "limit": 7}
    page = await caller.call("get_slots", **arguments)
    seen = starts(page["slots"])
    while page["nextCursor"]:
        page = await caller.call("get_slots", **arguments, cursor=page["nextCursor"])
        seen += starts(page["slots"])
    everything = starts((await caller.call("get_slots", **MONDAY, limit=100))["slots"])
    assert sorted(seen) == everything
    assert len(everything) > 20


async def test_the_end_of_the_pages_is_reported(caller: Caller) -> None:
    arguments: dict[str, object] = {"from": "2026-11-23T10:45", "to": "2026-11-23T11:15", "limit": 1}
    page = await caller.call("get_slots", **arguments)
    for at in ("2026-11-23T10:45", "2026-11-23T11:00"):
        for customer in ("a", "b"):
            await hold_if_free(caller, at, customer)
    last_page = await caller.call("get_slots", **arguments, cursor=page["nextCursor"])
    assert last_page["slots"] == []
    assert last_page["result"] == "Those are all the times I have."


async def hold_if_free(caller: Caller, start: str, customer: str) -> None:
    slots = (await caller.call("get_slots", **{"from": start, "to": "2026-11-23T11:15"}))["slots"]
    if slots and local(slots[0]).replace(tzinfo=None).isoformat(timespec="minutes") == start:
        await caller.call("create_hold", start=start, customerHash=customer)


@pytest.mark.parametrize(("part", "hours"), [("morning", {8, 9, 10, 11}), ("afternoon", {13, 14, 15, 16})])
async def test_only_the_requested_part_of_the_day_is_offered(caller: Caller, part: str, hours: set[int]) -> None:
    slots = (await caller.call("get_slots", **MONDAY, partOfDay=part, limit=100))["slots"]
    assert {local(slot).hour for slot in slots} == hours


async def test_only_the_requested_weekdays_are_offered(caller: Caller) -> None:
    slots = (await caller.call("get_slots", daysOfWeek="Wednesday,fri"))["slots"]
    assert {local(slot).weekday() for slot in slots} == {2, 4}


async def test_a_requested_technician_is_the_only_candidate(caller: Caller) -> None:
    answer = await caller.call("get_slots", technicianId="t-ben", limit=1)
    assert [one["name"] for one in answer["technicians"]] == ["Ben"]
    assert [slot["capacity"] for slot in answer["slots"]] == [1]


async def test_full_detail_shows_the_ranking_of_candidates(caller: Caller) -> None:
    (slot,) = (await caller.call("get_slots", **MONDAY, limit=1, detail="full"))["slots"]
    assert slot["candidates"] == [
        {"technicianId": "t-ana", "priority": 1, "bookingsThatDay": 0},
        {"technicianId": "t-ben", "priority": 2, "bookingsThatDay": 0},
    ]


async def test_a_caller_in_another_zone_gets_local_times(caller: Caller) -> None:
    answer = await caller.call(
        "get_slots", **{"from": "2026-11-23T11:00", "to": "2026-11-23T11:15"}, timezone="America/New_York"
    )
    (slot,) = answer["slots"]
    assert slot["start"] == "2026-11-23T16:00:00Z"
    assert slot["startLocal"] == "2026-11-23T11:00:00-05:00"
    assert slot["label"] == "Monday, November 23 at 11:00 AM"
    assert "tomorrow at 11 in the morning" in answer["result"]


async def test_the_next_free_time_is_offered_if_nothing_is_free(caller: Caller) -> None:
    answer = await caller.call("get_slots", **{"from": "2026-11-28", "to": "2026-11-29"})
    assert answer["slots"] == []
    assert answer["technicians"] == []
    assert answer["result"] == (
        "That's outside our hours. The next opening is Monday, November 30th at 8 in the morning. Would that work?"
    )
    assert answer["nextFree"] == {
        "start": "2026-11-30T15:00:00Z",
        "end": "2026-11-30T16:00:00Z",
        "startLocal": "2026-11-30T08:00:00-07:00",
        "label": "Monday, November 30 at 8:00 AM",
    }


async def test_a_full_horizon_is_reported(caller: Caller) -> None:
    answer = await caller.call("get_slots", partOfDay="evening")
    assert "nextFree" not in answer
    assert answer["result"] == ("That's outside our hours. I don't see any openings after that either.")


async def test_empty_values_in_every_field_are_ignored(caller: Caller) -> None:
    empty = dict.fromkeys(("projectId", "serviceType", "from", "to", "timezone", "partOfDay", "daysOfWeek"), "")
    nothing: dict[str, Any] = {"technicianId": None, "durationMinutes": 0, "limit": "0", "cursor": "", "detail": ""}
    assert (await caller.call("get_slots", **empty, **nothing))["slots"] == (await caller.call("get_slots"))["slots"]


@pytest.mark.parametrize(
    ("arguments", "field", "nearest"),
    [
        ({"projectId": "denver"}, "projectId", ["denver-hvac"]),
        ({"serviceType": "ac-repiar"}, "serviceType", ["ac-repair", "furnace-check"]),
        ({"technicianId": "t-bne"}, "technicianId", ["t-ben", "t-ana"]),
        ({"technicianId": "'; DROP TABLE claims; --"}, "technicianId", ["t-ana", "t-ben"]),
    ],
)
async def test_an_unknown_id_is_not_found_and_similar_ids_are_named(
    caller: Caller, arguments: dict[str, object], field: str, nearest: list[str]
) -> None:
    error = await caller.expect_error("get_slots", **arguments)
    assert (error["code"], fields(error)) == ("not_found", [field])
    assert error["nearest"] == nearest


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"from": "someday"}, "from"),
        ({"from": "14:00"}, "from"),
        ({"from": "mañana"}, "from"),
        ({"from": "2026-11-23T09:00:61Z"}, "from"),
        ({"from": "2026-03-08T02:30", "to": "2026-12-01"}, "from"),
        ({"to": "2026-11-21"}, "to"),
        ({"from": "2026-11-24", "to": "2026-11-23"}, "to"),
        ({"from": "2028-01-01"}, "from"),
        ({"from": 1_795_374_000}, "from"),
        ({"durationMinutes": -60}, "durationMinutes"),
        ({"durationMinutes": 1441}, "durationMinutes"),
        ({"durationMinutes": "an hour"}, "durationMinutes"),
        ({"durationMinutes": True}, "durationMinutes"),
        ({"limit": 10**9}, "limit"),
        ({"limit": -1}, "limit"),
        ({"partOfDay": "noon"}, "partOfDay"),
        ({"daysOfWeek": "weekdays"}, "daysOfWeek"),
        ({"daysOfWeek": ["mon", 2]}, "daysOfWeek"),
        ({"timezone": "Mountain"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": "america/denver\x00"}, "timezone"),
        ({"cursor": "MTIz"}, "cursor"),
        ({"cursor": "🐙"}, "cursor"),
        ({"detail": "everything"}, "detail"),
        ({"serviceType": "x" * 10_000_000}, "serviceType"),
        ({"technicianId": "t-ana\nt-ben"}, "technicianId"),
        ({"latitude": 39.7}, "longitude"),
        ({"locale": "d" * 36}, "locale"),
    ],
)
async def test_an_invalid_argument_is_named(caller: Caller, arguments: dict[str, object], field: str) -> None:
    error = await caller.expect_error("get_slots", **arguments)
    assert (error["code"], fields(error)) == ("invalid_argument", [field])


async def test_a_skipped_local_time_is_reported_with_both_candidates(caller: Caller) -> None:
    caller.set_time("2026-03-01T12:00Z")
    error = await caller.expect_error("get_slots", **{"from": "2026-03-08T02:30"})
    assert error["code"] == "invalid_argument"
    assert "2026-03-08T01:30-07:00" in error["fields"][0]["problem"]
    assert "2026-03-08T03:30-06:00" in error["fields"][0]["problem"]
