"""Daily purge of one of the servers."""

import asyncio

import pytest

from slotmcp.domain.access import Scope
from slotmcp.domain.errors import Unavailable
from slotmcp.domain.retention import DataKind, Purged, Retention
from slotmcp.ports import Store, Unit
from slotmcp.services import retention
from slotmcp.services.retention import RetentionService
from support.shop import plan, technician
from support.until import until
from support.wrapped_store import T, WrappedStore
from unit.services.conftest import Open

ANA = technician("ana", "09:00-17:00")
WEEK = Retention(booking_days=7)


class FailingStore(WrappedStore):
    """Store whose writes fail at first."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.failures = 1

    async def write(self, project_id: str, unit: Unit[T], *, create: bool = False) -> T:
        if self.failures:
            self.failures -= 1
            raise Unavailable("busy", retry_after_ms=1)
        return await super().write(project_id, unit, create=create)


async def test_a_purge_deletes_everything_in_small_transactions(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await opened(plan(ANA))
    for time in ("09:00", "10:00", "11:00"):
        await shop.book(time, is_additional=True)
    shop.clock.advance(days=8)
    monkeypatch.setattr(retention, "BATCH_ROWS", 1)
    service = RetentionService(shop.store, WEEK, pause_seconds=0)
    assert await service.purge(is_dry_run=True) == Purged({DataKind.BOOKINGS: 3})
    assert await service.purge() == Purged({DataKind.BOOKINGS: 3})
    assert (await service.purge()).total == 0


async def test_a_purge_deletes_revoked_keys_only_if_they_have_a_retention(opened: Open) -> None:
    shop = await opened(plan(ANA))
    created = await shop.app.access.create(Scope.CALLER, project="shop")
    await shop.app.access.revoke(created.key.id)
    shop.clock.advance(days=8)
    purged = Purged({DataKind.KEYS: 1})
    assert (await RetentionService(shop.store, WEEK).purge()).total == 0
    assert (await RetentionService(shop.store, Retention(key_days=9)).purge()).total == 0
    assert await RetentionService(shop.store, Retention(key_days=7)).purge(is_dry_run=True) == purged
    assert await RetentionService(shop.store, Retention(key_days=7)).purge() == purged
    assert await shop.store.access_keys() == ()


async def test_one_server_purges_a_day_and_again_an_hour_after_a_failure(opened: Open) -> None:
    shop = await opened(plan(ANA))
    await shop.book("09:00")
    shop.clock.advance(days=8)
    first = RetentionService(FailingStore(shop.store), WEEK, pause_seconds=0)
    second = RetentionService(shop.store, WEEK, pause_seconds=0)
    with pytest.raises(Unavailable):
        await first.purge_if_due()
    assert await second.purge_if_due() is None
    shop.clock.advance(seconds=3_600)
    assert await second.purge_if_due() == Purged({DataKind.BOOKINGS: 1})
    assert await first.purge_if_due() is None
    shop.clock.advance(days=1)
    assert await first.purge_if_due() == Purged()


async def test_the_background_task_survives_failures(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    shop = await opened(plan(ANA))
    await shop.book("09:00")
    shop.clock.advance(days=8)
    task = asyncio.create_task(RetentionService(FailingStore(shop.store), WEEK).run_forever(check_seconds=0.01))
    await asyncio.to_thread(until, lambda: "The daily purge failed (unavailable)" in caplog.text, "the purge failed")
    shop.clock.advance(seconds=7_200)
    service = RetentionService(shop.store, WEEK)
    while (await service.purge(is_dry_run=True)).total:  # noqa: ASYNC110  another task deletes
        await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()


async def test_servers_that_change_data_purge(opened: Open) -> None:
    shop = await opened(plan(ANA))
    async with shop.app.background_tasks():
        names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()}
    assert "RetentionService.run_forever" in names
