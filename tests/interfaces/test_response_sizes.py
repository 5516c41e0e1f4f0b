"""Tests of the size of responses with many technicians, services and bookings: lists are cut, and say so."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from mcp import Client

from slotmcp.domain.catalog import Location
from slotmcp.engine import explain
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.slots import MAX_LIMIT
from slotmcp.services.trace_writer import MAX_TECHNICIANS
from slotmcp.tools import bookings, views
from slotmcp.tools.gate import Toolset
from slotmcp.tools.views import FULL_CANDIDATES, MAX_LISTED
from support.denver import AC_REPAIR, ANA, PROJECT, SUNDAY_NOON_MS
from support.observed import observed
from support.server import Caller, body_of, open_caller

COUNT: Final = 500
MAX_BYTES: Final = 400_000
LEFT_OUT: Final = COUNT - MAX_LISTED
HOME: Final = Location(latitude=39.7, longitude=-104.9)
TECHNICIANS: Final = tuple(
    replace(ANA, id=f"t-{number}", name=f"Technician {number} ".ljust(200, "x"), home=HOME) for number in range(COUNT)
)
SERVICES: Final = tuple(
    replace(AC_REPAIR, id=f"s-{number}", name=f"Service {number} ".ljust(200, "x")) for number in range(COUNT)
)
MONDAY_9: Final = "2026-11-23T16:00:00Z"
KIM: Final = {"customerName": "Kim".ljust(200, "x"), "customerPhone": "+1 303 555 0142"}


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Caller]:
    plan = ProjectPlan(project=replace(PROJECT, default_service_id="s-0"), services=SERVICES, technicians=TECHNICIANS)
    async with open_caller(tmp_path / "crowd.db", plan, now_ms=SUNDAY_NOON_MS, toolset=Toolset.OPERATOR) as opened:
        yield opened


async def test_lists_are_cut_and_count_what_they_lack(crowd: Caller) -> None:
    tools: dict[str, tuple[str, dict[str, Any]]] = {
        "list_services": ("services", {}),
        "list_technicians": ("technicians", {}),
        "explain_slot": ("technicians", {"start": MONDAY_9, "serviceType": "s-0"}),
    }
    for tool, (name, arguments) in tools.items():
        body = await crowd.call(tool, **arguments)
        assert (len(body[name]), body["leftOut"]) == (MAX_LISTED, LEFT_OUT), tool
        assert len(orjson.dumps(body)) < MAX_BYTES, tool


async def test_a_full_slot_has_a_limited_number_of_candidates(crowd: Caller) -> None:
    arguments = {"detail": "full", "limit": MAX_LIMIT, "latitude": 39.7, "longitude": -104.9}
    body = await crowd.call("get_slots", **arguments)
    assert len(body["slots"]) == MAX_LIMIT
    for slot in body["slots"]:
        assert len(slot["candidates"]) == FULL_CANDIDATES
        assert slot["candidatesLeftOut"] == slot["capacity"] - FULL_CANDIDATES > 0
    assert len(orjson.dumps(body)) < MAX_BYTES


async def test_the_bookings_of_a_customer_are_cut_and_count_what_they_lack(
    crowd: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (views, bookings):
        monkeypatch.setattr(module, "MAX_LISTED", 2)
    for number in range(3):
        extra = {"additional": True, "idempotencyKey": f"key-{number}", "technicianId": f"t-{number}"}
        await crowd.call("book_slot", start=MONDAY_9, serviceType="s-0", **KIM, **extra)
    body = await crowd.call("find_bookings", phone=KIM["customerPhone"])
    assert (len(body["bookings"]), body["leftOut"]) == (2, 1)


async def test_a_trace_explains_a_limited_number_of_technicians(crowd: Caller) -> None:
    explained = Counter[str]()
    async with crowd.app.tracing.writing(kept_days=1), Client(crowd.server) as client:
        held = await client.call_tool("create_hold", {"start": "2026-11-29T09:00", "serviceType": "s-0"})
        assert held.is_error
        with observed(explain._reason, lambda: explained.update(["technicians"])):  # noqa: SLF001  what takes the time
            await crowd.app.tracing.write()
    answer = await crowd.app.traces.find(body_of(held)["traceId"])
    assert len(answer.trace.technicians) == explained["technicians"] == MAX_TECHNICIANS
