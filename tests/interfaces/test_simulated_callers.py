"""Tests of the simulated callers: their counts match the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client

from slotmcp.demo.callers import CallCounts, CallSimulator
from slotmcp.domain.access import LOCAL, CallId
from slotmcp.domain.report import Funnel, LossReason
from slotmcp.services.current_principal import acting_as
from slotmcp.services.reporting.reports import ReportRequest
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Caller, open_caller

CALLS = 40


async def at_once(seconds: float) -> None:
    """Random source without waiting times."""
    assert seconds > 0


async def called(caller: Caller, *, seed: int, at_a_time: int = 1) -> CallCounts:
    @asynccontextmanager
    async def connect(call_id: str) -> AsyncIterator[Client]:
        with acting_as(LOCAL.within(CallId("x-call-id", call_id))):
            async with Client(caller.server) as client:
                yield client

    callers = CallSimulator(connect, seed=seed, pause=at_once)
    await callers.run(CALLS, concurrency=at_a_time)
    return callers.counts


async def test_the_simulated_callers_counts_match_the_database(tmp_path: Path) -> None:
    async with open_caller(tmp_path / "slotmcp.db", PLAN, now_ms=SUNDAY_NOON_MS) as caller:
        tally = await called(caller, seed=9, at_a_time=4)
        bookings = await caller.store.bookings("denver-hvac")
    assert tally.callers == CALLS
    assert len(bookings) == tally.booked - tally.cancelled
    assert CALLS > tally.offered >= tally.held > tally.booked > tally.cancelled > 0
    assert tally.refused > 0
    assert tally.moved > 0


async def test_a_seed_reproduces_the_day(tmp_path: Path) -> None:
    days = []
    for name in ("one", "other"):
        async with open_caller(tmp_path / f"{name}.db", PLAN, now_ms=SUNDAY_NOON_MS) as caller:
            days.append(await called(caller, seed=3))
    assert days[0] == days[1]


async def funnel_of(caller: Caller) -> Funnel:
    return (await caller.app.reports.get_metrics(ReportRequest())).report.funnel


@pytest.mark.parametrize("seed", [2, 5, 7])
async def test_the_simulated_callers_counts_match_the_report(tmp_path: Path, seed: int) -> None:
    async with open_caller(tmp_path / "slotmcp.db", PLAN, now_ms=SUNDAY_NOON_MS) as caller:
        async with caller.app.tracing.writing(kept_days=1):
            tally = await called(caller, seed=seed, at_a_time=4)
        funnel = await funnel_of(caller)
        caller.clock.advance(seconds=3600)
        later = await funnel_of(caller)
    assert (funnel.conversations, funnel.offered, funnel.held, funnel.booked) == (
        tally.callers,
        tally.offered,
        tally.held,
        tally.booked,
    )
    assert funnel.thinking == tally.held - tally.booked > 0, "callers with a live hold who never called again"
    assert (later.thinking, later.lost.get(LossReason.HOLD_ABANDONED)) == (0, funnel.thinking)
    assert sum(later.lost.values()) == tally.callers - tally.booked
