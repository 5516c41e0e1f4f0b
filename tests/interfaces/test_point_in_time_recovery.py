"""A drill: a PostgreSQL server is lost after a mistake, and recovered to the moment before it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from concurrency.rush import customer
from slotmcp.bootstrap import build_app
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store.postgres.address import Address
from slotmcp.store.postgres.inspection import inspect_server
from slotmcp.store.postgres.store import PostgresStore
from support.clock import HandClock
from support.postgres_archive import ArchivingServer, archiving_server
from support.shop import instant_ms, plan, technician
from support.until import until

SHOP = plan(technician("ana", "09:00-17:00"), technician("ben", "09:00-17:00"), horizon_days=0)
MISTAKE = "UPDATE bookings SET customer_name = 'Wrong', notes = ''"
POINT = "before_the_mistake"


@pytest.fixture
def server() -> Iterator[ArchivingServer]:
    with archiving_server() as started:
        yield started


async def book(url: str, *numbers: int) -> dict[str, str]:
    """Book the first free start for each customer; return the names by booking."""
    booked = {}
    async with PostgresStore.open(url, clock=HandClock(instant_ms("06:00"))) as store:
        app = build_app(store)
        if not await store.project_ids():
            await app.projects.import_project(SHOP, prune=False)
        for number in numbers:
            (slot, *_) = (await app.slots.get_slots(SlotQuery())).offer.slots
            answer = await app.bookings.book_slot(BookRequest(start=slot.start, customer=customer(number)))
            booked[answer.booking.id] = customer(number).name
    return booked


async def stored(url: str) -> dict[str, str]:
    """Return the customers' names by booking."""
    async with PostgresStore.open(url) as store:
        found = await store.bookings(SHOP.project.id)
    return {booking.id: booking.customer.name for booking in found if booking.customer}


async def query(url: str, statement: str) -> Any:  # noqa: ANN401  a value of any type
    """Run a statement outside of slotmcp, and return its value."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def until_true(url: str, condition: str) -> None:
    """Wait until a condition in SQL holds."""
    await asyncio.to_thread(until, lambda: asyncio.run(query(url, f"SELECT {condition}")) is True, condition)


async def test_a_lost_server_is_recovered_to_the_moment_before_a_mistake(server: ArchivingServer) -> None:
    url = server.url("postgres")
    early = await book(url, 1, 2)
    server.back_up()
    late = await book(url, 3)
    async with PostgresStore.open(url) as store:
        before = await store.incarnation()
    await query(url, f"SELECT pg_create_restore_point('{POINT}')")
    lost = await book(url, 4)
    await query(url, MISTAKE)
    segment = await query(url, "SELECT pg_walfile_name(pg_switch_wal())")
    await until_true(url, f"last_archived_wal >= '{segment}' FROM pg_stat_archiver")
    server.lose()
    server.recover(POINT)
    await until_true(url, "NOT pg_is_in_recovery()")
    inspection = await inspect_server(Address.of(url), timeout_ms=10_000)
    assert (inspection.problems, inspection.rows["bookings"]) == ((), 3)
    assert await stored(url) == early | late
    assert not lost.keys() & (await stored(url)).keys()
    async with PostgresStore.open(url) as store:
        assert await store.incarnation() != before, "no cache of the lost period is read"
    again = await book(url, 5)
    assert (await stored(url)).keys() == early.keys() | late.keys() | again.keys()
