"""A hold outlives the server that gave it, and is booked on another."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from concurrency.business import one_kind
from concurrency.callers import tomorrow, utc
from concurrency.calls import connected
from concurrency.checker import check
from concurrency.grounds import Ground, in_a_file, on_servers
from concurrency.servers import serving_together

if TYPE_CHECKING:
    from support.postgres_databases import Databases
    from support.redis_server import RedisServer

SHOP = one_kind("survival", technicians=1)


@pytest.fixture(params=["sqlite", "postgres"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Ground:
    if request.param == "sqlite":
        return in_a_file(tmp_path / "slotmcp.db")
    databases: Databases = request.getfixturevalue("postgres")
    redis: RedisServer = request.getfixturevalue("redis")
    return on_servers(databases, request.getfixturevalue("postgres_url"), redis_url=redis.url)


async def test_a_hold_survives_the_death_of_its_server_and_is_booked_on_another(ground: Ground, tmp_path: Path) -> None:
    await ground.open(SHOP)
    with serving_together(tmp_path, 2, **ground.settings) as (first, second):
        async with connected([first.url, second.url], "survival") as board:
            start = utc(tomorrow(board.now_ms()) + 600)
            wish = {"projectId": SHOP.id, "serviceType": "visit", "start": start}
            hold = {"customerHash": "kim", "idempotencyKey": "key", **wish}
            held = (await board.send(0, 0, "create_hold", hold)).body
            first.kill()
            kim, lee = ({"customerName": name, "customerEmail": f"{name}@example.com"} for name in ("kim", "lee"))
            refused = await board.ask("book_slot", **wish, **lee)
            assert refused["error"]["code"] == "slot_unavailable"
            again = await board.ask("create_hold", **hold)
            assert (again["holdToken"], again["replayed"]) == (held["holdToken"], True)
            booked = await board.ask("book_slot", projectId=SHOP.id, holdToken=held["holdToken"], **kim)
            assert (booked["booking"]["start"], booked["replayed"]) == (start, False)
    assert {one.server for one in board.history if one.has_worked} == {0, 1}
    assert check(SHOP, board.history, ground.rows(SHOP)) == []
