"""SQL statements of calls on SQLite, which may not grow: only what the call needs is read and written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.services.app import App
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.counted_calls import CALLS, MORNING
from support.new_file import new_file
from support.schedules import open_shop

RUNS = 3
STATEMENTS = {
    "create_hold": 6,
    "book_slot": 9,
    "book_slot with a key": 11,
    "book_slot with a hold and a key": 12,
    "reschedule_booking": 11,
    "update_booking": 7,
    "cancel_booking": 9,
    "release_hold": 7,
    "join_waitlist": 15,
}
"""Statements of a call."""


@dataclass(slots=True)
class Trace:
    """Statements of all connections of a store."""

    statements: list[str] = field(default_factory=list)

    def attach(self, store: SqliteStore) -> None:
        """Trace the store's connections."""
        for owner in (store._writer, *store._readers, store._revision_probe):  # noqa: SLF001
            owner._connection.set_trace_callback(self.statements.append)  # noqa: SLF001

    def count(self) -> int:
        """Return the number of statements. One with a trigger is reported twice in a row."""
        return sum(1 for _ in groupby(self.statements))


@asynccontextmanager
async def traced_app(path: Path) -> AsyncIterator[tuple[App, Trace]]:
    """Open the services over a store of the shop, and trace its statements."""
    trace = Trace()
    async with SqliteStore.open(new_file(path), clock=HandClock(), timeout_ms=20_000) as store:
        await open_shop(store)
        trace.attach(store)
        yield build_app(store), trace


@pytest.mark.parametrize(("name", "statements"), STATEMENTS.items(), ids=STATEMENTS)
async def test_a_call_runs_no_more_statements_than_before(path: Path, name: str, statements: int) -> None:
    call = CALLS[name]
    async with traced_app(path) as (app, trace):
        for day in range(RUNS):
            start = MORNING + day * 1440
            subject = await call.prepare(app, start)
            trace.statements.clear()
            await call.make(app, subject, start)
    assert trace.count() <= statements, "\n".join(trace.statements)
