"""Groups that are decided without the lock: conflicts, dependent units, failures, and the function that writes them."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from slotmcp.domain.booking import BookingStatus
from slotmcp.domain.errors import Unavailable
from slotmcp.domain.waitlist import WaitlistState
from slotmcp.ports import ClaimConflict, Receipt, Transaction, Unit
from slotmcp.store.columns import BOOKINGS, CLAIMS
from slotmcp.store.migrations.postgres_0016 import FUNCTION
from slotmcp.store.postgres.store import PostgresStore
from slotmcp.store.schema import SCHEMA
from slotmcp.store.statement import Table
from slotmcp.store.values import json_text
from support.clock import HandClock
from support.postgres_databases import Databases, name_of
from support.postgres_proxy import proxied
from support.postgres_trips import TripCounter
from support.proxy import Proxy
from support.schedules import FULL_BOOKING, PROJECT, REPAIR, booking, hold, ids_of, open_shop, receipt, token, wait
from unit.store.postgres.conftest import DEFAULT_TIMEOUT_MS

SHOP = PROJECT.id
CALL = "SELECT outcome, version FROM write_group($1, $2, $3, $4::jsonb)"
NO_UNITS: dict[str, object] = {"updates": [], "clock_ms": None}


def open_store(url: str) -> Any:  # noqa: ANN401  a context manager of a store
    return PostgresStore.open(url, clock=HandClock(), timeout_ms=DEFAULT_TIMEOUT_MS, pool_size=2)


@pytest.fixture
async def counted(postgres_url: str, short_path: Path) -> AsyncIterator[tuple[PostgresStore, TripCounter]]:
    """Store with the shop that knows its state, and the counter of its trips."""
    counter = TripCounter()
    async with proxied(postgres_url, short_path, counter.observer) as (_, url), open_store(url) as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.schedule())
        counter.reset()
        yield store, counter


@pytest.fixture
def store(counted: tuple[PostgresStore, TripCounter]) -> PostgresStore:
    return counted[0]


@dataclass
class OtherServer:
    """Another server, which writes when a unit of work calls it: within the unit, in a thread of its own."""

    url: str
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def write(self, unit: Unit[object]) -> None:
        """Commit a unit of work, and return."""
        self.thread.submit(asyncio.run, self._write(unit)).result()

    async def _write(self, unit: Unit[object]) -> None:
        async with open_store(self.url) as store:
            await store.write(SHOP, unit)


@pytest.fixture
def other_server(postgres_url: str) -> OtherServer:
    return OtherServer(postgres_url)


def claims_of(schedule: Any, technician_id: str = "ana") -> list[str]:  # noqa: ANN401  a Schedule
    return ids_of(schedule.technician_schedules[technician_id].claims)


@pytest.mark.parametrize("conflicts", [1, 2])
async def test_a_group_that_another_writer_overtakes_is_decided_again(
    store: PostgresStore, other_server: OtherServer, conflicts: int
) -> None:
    """After the second conflict, it is decided under the lock."""
    seen: list[list[str]] = []

    async def unit(transaction: Transaction) -> None:
        seen.append(claims_of(await transaction.schedule()))
        if len(seen) <= conflicts:
            other = booking(f"other-{len(seen)}", at=60 * len(seen))
            other_server.write(lambda transaction: transaction.add_booking(other))
        await transaction.add_booking(booking("b", at=600))

    await store.write(SHOP, unit)
    others = [f"other-{number}" for number in range(1, conflicts + 1)]
    assert seen == [others[:number] for number in range(conflicts + 1)]
    assert claims_of(await store.schedule(SHOP)) == [*others, "b"]
    await store.write(SHOP, lambda transaction: transaction.add_booking(booking("next", at=900)))
    assert (await store.head(SHOP)).revision == conflicts + 3


async def test_a_change_without_a_revision_is_also_a_conflict(store: PostgresStore, other_server: OtherServer) -> None:
    """Both add the receipt of a key, and neither changes the schedule. Receipts are expected to be missing."""
    found: list[Receipt | None] = []

    async def unit(transaction: Transaction) -> None:
        found.append(await transaction.receipt("book_slot", "local", "key"))
        if len(found) == 1:
            other_server.write(lambda transaction: transaction.add_receipt(receipt(answer='"other"')))
        elif found[-1] is None:
            await transaction.add_receipt(receipt())

    await store.write(SHOP, unit)
    assert [each.answer if each else None for each in found] == [None, None, '"other"']


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
        store.write(SHOP, lambda transaction: transaction.add_booking(booking("c"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [LookupError, type(None)]
    assert claims_of(await store.schedule(SHOP)) == ["c"]
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


async def test_a_group_whose_answer_is_lost_has_an_unknown_outcome(
    proxied_database: tuple[Proxy, str], crashing_url: str
) -> None:
    proxy, url = proxied_database
    async with open_store(url) as store, open_store(crashing_url) as other:
        await open_shop(store)
        for number in range(2):  # prepares the statement; then its text is not sent again
            await store.write(SHOP, lambda transaction, n=number: transaction.add_booking(booking(f"b-{n}", at=60 * n)))
        proxy.cut_after = b"b-lost"
        with pytest.raises(Unavailable, match="same idempotency key"):
            await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b-lost", "ben")))
        assert claims_of(await other.schedule(SHOP), "ben") == ["b-lost"]
        found = await store.write(SHOP, lambda transaction: transaction.booking("b-lost"))
        assert found is not None


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


async def test_a_new_connection_forgets_the_known_states(postgres_url: str, postgres: Databases) -> None:
    """Another server, which took over, may have used the same transaction ids for other writes."""
    async with open_store(postgres_url) as store:
        await open_shop(store)
        await store.write(SHOP, lambda transaction: transaction.schedule())
        known = store._known.get(SHOP)  # noqa: SLF001  no other server repeats the ids on request
        store._known.put(SHOP, replace(known, state=replace(known.state, revision=99)))  # noqa: SLF001
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        postgres.execute(cut, name_of(postgres_url))
        while True:
            try:
                await store.write(SHOP, lambda transaction: transaction.add_booking(booking("b")))
            except Unavailable:  # the connection was not known to be broken
                continue
            break
        assert (await store.head(SHOP)).revision == 2
