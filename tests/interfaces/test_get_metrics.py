"""Tests of get_metrics: the outcome of calls, read from the database."""

from typing import Any

import pytest

from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import TechnicianTrace, Trace, TracedUse
from support.denver import PROJECT, SUNDAY_NOON_MS
from support.server import Caller, fields
from support.traces import question, trace

DAY_MS = 24 * 60 * 60_000
NINE = "2026-11-23T16:00:00Z"
BUSY = (TechnicianTrace(technician_id="t-ana", could=0, reasons={Reason.BOOKED: 4}),)


def call(use: TracedUse, at_ms: int, who: str, **facts: Any) -> Trace:  # noqa: ANN401  a Trace's fields
    wanted = question(NINE, "2026-11-24T16:00:00Z", service_id="ac-repair", timezone="America/Denver")
    return trace(use, at_ms, who, **{"project_id": PROJECT.id, "question": wanted, **facts})


@pytest.fixture
async def after_calls(operator: Caller) -> Caller:
    """Make three calls: Kim books at the second attempt, Lee finds nothing, and Max called yesterday."""
    noon, start = SUNDAY_NOON_MS, 29_000_000
    await operator.store.add_traces(
        [
            call(TracedUse.GET_SLOTS, noon - DAY_MS, "max", offered=(start,)),
            call(TracedUse.GET_SLOTS, noon - 9_000, "kim", offered=(start, start + 60), hops={"total": 2_000}),
            call(TracedUse.CREATE_HOLD, noon - 8_000, "kim", start=start, outcome="slot_unavailable", technicians=BUSY),
            call(TracedUse.BOOK_SLOT, noon - 7_000, "kim", start=start + 60),
            call(TracedUse.GET_SLOTS, noon - 6_000, "lee", technicians=BUSY, hops={"total": 4_000}),
        ]
    )
    return operator


async def test_the_default_period_is_today(after_calls: Caller) -> None:
    answer = await after_calls.call("get_metrics")
    assert answer["result"] == "2 callers asked. Times were offered to 1, held by 1 and booked by 1."
    assert (answer["projectId"], answer["firstDate"], answer["lastDate"]) == (PROJECT.id, "2026-11-22", "2026-11-22")
    numbers = ("asked", "offered", "held", "booked", "thinking", "lost", "collisions")
    assert {name: answer[name] for name in numbers} == dict(zip(numbers, (2, 1, 1, 1, 0, 1, 1), strict=True))
    assert answer["refusals"] == [{"reason": "booked", "serviceType": "ac-repair", "questions": 2}]
    (slots,) = [one for one in answer["responseTimes"] if one["tool"] == "get_slots"]
    assert slots == {"tool": "get_slots", "calls": 2, "p50Ms": 2.0, "p95Ms": 4.0}


async def test_requested_dates_are_reported_completely(after_calls: Caller) -> None:
    assert (await after_calls.call("get_metrics", **{"from": "2026-11-21", "to": "2026-11-22"}))["asked"] == 3
    yesterday = await after_calls.call("get_metrics", **{"from": "2026-11-21"})
    assert yesterday["result"].startswith("One caller asked. Times were offered to 1,")
    assert yesterday["lastDate"] == "2026-11-21"


async def test_a_day_without_calls_is_reported_in_the_operators_language(operator: Caller) -> None:
    assert (await operator.call("get_metrics"))["result"] == "Nobody has asked for a time."
    assert (await operator.call("get_metrics", locale="de"))["result"] == "Niemand hat nach einem Termin gefragt."


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"from": "2026-11-22T09:00"}, "from"),
        ({"from": "2026-11-22", "to": "2026-11-21"}, "to"),
        ({"from": "2026-01-01", "to": "2026-11-21"}, "from"),
    ],
)
async def test_invalid_dates_are_reported(operator: Caller, arguments: dict[str, str], field: str) -> None:
    error = await operator.expect_error("get_metrics", **arguments)
    assert (error["code"], fields(error)) == ("invalid_argument", [field])


async def test_bookings_that_need_attention_are_counted(operator: Caller) -> None:
    assert (await operator.call("get_metrics"))["needsAttention"] == 0
    contact = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
    await operator.call("book_slot", start=NINE, technicianId="t-ana", **contact)
    await operator.call("set_technician_status", technicianId="t-ana", status="off")
    answer = await operator.call("get_metrics")
    assert answer["needsAttention"] == 1
    assert answer["result"].endswith(" One booking needs attention.")
    await operator.call("set_technician_status", technicianId="t-ana", status="active")
    assert (await operator.call("get_metrics"))["needsAttention"] == 0
