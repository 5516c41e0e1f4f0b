"""Gauges are updated, and an unavailable dependency delays nothing."""

import asyncio
from pathlib import Path

import pytest

from slotmcp.domain.calcom import CalcomConnection
from slotmcp.domain.errors import Unavailable
from slotmcp.services import vitals
from slotmcp.services.vitals import Vitals
from support.shop import open_shop, plan, technician
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
