"""Tests of unexpected exceptions: reported without details, logged completely, and never with caller data."""

import logging
from dataclasses import replace

import pytest
from mcp import Client

from slotmcp.ports import Ids
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.holds import HoldService
from slotmcp.services.in_memory import MemoryAttemptLimiter, MemoryHolds
from slotmcp.services.travel import TravelLookup
from slotmcp.services.unit_of_work import ProjectWriter
from slotmcp.services.verification import VerificationService
from slotmcp.tools.server import create_server
from support.server import Caller, body_of

MONDAY_9 = "2026-11-23T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142", "address": "1 Main St", "notes": "gate 4711"}


class TornIds:
    """Ids port that fails to make tokens."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def new_id(self) -> str:
        return self._ids.new_id()

    def new_token(self) -> str:
        raise OSError("/dev/urandom is on fire")


@pytest.fixture
def failing_caller(caller: Caller) -> Caller:
    ids = TornIds(caller.app.ids)
    availability_cache = AvailabilityCache(caller.store)
    writer = ProjectWriter(store=caller.store, availability_cache=availability_cache, ids=ids)
    travel_lookup = TravelLookup(availability_cache=availability_cache)
    verification = VerificationService(caller.store, availability_cache, MemoryAttemptLimiter(caller.clock.seconds))
    holds = HoldService(
        writer, live=MemoryHolds(), travel_lookup=travel_lookup, verification=verification, max_per_credential=0
    )
    app = replace(caller.app, holds=holds, ids=ids)
    return replace(caller, app=app, server=create_server(app))


async def test_an_unexpected_exception_is_an_internal_error_with_a_trace_id(
    failing_caller: Caller, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async with Client(failing_caller.server) as client:
        result = await client.call_tool("create_hold", {"start": MONDAY_9, "customerHash": "caller-4711"})
    body = body_of(result)
    assert result.is_error
    assert body["error"] == {"code": "internal", "retryable": False}
    assert body["result"].startswith("I'm sorry")
    assert "fire" not in str(body)
    assert "Traceback" not in str(body)
    (failure,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert body["traceId"] in failure.getMessage()
    assert "/dev/urandom is on fire" in failure.getMessage()
    assert "caller-4711" not in caplog.text
    assert capfd.readouterr().out == ""


async def test_each_call_is_one_log_event_without_its_arguments(
    caller: Caller, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO, logger="slotmcp.tools")
    token = (await caller.call("create_hold", start=MONDAY_9, customerHash="caller-4711"))["holdToken"]
    booked = await caller.call("book_slot", holdToken=token, **KIM)
    await caller.expect_error("book_slot", start="whenever", **KIM)
    events = [record.getMessage() for record in caplog.records if record.name == "slotmcp.tools"]
    assert [next(tool for tool in ("create_hold", "book_slot") if tool in event) for event in events] == [
        "create_hold",
        "book_slot",
        "book_slot",
    ]
    assert booked["traceId"] in events[1]
    assert "ok" in events[1]
    assert "invalid_argument" in events[2]
    log = "\n".join(events)
    for secret in (token, "caller-4711", "Kim", "303 555", "Main", "whenever"):
        assert secret not in log
    assert capfd.readouterr().out == ""


async def test_every_response_has_its_own_trace_id(caller: Caller) -> None:
    answers = [await caller.call("list_services") for _ in range(3)]
    assert len({answer["traceId"] for answer in answers}) == 3
