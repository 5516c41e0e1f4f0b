"""Tests of traces: every decision is recorded, and operators can read it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents

from slotmcp.domain.access import LOCAL, CallId, Principal, Scope
from slotmcp.domain.errors import Unavailable
from slotmcp.domain.reasons import Reason
from slotmcp.domain.trace import ScheduleSource, Trace, TracedUse
from slotmcp.services import trace_writer
from slotmcp.services.concurrency import ITEMS_A_TURN
from slotmcp.services.current_principal import acting_as
from slotmcp.services.trace_writer import TraceWriter
from slotmcp.services.traces import summarize_trace
from slotmcp.services.tracing import TraceBuilder
from slotmcp.store.sqlite import SqliteStore
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Caller
from support.tracer_provider import set_tracer_provider
from support.turns import counted_turns

if TYPE_CHECKING:
    from slotmcp.ports import Store

MONDAY_9 = "2026-11-23T16:00:00Z"
KIM = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142", "address": "1437 Bannock St"}
SERVICE = {"serviceType": "ac-repair"}


@pytest.fixture
async def traced(operator: Caller) -> AsyncIterator[Caller]:
    """Return the operator's caller, with a running trace writer."""
    async with operator.app.tracing.writing(kept_days=30):
        yield operator


async def trace_of(caller: Caller, body: Any) -> Trace:  # noqa: ANN401  of any tool
    await caller.app.tracing.write()
    return (await caller.app.traces.find(body["traceId"])).trace


async def answered(caller: Caller, tool: str, **arguments: object) -> tuple[Any, Trace]:
    body = await caller.call(tool, **arguments)
    return body, await trace_of(caller, body)


async def expect_error(caller: Caller, tool: str, **arguments: object) -> Trace:
    async with Client(caller.server) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    return await trace_of(caller, result.structured_content)


async def test_a_get_slots_trace_has_the_offer_and_the_candidates(traced: Caller) -> None:
    body, trace = await answered(traced, "get_slots", partOfDay="morning", daysOfWeek="mon,tue", **SERVICE)
    assert (trace.use, trace.outcome, trace.project_id) == (TracedUse.GET_SLOTS, "ok", PLAN.project.id)
    assert trace.at_ms == SUNDAY_NOON_MS
    assert len(trace.offered) == len(body["slots"])
    assert trace.capacity == sum(slot["capacity"] for slot in body["slots"])
    assert trace.question is not None
    assert (trace.question.part_of_day, trace.question.days_of_week) == ("morning", (0, 1))
    assert {one.technician_id for one in trace.technicians} == {one["technicianId"] for one in body["technicians"]}
    assert {"total", "service", "engine", "store"} <= trace.hops.keys()
    again, second = await answered(traced, "get_slots", **SERVICE)
    assert again["traceId"] != body["traceId"]
    assert second.book_from is ScheduleSource.MEMORY
    assert second.conversation == trace.conversation


async def test_a_trace_without_an_offer_has_the_reasons_of_each_technician(traced: Caller) -> None:
    window = {"from": "2026-11-23T09:00:00Z", "to": "2026-11-23T10:00:00Z"}
    _, trace = await answered(traced, "get_slots", **window, **SERVICE)
    assert trace.offered == ()
    assert {reason for one in trace.technicians for reason in one.reasons} >= {Reason.OUTSIDE_SHIFT}
    assert len(trace.technicians) == len(PLAN.technicians)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param({"from": "2026-11-22", "to": "2026-11-22"}, id="a day off that begins now"),
        pytest.param({"from": "2026-11-23T12:00:00", "to": "2026-11-23T23:00:00", "partOfDay": "evening"}, id="lunch"),
        pytest.param({"from": "2026-11-23T12:00:00", "to": "2026-11-23T12:20:00"}, id="a break"),
        pytest.param(
            {"from": "2026-11-23", "to": "2026-11-24", "technicianId": "t-ana", "daysOfWeek": "sun"}, id="none"
        ),
    ],
)
async def test_the_main_reason_of_a_trace_is_the_spoken_one(traced: Caller, question: dict[str, str]) -> None:
    body, trace = await answered(traced, "get_slots", **question, **SERVICE)
    assert body["slots"] == []
    shown = [one["code"] for one in body.get("reasons", ())]
    assert trace.main_reason == next(iter(shown), None)
    assert {reason for one in trace.technicians for reason in one.reasons} >= set(shown)


