"""The gauges are brought up to date, and whoever is away keeps nobody waiting."""

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


async def is_there() -> None:
    """Answer."""


async def is_away() -> None:
    raise Unavailable("away", retry_after_ms=1)


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_a_dependency_is_up_or_away_and_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "CHECK_SECONDS", 0.05)
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"))) as shop:
        looking = Vitals(shop.store)
        async with looking.watched({}):
            await looking.update({"database": is_there, "redis": is_away, "other": hangs})
        told = samples()
        assert told["slotmcp_vitals_timestamp_seconds"] == shop.clock.now_ms() / 1000
    assert [told[f"slotmcp_dependency_up dependency={name}"] for name in ("database", "redis", "other")] == [1, 0, 0]
    assert told["slotmcp_dependency_seconds dependency=other"] >= 0.05
    assert told["slotmcp_connections_in_use dependency=database"] == 0


async def test_how_far_calendars_are_behind(tmp_path: Path) -> None:
    async with open_shop(
        tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"), id="linked", calcom=ACCOUNT)
    ) as shop:
        await shop.book("09:00")
        shop.clock.advance(seconds=90)
        await Vitals(shop.store).update({})
        told = samples()
    assert told["slotmcp_calendar_pushes_due project=linked"] == 1
    assert told["slotmcp_calendar_oldest_push_seconds project=linked"] == 90
    assert told["slotmcp_calendar_reconcile_age_seconds project=linked"] == float("inf")
