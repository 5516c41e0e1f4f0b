"""Changes of holds are counted when they are committed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slotmcp.domain.catalog import TechnicianStatus
from slotmcp.domain.errors import SlotUnavailable
from slotmcp.ports import Transaction
from support.shop import Shop, open_shop, plan, technician
from unit.telemetry.counted import added


def of(**events: int) -> dict[str, float]:
    return {f"slotmcp_holds_total event={event}": count for event, count in events.items()}


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path / "shop.db", plan(technician("ana", "09:00-17:00"))) as opened:
        yield opened


async def test_a_booked_hold_is_counted(shop: Shop) -> None:
    with added() as counts:
        await shop.book_hold(await shop.hold("09:00"))
    assert counts == of(created=1, booked=1)


async def test_a_released_hold_is_counted_and_a_refused_one_is_not(shop: Shop) -> None:
    with added() as counts:
        hold = await shop.hold("09:00")
        with pytest.raises(SlotUnavailable):
            await shop.hold("09:00", who="caller-2", idempotency_key="so that it asks the store")
        await shop.app.holds.release_hold("shop", hold.hold.token)
    assert counts == of(created=1, released=1)


async def test_a_revived_hold_is_counted(shop: Shop) -> None:
    with added() as counts:
        hold = await shop.hold("09:00")
        shop.at_time("06:05")
        await shop.book_hold(hold)
    assert counts == of(created=1, expired=1, revived=1, booked=1)


async def test_moved_and_withdrawn_holds_are_counted(tmp_path: Path) -> None:
    team = plan(technician("ana", "09:00-17:00"), technician("ben", "09:00-17:00"))
    async with open_shop(tmp_path / "shop.db", team) as shop:
        with added() as counts:
            hold = await shop.hold("09:00")
            first, second = sorted(["ana", "ben"], key=lambda one: one != hold.hold.claim.technician_id)
            await shop.app.technicians.set_technician_status("shop", first, TechnicianStatus.OFF)
            await shop.app.technicians.set_technician_status("shop", second, TechnicianStatus.OFF)
    assert counts == of(created=1, moved=1, withdrawn=1)


async def test_a_rolled_back_change_is_not_counted(shop: Shop) -> None:
    hold = await shop.hold("09:00")

    async def unit(transaction: Transaction) -> None:
        await transaction.release_hold(hold.hold.claim.id)
        raise SlotUnavailable("Something else is wrong.")

    with added() as counts, pytest.raises(SlotUnavailable):
        await shop.store.write("shop", unit)
    assert counts == {}
