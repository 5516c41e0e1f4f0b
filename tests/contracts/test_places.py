"""Contract of the port Store: locations of postal codes."""

import pytest

from slotmcp.domain.catalog import Location
from slotmcp.ports import Store
from slotmcp.store import sql_store
from support.clock import NOW_MS

DENVER, BERLIN = Location(39.75, -104.99), Location(52.53, 13.38)


async def test_a_location_is_found_by_country_and_code_until_it_is_too_old(store: Store, other: Store) -> None:
    await store.save_postal_code_location("US", "10115", DENVER, found_at_ms=NOW_MS)
    await store.save_postal_code_location("DE", "10115", DENVER, found_at_ms=NOW_MS - 1)
    await store.save_postal_code_location("DE", "10115", BERLIN, found_at_ms=NOW_MS)
    assert await other.postal_code_location("DE", "10115", found_after_ms=NOW_MS - 1) == BERLIN
    assert await other.postal_code_location("US", "10115", found_after_ms=NOW_MS - 1) == DENVER
    assert await other.postal_code_location("US", "10115", found_after_ms=NOW_MS) is None
    assert await other.postal_code_location("", "10115", found_after_ms=0) is None


async def test_the_oldest_locations_above_the_limit_are_deleted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_store, "MAX_LOCATIONS", 2)
    for age, code in enumerate(("a1", "b1", "c1")):
        await store.save_postal_code_location("US", code, DENVER, found_at_ms=NOW_MS - age)
    left = [code for code in ("a1", "b1", "c1") if await store.postal_code_location("US", code, found_after_ms=0)]
    assert left == ["a1", "b1"]