@pytest.mark.parametrize(
    ("seconds", "reason", "phrase"),
    [(0, Reason.OWN_HOLD, "Ben (t-ben) is held for this caller."), (91, None, "Ben (t-ben) is available.")],
)
async def test_a_callers_own_hold_is_named_as_such(
    traced: Caller, seconds: int, reason: Reason | None, phrase: str
) -> None:
    held = await traced.call("create_hold", start=MONDAY_9, customerHash="kim", technicianId="t-ben", **SERVICE)
    await traced.call("create_hold", start=MONDAY_9, customerHash="lee", technicianId="t-ana", **SERVICE)
    traced.clock.advance(seconds=seconds)
    _, trace = await answered(traced, "book_slot", holdToken=held["holdToken"], **KIM)
    ben = next(one for one in trace.technicians if one.technician_id == "t-ben")
    assert (ben.could, list(ben.reasons)) == (1, [reason] if reason else [])
    summary = "\n".join(summarize_trace(await traced.app.traces.find(trace.id)))
    assert phrase in summary
    assert ("Ana (t-ana) is held for another caller." in summary) is (seconds == 0)


async def test_another_callers_hold_is_named_as_such(traced: Caller) -> None:
    await traced.call("create_hold", start=MONDAY_9, customerHash="lee", technicianId="t-ben", **SERVICE)
    trace = await expect_error(traced, "book_slot", start=MONDAY_9, technicianId="t-ben", **SERVICE, **KIM)
    ben = next(one for one in trace.technicians if one.technician_id == "t-ben")
    assert ben.reasons == {Reason.HELD: 1}
    assert trace.main_reason is not Reason.OWN_HOLD


async def test_a_hold_and_its_booking_are_linked(traced: Caller) -> None:
    held, hold = await answered(traced, "create_hold", start=MONDAY_9, customerHash="caller-7a1f", **SERVICE)
    booked, booking = await answered(traced, "book_slot", holdToken=held["holdToken"], **KIM)
    assert (hold.use, hold.capacity) == (TracedUse.CREATE_HOLD, held["capacityLeft"] + 1)
    assert hold.technician_id == "", "no technician is assigned yet"
    assert booking.hold_key == hold.hold_key != ""
    assert booking.booking_id == booked["booking"]["bookingId"]
    assert booking.technician_id == booked["booking"]["technicianId"]
    assert "load" in booking.why
    replayed, again = await answered(traced, "book_slot", holdToken=held["holdToken"], **KIM)
    assert replayed["replayed"]
    assert again.was_replayed


async def test_the_trace_of_a_refusal_has_its_reasons(traced: Caller) -> None:
    await traced.call("book_slot", start=MONDAY_9, technicianId="t-ana", **KIM, **SERVICE)
    other = {**KIM, "customerPhone": "+1 303 555 0199"}
    trace = await expect_error(traced, "book_slot", start=MONDAY_9, technicianId="t-ana", **other, **SERVICE)
    assert trace.outcome == "slot_unavailable"
    assert trace.offered
    assert {one.technician_id: dict(one.reasons) for one in trace.technicians}["t-ana"] == {Reason.BOOKED: 1}


async def test_the_trace_of_an_invalid_argument_has_its_outcome(traced: Caller) -> None:
    trace = await expect_error(traced, "get_slots", **{"from": "2020-01-01T10:00", "to": "2020-01-02T10:00"}, **SERVICE)
    assert (trace.outcome, trace.question) == ("invalid_argument", None)


