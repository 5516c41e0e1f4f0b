"""Gauges are updated, and an unavailable dependency delays nothing."""

import asyncio
from pathlib import Path

import pytest

from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.errors import Unavailable
from slotmcp.services import vitals
from slotmcp.services.vitals import DatabaseCheck, Vitals
from support.shop import open_shop, plan, technician
from support.wrapped_store import WrappedStore
from unit.telemetry.counted import samples

ACCOUNT = CalcomConnection(api_key_env="KEY")


async def is_up() -> None:
    """Answer."""


async def is_down() -> None:
    raise Unavailable("away", retry_after_ms=1)


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_an_unavailable_dependency_delays_no_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vitals, "CHECK_SECONDS", 0.05)
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"))) as shop:
        vitals_ = Vitals(shop.store)
        async with vitals_.watched({}):
            await vitals_.update({"database": is_up, "redis": is_down, "other": hangs})
        values = samples()
        assert values["slotmcp_vitals_timestamp_seconds"] == shop.clock.now_ms() / 1000
    assert [values[f"slotmcp_dependency_up dependency={name}"] for name in ("database", "redis", "other")] == [1, 0, 0]
    assert values["slotmcp_dependency_seconds dependency=other"] >= 0.05
    assert values["slotmcp_connections_in_use dependency=database"] == 0


async def test_calendar_backlogs_are_recorded(tmp_path: Path) -> None:
    async with open_shop(
        tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"), id="linked", calcom=ACCOUNT)
    ) as shop:
        await shop.book("09:00")
        shop.clock.advance(seconds=90)
        await Vitals(shop.store).update({})
        values = samples()
    assert values["slotmcp_calendar_pushes_due project=linked"] == 1
    assert values["slotmcp_calendar_oldest_push_seconds project=linked"] == 90
    assert values["slotmcp_calendar_reconcile_age_seconds project=linked"] == float("inf")


class WritingStore(WrappedStore):
    """Store that counts the test writes, and fails them while it has a problem."""

    writes = 0
    problem = ""

    async def check_write(self) -> None:
        self.writes += 1
        if self.problem:
            raise Unavailable(self.problem, retry_after_ms=1)


async def test_a_test_write_is_made_once_per_interval_until_it_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"))) as shop:
        store = WritingStore(shop.store)
        check = DatabaseCheck(store, interval_seconds=5, seconds=shop.clock.seconds)
        for _ in range(3):
            await check.run()
        shop.clock.advance(seconds=5)
        await check.run()
        assert store.writes == 2
        store.problem = "The disk is full."
        shop.clock.advance(seconds=5)
        for _ in range(3):
            with pytest.raises(Unavailable, match=store.problem):
                await check.run()
        store.problem = ""
        await check.run()
        await check.run()
        assert store.writes == 6
        read_only = DatabaseCheck(store, interval_seconds=0, is_read_only=True)
        await read_only.run()
        assert store.writes == 6
    messages = [record.message for record in caplog.records]
    assert ["The disk is full." in message for message in messages] == [True, False]
    assert "The database can be written again." in messages[1]
