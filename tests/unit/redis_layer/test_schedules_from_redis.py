"""A schedule from Redis equals the database's at the same revision, after any changes."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slotmcp.domain.booking import BookingStatus
from slotmcp.ports import Store, Transaction
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.counted_store import CountedStore
from support.fleets import JoinedStore, redis_members, until
from support.redis_server import RedisServer
from support.schedules import ANA, BEN, CHECK, DOWNTOWN, PROJECT, booking, busy, hold, open_shop, technician

SHOP = PROJECT.id
TECHNICIANS = st.sampled_from(["ana", "ben", "cleo"])

Change = Callable[[Transaction], Awaitable[object]]


def changes(number: int, technician_id: str) -> list[Change]:
    """Return the possible changes of the `number`-th unit of work to a technician's schedule or the catalog."""
    at, name = 60 * number, f"c-{number}"
    return [
        lambda one: one.add_booking(booking(name, technician_id, at=at)),
        lambda one: one.add_booking(booking(name, technician_id, at=at, location=DOWNTOWN, buffer_after_minutes=5)),
        lambda one: one.add_hold(hold(name, technician_id, at=at, technician_chosen=True)),
        lambda one: _cancel(one, number - 1),
        lambda one: one.add_busy([busy(technician_id, at=at)]),
        lambda one: one.save_technicians([technician(f"new-{number}"), replace(ANA, priority=number), BEN]),
        lambda one: one.save_services([replace(CHECK, duration_minutes=30 + number)]),
        lambda one: one.remove_technicians([technician_id]),
        lambda one: one.save_project(replace(PROJECT, horizon_days=number)),
    ]


async def _cancel(transaction: Transaction, number: int) -> None:
    existing = await transaction.booking(f"c-{number}")
    if existing is not None:
        await transaction.save_booking(replace(existing, status=BookingStatus.CANCELLED))


@given(st.lists(st.tuples(st.integers(0, 8), TECHNICIANS), min_size=1, max_size=8))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_schedule_from_redis_equals_the_stores(redis: RedisServer, steps: list[tuple[int, str]]) -> None:
    redis.flush()
    asyncio.run(_compare(redis, steps))


async def _compare(redis: RedisServer, steps: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            clock, path = HandClock(), Path(folder) / "s.db"
            stores = [await stack.enter_async_context(SqliteStore.open(path, clock=clock)) for _ in range(3)]
            known, starting = (CountedStore(one) for one in stores[:2])
            members = [await stack.enter_async_context(redis_members(redis.url)()) for _ in range(2)]
            one, other = [
                await stack.enter_async_context(JoinedStore.open(store, member.fleet, clock=clock))
                for store, member in zip((known, starting), members, strict=True)
            ]
            await open_shop(one)
            for number, (which, technician_id) in enumerate(steps):
                await one.write(SHOP, changes(number, technician_id)[which])
            read = await one.schedule(SHOP)

            async def is_saved() -> bool:
                return await members[0].fleet.snapshot(SHOP, read.revision) is not None

            await until(is_saved)
            await _check_equal(other, stores[2])
            assert starting.calls["schedule"] == 0


async def _check_equal(fleet: Store, fresh: Store) -> None:
    shared, fresh_schedule = await fleet.schedule(SHOP), await fresh.schedule(SHOP)
    assert shared == fresh_schedule
    assert list(shared.technician_schedules) == list(fresh_schedule.technician_schedules)
    assert list(shared.services) == list(fresh_schedule.services)