async def test_other_tools_leave_no_trace(traced: Caller) -> None:
    body = await traced.call("list_services")
    await traced.app.tracing.write()
    with pytest.raises(Exception, match="no trace with that id"):
        await traced.app.traces.find(body["traceId"])


async def test_nothing_is_recorded_without_a_trace_writer(operator: Caller) -> None:
    assert operator.app.tracing.begin("get_slots", "t", LOCAL) is None
    async with operator.app.tracing.writing(kept_days=0):
        assert operator.app.tracing.begin("get_slots", "t", LOCAL) is None


async def test_traces_have_the_id_of_their_phone_call(traced: Caller) -> None:
    shown = set()
    for call_id in ("call-1", "call-2", "call-1"):
        with acting_as(LOCAL.within(CallId("x-call-id", call_id))):
            builder = traced.app.tracing.begin("get_slots", "t", LOCAL.within(CallId("x-call-id", call_id)))
        assert builder is not None
        assert "call" not in builder.conversation
        shown.add(builder.conversation)
    assert len(shown) == 2


async def test_the_summary_reads_well(traced: Caller) -> None:
    held = await traced.call("create_hold", start=MONDAY_9, customerHash="caller-7a1f", **SERVICE)
    body = await traced.call("book_slot", holdToken=held["holdToken"], **KIM)
    await traced.app.tracing.write()
    answer = await traced.app.traces.find(body["traceId"])
    trace = replace(answer.trace, conversation="c0ffee", booking_id="B", hops={"total": 4200, "transaction": 3100})
    assert summarize_trace(replace(answer, trace=trace)) == (
        "Sun 2026-11-22 12:00 (America/Denver), denver-hvac: book_slot in conversation c0ffee.",
        "Request: AC repair, 60 minutes, at Mon 2026-11-23 09:00.",
        f"Schedule: revision {trace.revision}, from the database.",
        *[line for line in summarize_trace(answer) if line.startswith("  ")],
        f"Result: booking B with {body['booking']['technicianName']} ({trace.technician_id}), by {trace.why}.",
        "Duration: 4.2 ms (transaction 3.1 ms).",
    )


async def test_an_operator_can_read_a_trace_as_a_resource(traced: Caller) -> None:
    body, trace = await answered(traced, "get_slots", **SERVICE)
    async with Client(traced.server) as client:
        found = await client.read_resource(f"slotmcp://trace/{body['traceId']}")
    (content,) = found.contents
    assert isinstance(content, TextResourceContents)
    shown = json.loads(content.text)
    assert shown["trace"]["id"] == trace.id
    assert shown["result"].startswith("Sun 2026-11-22")


@pytest.mark.parametrize(
    "principal",
    [
        Principal(credential="k", scopes=frozenset({Scope.CALLER}), projects=None),
        Principal(credential="k", scopes=frozenset(Scope), projects=frozenset({"another"})),
    ],
    ids=["a caller", "another project"],
)
async def test_only_operators_can_read_traces(traced: Caller, principal: Principal) -> None:
    body, _ = await answered(traced, "get_slots", **SERVICE)
    with acting_as(principal):
        async with Client(traced.server) as client:
            with pytest.raises(MCPError):
                await client.read_resource(f"slotmcp://trace/{body['traceId']}")


