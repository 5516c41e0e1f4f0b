"""Contract of the port Store: dashboard sessions, and the credentials that are valid."""

from dataclasses import replace
from typing import Final

import pytest

from slotmcp.domain.access import AccessKey, DashboardSession, Scope
from slotmcp.ports import Store
from support.clock import NOW_MS, HandClock

KEY: Final = AccessKey(id="k1", name="", scope=Scope.OPERATOR, project_id=None, created_at_ms=NOW_MS)
SESSION: Final = DashboardSession(
    id="s1", key_id="k1", created_at_ms=NOW_MS, expires_at_ms=NOW_MS + 100_000, idle_at_ms=NOW_MS + 50_000
)
LIMITS: Final = {"max_per_key": 2, "max_in_all": 3}


@pytest.fixture(autouse=True)
async def keys(store: Store) -> None:
    for key_id in ("k1", "k2"):
        await store.add_access_key(replace(KEY, id=key_id), "a" * 64)


async def left(store: Store, *session_ids: str) -> list[str]:
    return [session_id for session_id in session_ids if await store.session(session_id)]


async def test_every_process_reads_extends_and_deletes_a_session(store: Store, other: Store) -> None:
    await store.add_session(SESSION)
    assert await other.session("s1") == SESSION
    await other.extend_session("s1", NOW_MS + 60_000)
    assert await store.session("s1") == replace(SESSION, idle_at_ms=NOW_MS + 60_000)
    await other.delete_session("s1")
    await other.delete_session("s1")
    await other.extend_session("s1", NOW_MS + 60_000)
    assert await store.session("s1") is None


@pytest.mark.parametrize(
    "end",
    [
        replace(SESSION, id="s2", expires_at_ms=NOW_MS),
        replace(SESSION, id="s2", idle_at_ms=NOW_MS),
        replace(SESSION, id="s2", key_id="revoked"),
        replace(SESSION, id="s2", key_id="expired"),
    ],
    ids=["expired", "idle", "revoked key", "expired key"],
)
async def test_a_session_that_is_over_is_deleted(store: Store, end: DashboardSession) -> None:
    for key_id in ("revoked", "expired"):
        await store.add_access_key(replace(KEY, id=key_id, expires_at_ms=NOW_MS + (key_id == "revoked")), "a" * 64)
    await store.revoke_access_key("revoked", NOW_MS)
    await store.add_session(SESSION)
    await store.add_session(end)
    assert await store.delete_sessions(NOW_MS, **LIMITS) == 1
    assert await left(store, "s1", "s2") == ["s1"]


async def test_the_oldest_sessions_above_the_limits_are_deleted(store: Store) -> None:
    for number, key_id in enumerate(("k1", "k1", "k1", "k2", "k2")):
        await store.add_session(replace(SESSION, id=f"s{number}", key_id=key_id, created_at_ms=NOW_MS + number))
    assert await store.delete_sessions(NOW_MS, max_per_key=2, max_in_all=9) == 1
    assert await left(store, "s0", "s1", "s2", "s3", "s4") == ["s1", "s2", "s3", "s4"]
    assert await store.delete_sessions(NOW_MS, **LIMITS) == 1
    assert await left(store, "s1", "s2", "s3", "s4") == ["s2", "s3", "s4"]


async def test_the_existence_of_a_key_is_known_even_if_it_is_revoked(store: Store, other: Store) -> None:
    assert await other.has_access_keys()
    for key_id in ("k1", "k2"):
        await store.revoke_access_key(key_id, NOW_MS)
    assert await other.has_access_keys()


async def test_only_valid_keys_and_sessions_are_listed_as_valid(store: Store, other: Store, clock: HandClock) -> None:
    await store.add_access_key(replace(KEY, id="k3", expires_at_ms=NOW_MS + 2000), "a" * 64)
    await store.add_access_key(replace(KEY, id="k4"), "a" * 64)
    for session in (
        SESSION,
        replace(SESSION, id="s2", key_id="k3"),
        replace(SESSION, id="s3", idle_at_ms=NOW_MS + 2000),
        replace(SESSION, id="s4", key_id="k4"),
    ):
        await store.add_session(session)
    named = {"k1", "k3", "k4", "unknown", "s1", "s2", "s3", "s4"}
    assert await other.valid_credentials(named) == named - {"unknown"}
    assert await other.valid_credentials({"k1", "s3"}) == {"k1", "s3"}
    await store.revoke_access_key("k4", NOW_MS)
    assert await other.valid_credentials(named) == {"k1", "k3", "s1", "s2", "s3"}
    clock.advance(seconds=2)
    assert await other.valid_credentials(named) == {"k1", "s1"}
    await store.delete_session("s1")
    assert await other.valid_credentials(named) == {"k1"}
    assert await other.valid_credentials(set()) == frozenset()
