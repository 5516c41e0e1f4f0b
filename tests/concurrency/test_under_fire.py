"""Four servers under concurrent HTTP calls: on one file, and on PostgreSQL with Redis."""

import pytest

from concurrency.business import one_kind
from concurrency.callers import tomorrow, utc
from concurrency.calls import connected
from concurrency.chaos import suffer
from concurrency.checker import check
from concurrency.conftest import Company
from concurrency.faults import Fault, World, kill_a_server, restart_postgres, restart_redis
from concurrency.rushes import CALLERS, CAPACITY, of_all_kinds, on_one_start
from linearizability.rounds import Size, play_round
from support.postgres_server import PostgresServer
from support.redis_server import RedisServer

SMALL = 40

pytestmark = pytest.mark.timeout(300)  # eight servers start on whatever is left of the machine


@pytest.fixture(params=["on_a_file", "in_a_fleet"])
def company(request: pytest.FixtureRequest, redis: RedisServer) -> Company:
    del redis  # is looked into at the end
    found: Company = request.getfixturevalue(request.param)
    return found


async def test_two_hundred_callers_get_exactly_the_capacity_of_one_start(company: Company) -> None:
    rush = await on_one_start(company.ground, company.urls, 1)
    assert rush.problems == []
    assert rush.taken == CAPACITY
    refused = {one.request for one in rush.history if one.error == "slot_unavailable"}
    won = {one.request for one in rush.history if one.has_worked and one.arguments.get("start")}
    assert (len(won), len(refused)) == (CAPACITY, CALLERS - CAPACITY)
    assert {one.server for one in rush.history} == {0, 1, 2, 3}


@pytest.mark.parametrize("seed", [1, 2])
async def test_mixed_concurrent_calls_cause_no_double_booking_and_no_lost_hold(company: Company, seed: int) -> None:
    rush = await of_all_kinds(company.ground, company.urls, seed, callers=SMALL)
    assert rush.problems == []
    assert {one.tool for one in rush.history} == {
        "get_slots", "create_hold", "release_hold", "book_slot", "join_waitlist",
        "find_bookings", "reschedule_booking", "update_booking", "cancel_booking",
    }  # fmt: skip
    assert any(one.error == "slot_unavailable" for one in rush.history), "every caller got a time"


async def test_calls_on_several_days_have_an_order(company: Company) -> None:
    size = Size(days=2, callers_a_day=5, calls=2, hold_seconds=120)
    played = await play_round(company.ground, company.urls, "days", size=size)
    assert (played.report.violations, played.problems) == ((), [])


async def test_a_hold_survives_its_server_and_is_booked_on_another(company: Company) -> None:
    shop = one_kind("survival", technicians=1)
    await company.ground.open(shop)
    async with connected(company.urls, "survival") as board:
        start = utc(tomorrow(board.now_ms()) + 600)
        wish = {"projectId": shop.id, "serviceType": "visit", "start": start}
        hold = {"customerHash": "kim", "idempotencyKey": "key", **wish}
        held = (await board.send(0, 0, "create_hold", hold)).body
        company.servers[0].kill()
        kim, lee = ({"customerName": name, "customerEmail": f"{name}@example.com"} for name in ("kim", "lee"))
        refused = await board.ask("book_slot", **wish, **lee)
        assert refused["error"]["code"] == "slot_unavailable"
        again = await board.ask("create_hold", **hold)
        assert (again["holdToken"], again["replayed"]) == (held["holdToken"], True)
        booked = await board.ask("book_slot", projectId=shop.id, holdToken=held["holdToken"], **kim)
        assert (booked["booking"]["start"], booked["replayed"]) == (start, False)
        company.servers[0].start()
        company.servers[0].is_ready()
    assert len({one.server for one in board.history if one.has_worked}) > 1
    assert check(shop, board.history, company.ground.rows(shop)) == []


@pytest.mark.parametrize(
    ("seed", "fault"),
    list(enumerate([kill_a_server, restart_redis, restart_postgres])),
    ids=["server", "redis", "postgres"],
)
async def test_faults_cause_no_double_booking_and_no_lost_hold(
    in_a_fleet: Company, postgres_server: PostgresServer, redis: RedisServer, seed: int, fault: Fault
) -> None:
    world = World(servers=in_a_fleet.servers, postgres=postgres_server, redis=redis)
    after = await suffer(in_a_fleet.ground, world, fault, seed, callers=SMALL)
    assert after.problems == []
    assert after.was_in_the_middle()
