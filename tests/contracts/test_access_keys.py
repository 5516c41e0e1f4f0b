"""Contract of the port Store: access keys."""

from dataclasses import replace
from typing import Final

from slotmcp.domain.access import AccessKey, Scope
from slotmcp.ports import Store, StoredKey
from support.clock import NOW_MS, HandClock
from support.schedules import PROJECT

KEY: Final = AccessKey(id="k1", name="Front desk", scope=Scope.CALLER, project_id=PROJECT.id, created_at_ms=NOW_MS)
UNBOUND: Final = AccessKey(
    id="k0", name="", scope=Scope.OPERATOR, project_id=None, created_at_ms=NOW_MS + 1, expires_at_ms=NOW_MS + 5
)
HASH: Final = "a" * 64


async def test_every_process_reads_a_key_with_its_hash_and_the_current_time(
    store: Store, other: Store, clock: HandClock
) -> None:
    await store.add_access_key(KEY, HASH)
    clock.advance(seconds=1)
    assert await other.access_key("k1") == StoredKey(key=KEY, secret_hash=HASH, now_ms=NOW_MS + 1000)
    assert await other.access_key("k2") is None
    assert await other.now_ms() == NOW_MS + 1000


async def test_keys_are_listed_in_order_of_creation(store: Store, other: Store) -> None:
    assert await store.access_keys() == ()
    await store.add_access_key(UNBOUND, HASH)
    await other.add_access_key(KEY, HASH)
    assert await store.access_keys() == (KEY, UNBOUND)


async def test_a_revoked_key_keeps_its_first_revocation_time(store: Store, other: Store) -> None:
    await store.add_access_key(KEY, HASH)
    assert await other.revoke_access_key("k1", NOW_MS + 7)
    assert await store.revoke_access_key("k1", NOW_MS + 9)
    stored = await store.access_key("k1")
    assert stored is not None
    assert stored.key == replace(KEY, revoked_at_ms=NOW_MS + 7)
    assert not await store.revoke_access_key("k2", NOW_MS)


async def test_adding_a_key_does_not_move_the_revision(store: Store) -> None:
    before = await store.head(PROJECT.id)
    await store.add_access_key(KEY, HASH)
    assert await store.head(PROJECT.id) == before
