"""Limits of the waitlist: entries of a customer, a project and a credential, and contacts of an entry."""

from dataclasses import replace

import pytest

from slotmcp.domain.errors import WaitLimit
from slotmcp.ports import AttemptLimit
from slotmcp.services import waitlist_limits
from slotmcp.services.callers import LOCAL_ORIGIN, RequestOrigin
from support.shop import Shop, booking, plan, technician
from support.waiting import join, line, person
from unit.services.conftest import Open

KEY = RequestOrigin(credential="one")
FULL = plan(technician("ana", "09:00-10:00"), bookings=[booking("b", "ana", "09:00")])

BOTH = [booking("b", "ana", "09:00"), booking("c", "ana", "10:00")]


@pytest.fixture
async def shop(opened: Open) -> Shop:
    return await opened(FULL)


async def test_a_credential_adds_a_limited_number_of_entries_an_hour(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waitlist_limits, "NEW_PER_CREDENTIAL", AttemptLimit(count=2, period_ms=60_000))
    for name in ("kim", "kim", "lee", "kim"):
        await join(shop, name, origin=KEY)
    with pytest.raises(WaitLimit, match="added 2 waitlist entries") as refused:
        await join(shop, "max", origin=KEY)
    assert 0 < refused.value.retry_after_ms <= 60_000
    assert (await join(shop, "kim", origin=KEY)).replayed, "a repeated request adds nothing"
    await join(shop, "max", origin=RequestOrigin(credential="another"))
    for name in ("noa", "ola"):
        await join(shop, name, origin=LOCAL_ORIGIN)
    assert len((await line(shop)).split()) == 5


async def test_a_project_has_a_limited_number_of_entries(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitlist_limits, "MAX_OPEN_PER_PROJECT", 2)
    for name in ("kim", "lee"):
        await join(shop, name, origin=KEY)
    for _ in range(3):
        with pytest.raises(WaitLimit, match="full"):
            await join(shop, "max", origin=KEY)
    assert (await join(shop, "lee", origin=KEY)).replayed


async def test_a_customer_has_a_limited_number_of_entries(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitlist_limits, "MAX_OPEN_PER_CUSTOMER", 1)
    shop = await opened(plan(technician("ana", "09:00-11:00"), bookings=BOTH))
    await join(shop, "kim", "09:00-09:30")
    with pytest.raises(WaitLimit, match="1 times"):
        await join(shop, "kim", "10:00-10:30")
    await join(shop, "lee", "10:00-10:30")


async def test_an_entry_collects_a_limited_number_of_contacts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waitlist_limits, "MAX_REFERENCES", 3)
    customer = person("kim")
    for number in range(2):
        await join(shop, customer=replace(customer, email=f"kim{number}@example.com"))
    with pytest.raises(WaitLimit, match="corrected too often"):
        await join(shop, customer=replace(customer, email="kim2@example.com"))
