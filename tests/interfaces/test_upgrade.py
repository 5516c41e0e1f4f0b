"""Calls to a database that version 0.1.0 left: its idempotency keys, hold tokens, waits and access keys are valid."""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from slotmcp.bootstrap import build_app
from slotmcp.domain.access import LOCAL, CallId, Scope
from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import Store
from slotmcp.services.app import App
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.prepare import prepare
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.schema import SCHEMA, SchemaVersions
from slotmcp.store.sqlite import SqliteStore
from slotmcp.tools.gate import CallGate
from slotmcp.tools.server import create_server
from support.clock import HandClock
from support.denver import PROJECT, SUNDAY_NOON_MS
from support.server import Body, body_of

if TYPE_CHECKING:
    from support.postgres_databases import Databases

FOLDER = Path(__file__).parents[1] / "unit" / "store"
OLD_TRACE = json.dumps(
    {
        "id": "t-old",
        "project_id": PROJECT.id,
        "use": "get_slots",
        "at_ms": SUNDAY_NOON_MS,
        "outcome": "ok",
        "conversation": "c0ffee",
        "call_id": "+13035550142",
        "book_from": "memory",
        "question": None,
        "offered": [],
        "technicians": [],
    }
)
DUMP = (FOLDER / "release_0005.sql").read_text(encoding="utf-8") + (
    f"\nINSERT INTO traces (id, project_id, conversation, at_ms, told) VALUES "
    f"('t-old', '{PROJECT.id}', 'c0ffee', {SUNDAY_NOON_MS}, '{OLD_TRACE}');\n"
)
RELEASE = SchemaVersions(versions=("0001", "0002", "0003", "0004", "0005"), migrations=SCHEMA.migrations)
RECORDED = json.loads((FOLDER / "release_0005.json").read_text(encoding="utf-8"))
"""Calls that were made before the upgrade, with parts of their responses."""

*CALLS, KEY = RECORDED
KIM, LEE = "+1 303 555 0142", "+1 303 555 0188"
SECONDS_LATER = 10


@dataclass(frozen=True, slots=True)
class Upgraded:
    """App on the upgraded database, ten seconds after the last call."""

    app: App
    store: Store

    async def call(self, tool: str, arguments: dict[str, Any], *, in_call: bool) -> Body:
        """Return the response to a successful call, made in a phone call or not."""
        principal = replace(LOCAL, call_ids=(CallId("x-call-id", "call-1"),)) if in_call else LOCAL
        async with Client(create_server(self.app, gate=CallGate(default_principal=principal))) as client:
            result = await client.call_tool(tool, arguments)
        assert not result.is_error, body_of(result)
        return body_of(result)


@pytest.fixture(params=["sqlite", "postgres"])
async def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Upgraded]:
    clock = HandClock(SUNDAY_NOON_MS)
    clock.advance(seconds=SECONDS_LATER)
    opened = _sqlite(tmp_path / "old.db", clock) if request.param == "sqlite" else _postgres(request, clock)
    async with opened as store:
        yield Upgraded(build_app(store), store)


@asynccontextmanager
async def _sqlite(path: Path, clock: HandClock) -> AsyncIterator[Store]:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(DUMP)
    async with SqliteStore.open(path, clock=clock) as store:
        yield store


@asynccontextmanager
async def _postgres(request: pytest.FixtureRequest, clock: HandClock) -> AsyncIterator[Store]:
    databases: Databases = request.getfixturevalue("postgres")
    url = databases.create()
    try:
        await prepare(Address.of(url), timeout_ms=10_000, schema=RELEASE)
        await asyncio.to_thread(lambda: [databases.execute(statement, url=url) for statement in _rows_for_postgres()])
        async with PostgresStore.open(url, clock=clock) as store:
            yield store
    finally:
        databases.drop(url)


def _rows_for_postgres() -> Iterator[str]:
    for statement in re.findall(r"^INSERT INTO \w+ \(.*\);$", DUMP, re.MULTILINE):
        if not statement.startswith("INSERT INTO alembic_version"):
            yield re.sub(r"X'([0-9a-f]*)'", r"'\\x\1'::bytea", statement)


async def test_every_kind_of_row_is_kept(upgraded: Upgraded) -> None:
    bookings = await upgraded.store.bookings(PROJECT.id)
    assert sorted(booking.customer.name for booking in bookings if booking.customer) == [
        *("Kim Doe", "Kim Doe", "Lee Wu"),
        *("Max Ott", "Max Ott"),
    ]
    assert {booking.status for booking in bookings} == {BookingStatus.CONFIRMED, BookingStatus.RESCHEDULED}
    waits = await upgraded.store.waitlist_entries(PROJECT.id, *WaitlistState)
    assert [wait.state for wait in waits] == [WaitlistState.WAITING, WaitlistState.OFFERED]
    technicians = (await upgraded.store.schedule(PROJECT.id)).technician_schedules
    assert [absence.reason for absence in technicians["t-ben"].technician.time_off] == ["dentist"]
    assert sum(claim.is_hold for schedule in technicians.values() for claim in schedule.claims) == 3


async def test_call_ids_of_traces_become_keyed_hashes(upgraded: Upgraded) -> None:
    pseudonym = await upgraded.store.pseudonyms(PROJECT.id)
    trace = await upgraded.store.trace("t-old")
    assert trace is not None
    assert trace.call_id == pseudonym("traced call_id:+13035550142")[:16]
    assert trace.conversation == pseudonym("traced conversation:c0ffee")[:16]
    assert await upgraded.store.conversations(PROJECT.id, [trace.conversation], from_ms=0, limit=9) == (trace,)


async def test_an_access_key_is_valid(upgraded: Upgraded) -> None:
    principal = await upgraded.app.access.authenticate(KEY["access_key"])
    assert principal is not None
    assert (principal.projects, Scope.CALLER in principal.scopes) == (frozenset({PROJECT.id}), True)


@pytest.mark.parametrize("recorded", CALLS, ids=lambda recorded: f"{recorded['tool']}-{recorded['in_call']}")
async def test_a_retry_of_an_earlier_call_is_recognized(upgraded: Upgraded, recorded: dict[str, Any]) -> None:
    tool, arguments = recorded["tool"], recorded["arguments"]
    proof = {"phone": LEE} if tool == "reschedule_booking" else {}
    before = len(await upgraded.store.bookings(PROJECT.id))
    again = await upgraded.call(tool, arguments | proof, in_call=recorded["in_call"])
    shown = again.get("booking", again)
    ids = recorded["response"].keys() - {"start"}  # a booking may have moved later
    assert {key: shown[key] for key in ids} == {key: recorded["response"][key] for key in ids} != {}
    assert again.get("replayed", True)
    assert len(await upgraded.store.bookings(PROJECT.id)) == before


async def test_a_held_start_can_be_booked(upgraded: Upgraded) -> None:
    held = CALLS[0]["response"]
    booked = await upgraded.call(
        "book_slot", {"holdToken": held["holdToken"], "customerName": "Kim Doe", "customerPhone": KIM}, in_call=False
    )
    assert booked["booking"]["start"] == held["start"]
