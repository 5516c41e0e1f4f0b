"""A large project is indexed once for all concurrent calls, a few technicians at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.interval import MINUTES_PER_DAY, MS_PER_DAY, MS_PER_MINUTE
from slotmcp.domain.schedule import Schedule
from slotmcp.ports import Head, Store
from slotmcp.services.app import App
from slotmcp.services.availability_cache import AvailabilityCache
from slotmcp.services.concurrency import ITEMS_A_TURN
from slotmcp.services.slots import SlotQuery
from support.counted_store import CountedStore
from support.shop import Shop, open_shop, plan, technician
from support.turns import counted_turns

TECHNICIANS: Final = 100
TURNS: Final = TECHNICIANS // ITEMS_A_TURN
QUERY: Final = SlotQuery(project_id="shop", limit=3)


class _LoadedStore(CountedStore):
    """Store whose schedule was read before, so that a call waits for nothing but its own work."""

    def __init__(self, store: Store, schedule: Schedule) -> None:
        super().__init__(store)
        self._schedule = schedule

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        del project_id, known
        self.calls["schedule"] += 1
        await asyncio.sleep(0)
        return self._schedule


class _PausedStore(CountedStore):
    """Store that returns a schedule only when the test lets it, after it was read."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.was_read = asyncio.Event()
        self.may_return = asyncio.Event()

    async def schedule(self, project_id: str, known: Schedule | None = None) -> Schedule:
        schedule = await super().schedule(project_id, known)
        self.was_read.set()
        await self.may_return.wait()
        return schedule


@pytest.fixture
async def large(tmp_path: Path) -> AsyncIterator[Shop]:
    """Open a shop with many technicians, none of whom is indexed."""
    people = (technician(f"t{number}", "09:00-17:00") for number in range(TECHNICIANS))
    async with open_shop(tmp_path / "shop.db", plan(*people)) as shop:
        yield shop


async def loaded(shop: Shop) -> tuple[App, _LoadedStore]:
    """Return an app without any index, over a store that does not wait."""
    store = _LoadedStore(shop.store, await shop.store.schedule("shop"))
    return build_app(store), store


async def test_other_tasks_run_while_a_large_project_is_indexed_at_the_start_and_each_midnight(large: Shop) -> None:
    _, store = await loaded(large)
    cache = AvailabilityCache(store)
    head = await store.head("shop")
    with counted_turns() as turns:
        await cache._refreshed("shop", head)  # noqa: SLF001  without the reads of the head
        assert TURNS <= turns.count <= TURNS + 10
        before = turns.count
        await cache._refreshed("shop", head)  # noqa: SLF001  as above
        assert turns.count == before
        await cache._refreshed("shop", Head(head.revision, head.now_ms + MS_PER_DAY))  # noqa: SLF001  as above
        assert turns.count >= before + TURNS


async def test_other_tasks_run_while_the_first_starts_of_a_service_are_found(large: Shop) -> None:
    first = await large.app.slots.get_slots(QUERY)
    cold, _ = await loaded(large)
    await cold.projects.list_services("shop")
    with counted_turns() as turns:
        found = await cold.slots.get_slots(QUERY)
        assert turns.count >= TURNS
    assert found.offer.slots == first.offer.slots


async def test_other_tasks_run_after_each_day_whose_starts_are_found(large: Shop) -> None:
    app, store = await loaded(large)
    now, days = await store.now_ms() // MS_PER_MINUTE, 8
    await app.slots.get_slots(replace(QUERY, to=now + MINUTES_PER_DAY))
    later = replace(QUERY, from_=now + MINUTES_PER_DAY, to=now + (1 + days) * MINUTES_PER_DAY)
    with counted_turns() as turns:
        found = await app.slots.get_slots(later)
        assert turns.count >= days
        before = turns.count
        assert await app.slots.get_slots(later) == found
        assert turns.count < before + days


async def test_concurrent_calls_share_one_index(large: Shop) -> None:
    app, store = await loaded(large)
    answers = await asyncio.gather(*[app.slots.get_slots(QUERY) for _ in range(8)])
    assert store.calls["schedule"] == 1
    assert {len(answer.offer.slots) for answer in answers} == {3}


async def test_a_call_does_not_share_a_read_from_before_its_own_revision(large: Shop) -> None:
    store = _PausedStore(large.store)
    cache = AvailabilityCache(store)
    early = asyncio.create_task(cache.availability("shop"))
    await store.was_read.wait()
    await large.book("09:00")
    late = asyncio.create_task(cache.availability("shop"))
    await store.head("shop")
    store.may_return.set()
    assert (await early).schedule.revision + 1 == (await late).schedule.revision == await large.revision()


async def test_a_canceled_call_does_not_end_the_index_that_others_wait_for(large: Shop) -> None:
    store = _PausedStore(large.store)
    cache = AvailabilityCache(store)
    first, second = (asyncio.create_task(cache.availability("shop")) for _ in range(2))
    await store.was_read.wait()
    first.cancel()
    store.may_return.set()
    assert len((await second).index.timelines) == TECHNICIANS
    assert store.calls["schedule"] == 1
