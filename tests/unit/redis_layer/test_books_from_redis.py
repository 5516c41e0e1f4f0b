"""A book that comes from Redis is the one that the database has at that revision, whatever was done before."""

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
WHO = st.sampled_from(["ana", "ben", "cleo"])

Change = Callable[[Transaction], Awaitable[object]]


def changes(number: int, who: str) -> list[Change]:
    """What may be done in the `number`-th unit of work to somebody's diary, or to the catalog."""
    at, name = 60 * number, f"c-{number}"
    return [
        lambda one: one.add_booking(booking(name, who, at=at)),
        lambda one: one.add_booking(booking(name, who, at=at, location=DOWNTOWN, buffer_after_minutes=5)),
        lambda one: one.add_hold(hold(name, who, at=at, technician_chosen=True)),
        lambda one: _cancel(one, number - 1),
        lambda one: one.add_busy([busy(who, at=at)]),
        lambda one: one.save_technicians([technician(f"new-{number}"), replace(ANA, priority=number), BEN]),
        lambda one: one.save_services([replace(CHECK, duration_minutes=30 + number)]),
        lambda one: one.remove_technicians([who]),
        lambda one: one.save_project(replace(PROJECT, horizon_days=number)),
    ]


async def _cancel(transaction: Transaction, number: int) -> None:
    found = await transaction.booking(f"c-{number}")
    if found is not None:
        await transaction.save_booking(replace(found, status=BookingStatus.CANCELLED))


@given(st.lists(st.tuples(st.integers(0, 8), WHO), min_size=1, max_size=8))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_book_from_redis_is_the_stores(redis: RedisServer, steps: list[tuple[int, str]]) -> None:
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
            for number, (which, who) in enumerate(steps):
                await one.write(SHOP, changes(number, who)[which])
            read = await one.schedule(SHOP)

            async def is_kept() -> bool:
                return await members[0].fleet.snapshot(SHOP, read.revision) is not None

            await until(is_kept)
            await _is_the_same(other, stores[2])
            assert starting.calls["schedule"] == 0


async def _is_the_same(fleet: Store, fresh: Store) -> None:
    told, true = await fleet.schedule(SHOP), await fresh.schedule(SHOP)
    assert told == true
    assert list(told.technician_schedules) == list(true.technician_schedules)
    assert list(told.services) == list(true.services)
