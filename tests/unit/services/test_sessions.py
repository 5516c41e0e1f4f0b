"""Lifetime and number of dashboard sessions."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slotmcp.bootstrap import build_app
from slotmcp.domain.access import Scope
from slotmcp.services import sessions
from slotmcp.services.app import App
from slotmcp.services.sessions import IDLE_MS, LIFETIME_MS, MAX_SESSIONS_PER_KEY, Session
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.sqlite_file import rows

MINUTE_SECONDS = 60


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def app(tmp_path: Path, clock: HandClock) -> AsyncIterator[App]:
    async with SqliteStore.open(new_file(tmp_path / "slots.db"), clock=clock) as store:
        yield build_app(store)


async def begin(app: App, *, lifetime_ms: int | None = None) -> Session:
    new = await app.access.create(Scope.OPERATOR, project="*", lifetime_ms=lifetime_ms)
    session = await app.sessions.begin(new.token)
    assert session is not None
    return session


async def test_an_unused_session_is_over_after_the_idle_time(app: App, clock: HandClock) -> None:
    value = (await begin(app)).value
    clock.advance(seconds=IDLE_MS / 1000 - 1)
    assert await app.sessions.resume(value)
    clock.advance(seconds=IDLE_MS / 1000)
    assert not await app.sessions.resume(value)


async def test_a_used_session_is_over_after_its_lifetime(app: App, clock: HandClock) -> None:
    value, step_seconds = (await begin(app)).value, IDLE_MS // 2000
    for _ in range(LIFETIME_MS // 1000 // step_seconds - 1):
        clock.advance(seconds=step_seconds)
        assert await app.sessions.resume(value)
    clock.advance(seconds=step_seconds)
    assert not await app.sessions.resume(value)


async def test_a_session_ends_with_its_key_at_the_latest(app: App, clock: HandClock) -> None:
    value = (await begin(app, lifetime_ms=MINUTE_SECONDS * 1000)).value
    assert await app.sessions.resume(value)
    clock.advance(seconds=MINUTE_SECONDS)
    assert not await app.sessions.resume(value)


async def test_requests_within_a_minute_write_nothing(app: App, clock: HandClock, tmp_path: Path) -> None:
    value, path = (await begin(app)).value, tmp_path / "slots.db"
    idle = "SELECT idle_at_ms FROM dashboard_sessions"
    ((before,),) = rows(path, idle)
    clock.advance(seconds=MINUTE_SECONDS - 1)
    assert await app.sessions.resume(value)
    assert rows(path, idle) == [(before,)]
    clock.advance(seconds=1)
    assert await app.sessions.resume(value)
    assert rows(path, idle) == [(before + MINUTE_SECONDS * 1000,)]


async def test_a_login_above_the_limits_ends_the_oldest_session(
    app: App, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await app.access.create(Scope.OPERATOR, project="*")).token
    started = []
    for _ in range(MAX_SESSIONS_PER_KEY + 1):
        clock.advance(seconds=1)
        started.append(await app.sessions.begin(token))
    resumed = [await app.sessions.resume(session.value) for session in started if session]
    assert [session is not None for session in resumed] == [False, *[True] * MAX_SESSIONS_PER_KEY]
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 2)
    clock.advance(seconds=1)
    newest = await begin(app)
    assert [await app.sessions.resume(one.value) is not None for one in started[-3:] if one] == [False, False, True]
    assert await app.sessions.resume(newest.value)


async def test_a_callers_key_begins_no_session(app: App) -> None:
    new = await app.access.create(Scope.CALLER, project="*")
    assert await app.sessions.begin(new.token) is None