class AwayStore:
    """Store that fails to save traces while a flag is set."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.is_away = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  all else
        return getattr(self._store, name)

    async def add_traces(self, traces: Any) -> None:  # noqa: ANN401  as the port has it
        if self.is_away:
            raise Unavailable("away", retry_after_ms=1)
        await self._store.add_traces(traces)


async def test_a_database_outage_delays_no_call_and_loses_no_trace(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = AwayStore(operator.store)
    tracing = TraceWriter(cast("Store", away), "p")
    monkeypatch.setattr(trace_writer, "MAX_PENDING_TRACES", 3)
    async with tracing.writing(kept_days=1):
        availability = await operator.app.slots._availability_cache.availability(None)  # noqa: SLF001  any will do
        for number in range(5):
            builder = tracing.begin("get_slots", f"t{number}", LOCAL)
            assert builder is not None
            builder.availability = availability
            tracing.end(builder, "ok")
        await tracing.write()
        assert await operator.store.trace("t4") is None
        away.is_away = False
        await tracing.write()
    kept = [await operator.store.trace(f"t{number}") for number in range(5)]
    assert [trace is not None for trace in kept] == [False, False, True, True, True], "the oldest are given up"


async def test_recorded_traces_are_written_when_the_server_stops(operator: Caller) -> None:
    async with operator.app.tracing.writing(kept_days=1):
        body = await operator.call("get_slots", **SERVICE)
    assert await operator.store.trace(body["traceId"]) is not None


class SlowStore(AwayStore):
    """Store whose batch waits until an event is set."""

    def __init__(self, store: SqliteStore) -> None:
        super().__init__(store)
        self.is_away = False
        self.is_writing = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def add_traces(self, traces: Any) -> None:  # noqa: ANN401  as the port has it
        self.is_writing.set()
        await self.may_go_on.wait()
        await super().add_traces(traces)


async def test_a_shutdown_loses_neither_the_current_batch_nor_later_traces(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_writer, "WRITE_INTERVAL_SECONDS", 0.01)
    slow = SlowStore(operator.store)
    tracing = TraceWriter(cast("Store", slow), "p")
    async with tracing.writing(kept_days=1):
        await _noted(operator, tracing, "t1")
        await slow.is_writing.wait()
        await _noted(operator, tracing, "t2")
        asyncio.get_running_loop().call_soon(slow.may_go_on.set)
    assert await operator.store.trace("t1") is not None
    assert await operator.store.trace("t2") is not None


async def test_a_flush_waits_for_the_current_batch(operator: Caller) -> None:
    slow = SlowStore(operator.store)
    tracing = TraceWriter(cast("Store", slow), "p")
    async with tracing.writing(kept_days=1), asyncio.TaskGroup() as group:
        await _noted(operator, tracing, "t1")
        group.create_task(tracing.write())
        await slow.is_writing.wait()
        asyncio.get_running_loop().call_soon(slow.may_go_on.set)
        await tracing.write()
        assert await operator.store.trace("t1") is not None


async def test_other_tasks_run_while_many_traces_are_built(operator: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trace_writer, "WRITE_INTERVAL_SECONDS", 60)
    slow, count = SlowStore(operator.store), 10 * ITEMS_A_TURN
    tracing = TraceWriter(cast("Store", slow), "p")
    async with tracing.writing(kept_days=1):
        for number in range(count):
            await _noted(operator, tracing, f"t{number}")
        with counted_turns() as turns:
            writing = asyncio.create_task(tracing.write())
            await slow.is_writing.wait()
        slow.may_go_on.set()
        await writing
    assert turns.count >= count // ITEMS_A_TURN


class RushedStore(AwayStore):
    """Store whose first batches wait for another call."""

    def __init__(self, store: SqliteStore, make_call: Callable[[int], Awaitable[object]]) -> None:
        super().__init__(store)
        self.is_away = False
        self.batches: list[int] = []
        self._make_call = make_call

    async def add_traces(self, traces: Any) -> None:  # noqa: ANN401  as the port has it
        self.batches.append(len(traces))
        if len(self.batches) < 3:
            await self._make_call(len(self.batches))
        await super().add_traces(traces)


async def test_under_load_a_flush_writes_only_the_traces_that_were_waiting(operator: Caller) -> None:
    rushed = RushedStore(operator.store, lambda number: _noted(operator, tracing, f"later{number}"))
    tracing = TraceWriter(cast("Store", rushed), "p")
    async with tracing.writing(kept_days=1):
        for number in range(3):
            await _noted(operator, tracing, f"t{number}")
        await tracing.write()
        await tracing.write()
        assert rushed.batches == [3, 1]
    assert [await operator.store.trace(f"later{number}") is not None for number in (1, 2)] == [True, True]


async def test_the_oldest_traces_are_deleted_above_the_size(operator: Caller) -> None:
    now_ms = operator.clock.now_ms()
    plain = replace(_OLD, outcome="x" * 1_000)
    await operator.store.add_traces([replace(plain, id=f"t{n:05}", at_ms=now_ms - 5_000 + n) for n in range(3_000)])
    tracing = TraceWriter(operator.store, "p")
    async with tracing.writing(kept_days=1, max_mb=1):
        await tracing.drop(asyncio.Event())
    kept = await operator.store.traces("denver-hvac", 0, now_ms)
    assert 400 < len(kept) < 900
    assert kept[-1].id == "t02999"
    assert len(orjson.dumps(kept)) <= 1_000_000


_OLD = Trace(id="old", project_id="denver-hvac", use=TracedUse.GET_SLOTS, at_ms=0, outcome="ok", conversation="c")


async def test_a_trace_that_cannot_be_written_does_not_block_others(operator: Caller) -> None:
    tracing = TraceWriter(operator.store, "p")
    async with tracing.writing(kept_days=1):
        broken = await _noted(operator, tracing, "t1")
        broken.request = cast("Any", object())
        await _noted(operator, tracing, "t2")
    assert await operator.store.trace("t1") is None
    assert await operator.store.trace("t2") is not None


async def _noted(operator: Caller, tracing: TraceWriter, trace_id: str) -> TraceBuilder:
    builder = tracing.begin("get_slots", trace_id, LOCAL)
    assert builder is not None
    builder.availability = await operator.app.slots._availability_cache.availability(None)  # noqa: SLF001  any will do
    tracing.end(builder, "ok")
    return builder


async def test_traces_contain_no_personal_data(traced: Caller) -> None:
    place = {"latitude": 39.7312, "longitude": -104.9655}
    await traced.call("get_slots", **place, **SERVICE)
    held = await traced.call("create_hold", start=MONDAY_9, customerHash="caller-7a1f", **SERVICE)
    await traced.call("book_slot", holdToken=held["holdToken"], notes="Beware of the dog", **KIM, **place)
    await traced.app.tracing.write()
    traces = await traced.store.traces(PLAN.project.id, 0, SUNDAY_NOON_MS * 2)
    text = " ".join(map(repr, traces))
    assert len(traces) == 3
    words = (
        "Kim",
        "Doe",
        "303 555",
        "3035550142",
        "Bannock",
        "Beware",
        "caller-7a1f",
        held["holdToken"],
        "39.7312",
        "104.9655",
    )
    assert [word for word in words if word in text] == []


async def test_spans_are_nested_in_the_spans_of_the_sdk(traced: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    exporter = set_tracer_provider(monkeypatch)
    await traced.call("get_slots", **SERVICE)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    service, engine, store = spans["service"], spans["engine"], spans["store"]
    assert service.context is not None
    for inner in (engine, store):
        assert inner.parent is not None
        assert inner.parent.span_id == service.context.span_id
    assert service.parent is not None
    outer = [one for one in spans.values() if one.context and one.context.span_id == service.parent.span_id]
    assert [one.instrumentation_scope.name for one in outer if one.instrumentation_scope] == ["mcp-python-sdk"]


def test_a_trace_is_printed_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slotmcp.cli.commands import read_trace  # noqa: PLC0415  it sets up logging when it is used
    from slotmcp.settings import Settings  # noqa: PLC0415
    from support.server import open_caller  # noqa: PLC0415

    path = tmp_path / "told.db"
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(path))

    async def run() -> tuple[str, str]:
        async with open_caller(path, PLAN, now_ms=SUNDAY_NOON_MS) as caller, caller.app.tracing.writing(kept_days=1):
            trace_id = (await caller.call("get_slots", **SERVICE))["traceId"]
        settings = Settings.load()
        return (
            await read_trace(settings, trace_id, as_json=False),
            await read_trace(settings, trace_id, as_json=True),
        )

    story, facts = asyncio.run(run())
    assert ": get_slots in conversation" in story
    assert json.loads(facts)["trace"]["use"] == "get_slots"
