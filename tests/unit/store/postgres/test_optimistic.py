"""Groups that are decided without the lock: dependent units, failures, and the function that writes them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg
import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import ClaimConflict, Transaction, Unit
from slotmcp.store.columns import BOOKINGS, CLAIMS
from slotmcp.store.migrations.postgres_0016 import FUNCTION
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.schema import SCHEMA
from slotmcp.store.statement import Table
from slotmcp.store.values import json_text
from support.postgres_trips import TripCounter
from support.schedules import FULL_BOOKING, PROJECT, REPAIR, booking, hold, ids_of, receipt, token, wait

SHOP = PROJECT.id
CALL = "SELECT outcome, version FROM write_group($1, $2, $3, $4::jsonb)"
NO_UNITS: dict[str, object] = {"updates": [], "clock_ms": None}


@pytest.fixture
def store(counted: tuple[PostgresStore, TripCounter]) -> PostgresStore:
    return counted[0]


def claims_of(schedule: Any, technician_id: str = "ana") -> list[str]:  # noqa: ANN401  a Schedule
    return ids_of(schedule.technician_schedules[technician_id].claims)


async def test_two_units_of_a_group_cannot_take_the_same_time(store: PostgresStore) -> None:
    """Neither looks at the schedule. The constraint rejects the group, which then runs under the lock."""
    writes = [
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("a"))),
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("b", at=90))),
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("c", "ben"))),
    ]
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), ClaimConflict, type(None)]
    assert ids_of(await store.bookings(SHOP)) == ["a", "c"]


async def test_the_second_unit_with_a_key_waits_for_the_next_group(
    counted: tuple[PostgresStore, TripCounter],
) -> None:
    store, counter = counted

    async def use(key: str, transaction: Transaction) -> str:
        if earlier := await transaction.receipt("book_slot", "local", key):
            return f"repeated {earlier.answer}"
        await transaction.add_receipt(receipt(key))
        return "first"

    for key in ("key", "another key"):
        counter.reset()
        results = await asyncio.gather(*(store.write(SHOP, partial(use, key)) for _ in range(3)))
        assert results == ["first", *['repeated {"bookingId":"b"}'] * 2]
    assert counter.prepared == 0
    assert counter.statements == 1 + 3, "the second group expects no receipt, reads it, and is checked"


UNITS: dict[str, Callable[[Transaction], Awaitable[object]]] = {
    "a booking": lambda transaction: transaction.booking("b"),
    "the bookings of a contact": lambda transaction: transaction.bookings_by("a hash"),
    "overlapping bookings": lambda transaction: transaction.bookings_overlapping(
        ["a hash"], service_id="repair", start=0, end=2**40
    ),
    "claims": lambda transaction: transaction.booking_claims(["b"]),
    "attention": lambda transaction: transaction.attention(),
}


@pytest.mark.parametrize("read", UNITS.values(), ids=UNITS)
async def test_a_unit_sees_what_an_earlier_unit_of_its_group_wrote(
    store: PostgresStore, read: Callable[[Transaction], Awaitable[Any]]
) -> None:
    new = replace(FULL_BOOKING, claim=booking("b").claim)
    writing = store.write(SHOP, lambda transaction: transaction.add_booking(new))
    _, found = await asyncio.gather(writing, store.write(SHOP, read))
    assert found


async def test_a_hold_and_its_end_can_be_queued_together(store: PostgresStore) -> None:
    async def confirm(transaction: Transaction) -> str:
        held = await transaction.hold(token("h"))
        assert held is not None
        await transaction.confirm_hold(booking("h"))
        return held.state

    async def cancel(transaction: Transaction) -> BookingStatus:
        booked = await transaction.booking("h")
        assert booked is not None
        await transaction.save_booking(replace(booked, status=BookingStatus.CANCELLED))
        return booked.status

    units: list[Unit[Any]] = [lambda transaction: transaction.add_hold(hold("h")), confirm, cancel]
    results = await asyncio.gather(*(store.write(SHOP, unit) for unit in units))
    assert results == [None, "held", "confirmed"]
    assert claims_of(await store.schedule(SHOP)) == []


async def test_a_unit_that_reads_what_it_wrote_runs_under_the_lock(store: PostgresStore) -> None:
    runs: list[int] = []

    async def unit(transaction: Transaction) -> Sequence[str]:
        runs.append(1)
        await transaction.add_booking(replace(booking("b"), contact_keys=("a hash",)))
        return ids_of(await transaction.bookings_by("a hash"))

    assert await store.write(SHOP, unit) == ["b"]
    assert len(runs) == 2
    assert ids_of(await store.bookings(SHOP)) == ["b"], "once"


async def test_a_unit_that_changes_the_catalog_or_the_waitlist_runs_under_the_lock(store: PostgresStore) -> None:
    longer = replace(REPAIR, duration_minutes=90)
    _, _, offered, _ = await asyncio.gather(
        store.write(SHOP, lambda transaction: transaction.save_services([longer])),
        store.write(SHOP, lambda transaction: transaction.add_waitlist_entry(wait("w"))),
        store.write(SHOP, lambda transaction: transaction.waitlist_entries(WaitlistState.WAITING)),
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("b"))),
    )
    assert ids_of(await store.write(SHOP, lambda transaction: transaction.waitlist_entries(WaitlistState.WAITING))) == [
        "w"
    ]
    assert ids_of(offered) in ([], ["w"])
    schedule = await store.schedule(SHOP)
    assert schedule.services["repair"].duration_minutes == 90
    assert claims_of(schedule) == ["b"]


async def test_a_unit_that_fails_leaves_nothing_and_does_not_harm_the_others(store: PostgresStore) -> None:
    async def failing(transaction: Transaction) -> None:
        await transaction.add_booking(booking("b"))
        await transaction.add_receipt(receipt())
        raise LookupError("no such thing")

    results = await asyncio.gather(
        store.write(SHOP, failing),
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("c", "ben"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [LookupError, type(None)]
    assert ids_of(await store.bookings(SHOP)) == ["c"]
    assert await store.write(SHOP, lambda transaction: transaction.receipt("book_slot", "local", "key")) is None
    assert (await store.head(SHOP)).revision == 2


async def test_a_text_that_the_database_cannot_hold_harms_only_its_own_unit(store: PostgresStore) -> None:
    bad = replace(booking("b"), visit=replace(FULL_BOOKING.visit, notes="a null character \0"))
    results = await asyncio.gather(
        store.write(SHOP, lambda transaction: transaction.add_booking(bad)),
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("c", "ben"))),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [True, False]
    assert ids_of(await store.bookings(SHOP)) == ["c"]


async def test_every_field_of_a_booking_arrives(store: PostgresStore) -> None:
    await store.write(SHOP, lambda transaction: transaction.add_booking(FULL_BOOKING))
    assert await store.booking(SHOP, "full") == FULL_BOOKING
    moved = replace(FULL_BOOKING, claim=replace(FULL_BOOKING.claim, technician_id="ben"), cancel_reason="other")
    await store.write(SHOP, lambda transaction: transaction.save_booking(moved))
    assert await store.booking(SHOP, "full") == moved


@pytest.fixture
async def version(store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]") -> str:
    assert await store.project_ids()
    found: str = await session.fetchval("SELECT xmin::text FROM projects")
    return found


async def test_the_function_writes_nothing_for_another_version_schema_or_time(
    session: "asyncpg.Connection[asyncpg.Record]", version: str
) -> None:
    work = {**NO_UNITS, "receipts": [{"project_id": SHOP, "key": "k"}]}
    clock_ms = await session.fetchval("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    for arguments in (
        ("1", SCHEMA.newest, work),
        (version, "0001", work),
        (version, SCHEMA.newest, {**work, "clock_ms": clock_ms - 60_000}),
        (version, SCHEMA.newest, {**work, "clock_ms": clock_ms + 60_000}),
    ):
        expected, schema, sent = arguments
        row = await session.fetchrow(CALL, SHOP, expected, schema, json_text(sent))
        assert row is not None
        assert row["outcome"] == "changed"
    outcome = await session.fetchval(CALL, SHOP, version, SCHEMA.newest, json_text({**NO_UNITS, "clock_ms": clock_ms}))
    assert outcome == "written"


async def test_the_function_does_not_wait_for_the_lock(
    session: "asyncpg.Connection[asyncpg.Record]", version: str, postgres_url: str
) -> None:
    holder = await asyncpg.connect(postgres_url)
    async with holder.transaction():
        await holder.execute("SELECT 1 FROM projects FOR NO KEY UPDATE")
        assert await session.fetchval(CALL, SHOP, version, SCHEMA.newest, json_text(NO_UNITS)) == "locked"
    assert await session.fetchval(CALL, SHOP, version, SCHEMA.newest, json_text(NO_UNITS)) == "written"
    await holder.close()


async def test_the_version_changes_with_every_write_and_only_then(
    store: PostgresStore, session: "asyncpg.Connection[asyncpg.Record]", version: str
) -> None:
    await store.write(SHOP, lambda transaction: transaction.schedule())
    assert await session.fetchval("SELECT xmin::text FROM projects") == version
    versions = {version}
    units: list[Unit[object]] = [
        lambda transaction: transaction.add_receipt(receipt()),
        lambda transaction: transaction.add_waitlist_entry(wait("w")),
        lambda transaction: transaction.add_booking(booking("b")),
        lambda transaction: transaction.save_services([replace(REPAIR, duration_minutes=30)]),
    ]
    for unit in units:
        await store.write(SHOP, unit)
        versions.add(await session.fetchval("SELECT xmin::text FROM projects"))
    assert len(versions) == len(units) + 1


@pytest.mark.parametrize("table", [CLAIMS, BOOKINGS], ids=["claims", "bookings"])
def test_the_function_changes_every_column_that_may_change(table: Table) -> None:
    """A new column needs a new version of the function. Inserts use the columns that the table has."""
    kept = {*table.key, "created_at_ms", "hold_token", "customer_pseudonym"}
    updates = "".join(re.findall(rf"UPDATE {table.name} AS .*?;", FUNCTION, re.DOTALL))
    assert [column for column in table.columns if column not in kept and f"{column} =" not in updates] == []
