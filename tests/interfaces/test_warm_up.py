"""The first call to a new server is as little work as a later one, because the server searches before it is ready."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final

import httpx2
import pytest

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.bootstrap import open_app
from slotmcp.settings import Settings
from slotmcp.tools.server import CALLER_TOOLS
from slotmcp.tools.warm_up import warm_up
from support.denver import AC_REPAIR, ANA, PLAN
from support.http_server import body_in, call_of, headers_of, open_database, running, write_database
from support.redis_server import RedisServer

TECHNICIANS: Final = 30
BIG: Final = replace(PLAN, technicians=tuple(replace(ANA, id=f"t-{number}") for number in range(TECHNICIANS)))
MORE_WORK: Final = 1.25
"""Maximum ratio of function calls. Without the searches it is 1.7."""


async def count_calls(work: Callable[[], Awaitable[object]]) -> int:
    """Return the number of Python functions that run in this thread until the work is done."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(profile)
    try:
        await work()
    finally:
        sys.setprofile(None)
    return count


async def test_the_first_call_with_a_snapshot_in_redis_is_as_little_work_as_the_next(
    tmp_path: Path, redis: RedisServer
) -> None:
    path = tmp_path / "slotmcp.db"
    await write_database(path, BIG)
    settings = Settings(database_url=f"sqlite:///{path}", redis_url=redis.url)
    async with open_app(settings) as other_server:
        await other_server.projects.list_services(BIG.project.id)
    assert len(redis.names("slotmcp:{*}:snapshot:*"))
    server = HttpApp(settings, ServeOptions(is_open=True, is_local=True))
    transport = httpx2.ASGITransport(server)
    async with running(server), httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

        async def search() -> None:
            message = call_of("get_slots", serviceType=AC_REPAIR.id)
            response = await client.post("/mcp", json=message, headers=headers_of())
            assert body_in(response)["slots"]

        await client.get("/healthz")  # the client's own first call
        first, later = [await count_calls(search) for _ in range(2)]
    assert first <= MORE_WORK * later


async def test_the_projects_with_most_changes_come_first(tmp_path: Path) -> None:
    other = replace(PLAN, project=replace(PLAN.project, id="other"))
    async with open_database(tmp_path / "slotmcp.db", PLAN, other) as database:
        projects = database.app.projects
        await projects.import_project(replace(other, services=other.services[:1]), prune=True)
        assert await projects.busiest_ids(1) == ["other"]
        assert await projects.busiest_ids(9) == ["other", PLAN.project.id]


async def test_a_fault_of_a_search_does_not_prevent_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_arguments: object, _principal: object) -> None:
        raise ZeroDivisionError

    async with open_database(tmp_path / "slotmcp.db", PLAN) as database:
        tools = [tool.bind(database.app) for tool in CALLER_TOOLS]
        await warm_up(database.app, [tool.model_copy(update={"fn": fail}) for tool in tools])
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(("seconds", "is_searched"), [(0.0, False), (60.0, True)])
async def test_no_search_begins_after_the_time_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, *, is_searched: bool
) -> None:
    monkeypatch.setattr("slotmcp.tools.warm_up.MAX_SECONDS", seconds)
    async with open_database(tmp_path / "slotmcp.db", PLAN) as database:
        await warm_up(database.app, [tool.bind(database.app) for tool in CALLER_TOOLS])
        availability = database.app.slots._availability_cache.cached(PLAN.project.id)  # noqa: SLF001  only there
    assert availability is not None
    assert bool(availability.index.slots_by_need) is is_searched
