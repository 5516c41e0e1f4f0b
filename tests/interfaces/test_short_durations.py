"""Lengths shorter than a service allows: refused by every tool that takes one, with the shortest valid length."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slotmcp.services.imports import ProjectPlan
from support.denver import AC_REPAIR, FURNACE, PLAN, SUNDAY_NOON_MS
from support.server import Caller, fields, open_caller

MONDAY_9 = "2026-11-23T09:00"
LEE = {"customerName": "Lee Wu", "customerPhone": "+1 303 555 0188"}
WINDOW = {"from": "2026-11-23T09:00", "to": "2026-11-23T12:00"}
CALLS: dict[str, dict[str, Any]] = {
    "get_slots": WINDOW,
    "explain_slot": {"start": MONDAY_9},
    "create_hold": {"start": MONDAY_9, "customerHash": "caller-1"},
    "book_slot": {"start": MONDAY_9, **LEE},
    "join_waitlist": WINDOW | LEE,
}
"""A call of each tool that takes a length."""

INSPECTION = replace(AC_REPAIR, id="inspection", duration_minutes=45)
CHAT = replace(AC_REPAIR, id="chat", duration_minutes=60, min_duration_minutes=1)
FULL_DAY = replace(AC_REPAIR, id="full-day", duration_minutes=60, min_duration_minutes=60)
SHOP = ProjectPlan(
    project=PLAN.project,
    services=(AC_REPAIR, FURNACE, INSPECTION, CHAT, FULL_DAY),
    technicians=PLAN.technicians,
)
REFUSED = [("ac-repair", 1, 30), ("ac-repair", 29, 30), ("inspection", 22, 23), ("full-day", 59, 60)]
ACCEPTED = [("ac-repair", 30), ("inspection", 23), ("chat", 1), ("full-day", 60), ("ac-repair", 90)]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Caller]:
    async with open_caller(tmp_path / "slotmcp.db", SHOP, now_ms=SUNDAY_NOON_MS) as opened:
        yield opened


def end_after(minutes: int) -> str:
    return f"2026-11-23T{9 + minutes // 60:02}:{minutes % 60:02}"


@pytest.mark.parametrize("tool", CALLS)
@pytest.mark.parametrize(("service_id", "minutes", "shortest"), REFUSED)
async def test_a_short_length_is_refused(shop: Caller, tool: str, service_id: str, minutes: int, shortest: int) -> None:
    error = await shop.expect_error(tool, **CALLS[tool], serviceType=service_id, durationMinutes=minutes)
    assert (error["code"], fields(error)) == ("invalid_argument", ["durationMinutes"])
    assert f"{service_id} takes {shortest} to 1440 minutes" in error["fields"][0]["problem"]


@pytest.mark.parametrize("tool", ["create_hold", "book_slot"])
@pytest.mark.parametrize(("service_id", "minutes", "shortest"), REFUSED)
async def test_an_early_end_is_refused(shop: Caller, tool: str, service_id: str, minutes: int, shortest: int) -> None:
    error = await shop.expect_error(tool, **CALLS[tool], serviceType=service_id, end=end_after(minutes))
    assert (error["code"], fields(error)) == ("invalid_argument", ["end"])
    assert f"{service_id} takes {shortest} to 1440 minutes" in error["fields"][0]["problem"]


@pytest.mark.parametrize("tool", ["get_slots", "explain_slot", "create_hold", "book_slot"])
@pytest.mark.parametrize(("service_id", "minutes"), ACCEPTED)
async def test_the_shortest_length_is_accepted(shop: Caller, tool: str, service_id: str, minutes: int) -> None:
    assert await shop.call(tool, **CALLS[tool], serviceType=service_id, durationMinutes=minutes)


@pytest.mark.parametrize(("service_id", "minutes"), ACCEPTED)
async def test_the_earliest_end_is_accepted(shop: Caller, service_id: str, minutes: int) -> None:
    answer = await shop.call("create_hold", **CALLS["create_hold"], serviceType=service_id, end=end_after(minutes))
    assert answer["end"] == f"2026-11-23T{16 + minutes // 60:02}:{minutes % 60:02}:00Z"


@pytest.mark.parametrize(("service_id", "lengths"), [("furnace-check", [75]), ("chat", [15]), ("full-day", [])])
async def test_suggested_lengths_are_bookable(shop: Caller, service_id: str, lengths: list[int]) -> None:
    """Check starts before lunch: only a visit that ends at noon would fit."""
    start = {"furnace-check": "2026-11-23T10:45", "chat": "2026-11-23T11:45", "full-day": "2026-11-23T11:45"}[
        service_id
    ]
    answer = await shop.call("explain_slot", start=start, serviceType=service_id)
    shorter = [one["durationMinutes"] for one in answer["openings"] if one["change"] == "shorter"]
    assert shorter == lengths
    for minutes in shorter:
        await shop.call("create_hold", start=start, serviceType=service_id, durationMinutes=minutes, customerHash="a")


@pytest.mark.parametrize(("service_id", "clock"), [("furnace-check", "11:15"), ("full-day", "11:15")])
async def test_a_length_below_the_minimum_is_never_suggested(shop: Caller, service_id: str, clock: str) -> None:
    """Check a start 45 minutes before lunch, less than each minimum."""
    answer = await shop.call("explain_slot", start=f"2026-11-23T{clock}", serviceType=service_id)
    assert answer["openings"]
    assert "shorter" not in [one["change"] for one in answer["openings"]]


HOLD = {"start": MONDAY_9, "phone": LEE["customerPhone"], "durationMinutes": 30, "idempotencyKey": "a-long-key-123456"}
BOOKING = {"start": "2026-11-23T14:00", **LEE, "durationMinutes": 30, "idempotencyKey": "a-long-key-654321"}


async def lengthen(shop: Caller) -> None:
    """Import the shop with a longer minimum than that of earlier calls."""
    longer = replace(AC_REPAIR, min_duration_minutes=45)
    await shop.app.projects.import_project(replace(SHOP, services=(longer, *SHOP.services[1:])), prune=False)


async def test_calls_of_a_length_that_was_valid_are_repeated(shop: Caller) -> None:
    held, booked = await shop.call("create_hold", **HOLD), await shop.call("book_slot", **BOOKING)
    await lengthen(shop)
    again = await shop.call("create_hold", **HOLD)
    assert (again["holdToken"], again["replayed"]) == (held["holdToken"], True)
    again = await shop.call("book_slot", **BOOKING)
    assert (again["booking"], again["replayed"]) == (booked["booking"], True)
    assert await shop.call("book_slot", **LEE, holdToken=held["holdToken"], durationMinutes=30)


async def test_a_booking_of_a_length_that_was_valid_can_be_moved(shop: Caller) -> None:
    booked = (await shop.call("book_slot", **BOOKING))["booking"]["bookingId"]
    moving = {"bookingId": booked, "phone": LEE["customerPhone"]}
    await lengthen(shop)
    assert (await shop.call("get_slots", **WINDOW, **moving))["slots"]
    explained = await shop.call("explain_slot", start="2026-11-23T11:45", **moving)
    assert [one["change"] for one in explained["openings"]].count("shorter") == 0
    held = await shop.call("create_hold", start="2026-11-23T11:30", **moving)
    moved = await shop.call("reschedule_booking", holdToken=held["holdToken"], **moving)
    assert moved["booking"]["start"] == "2026-11-23T18:30:00Z"


async def test_a_short_length_is_refused_before_a_taken_start(shop: Caller) -> None:
    """Check that no alternative of a length that would be refused is offered."""
    for technician in ("t-ana", "t-ben"):
        await shop.call("create_hold", start=MONDAY_9, technicianId=technician, customerHash=technician)
    for tool in ("create_hold", "book_slot"):
        error = await shop.expect_error(tool, **CALLS[tool], durationMinutes=5)
        assert (error["code"], fields(error)) == ("invalid_argument", ["durationMinutes"])
