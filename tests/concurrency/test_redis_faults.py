"""Redis fails during a rush on two servers that share it and a file: only response times change."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from concurrency.rush import DEFAULT_TIMEOUT_MS, customer
from slotmcp.bootstrap import join_fleet
from slotmcp.domain.errors import SlotUnavailable, Unavailable
from slotmcp.redis_layer.link import RedisLink
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.fleets import PREFIX, until
from support.redis_groups import RedisGroup
from support.redis_server import RedisServer
from support.shop import at, instant_ms, open_shop, plan, service, technician
from support.sqlite_file import integrity, live_entries, overlaps

SERVERS: Final = 2
TECHNICIANS: Final = 4
CAPACITY: Final = TECHNICIANS * 16
CALLERS: Final = 90
NOW_MS: Final = instant_ms("06:00")
BUSINESS: Final = plan(
    *(technician(f"tech-{number}", "09:00-17:00") for number in range(TECHNICIANS)),
    services=(service("visit", 30),),
    horizon_days=0,
)

Fault = Callable[[RedisServer], None]


@dataclass(slots=True)
class Rush:
    """Callers, and the fault that Redis has meanwhile."""

    redis: RedisServer
    faults: dict[int, Fault]
    """Fault to inject after so many callers have a hold."""
    held: dict[int, str] = field(default_factory=dict)
    booked: dict[int, str] = field(default_factory=dict)
    sold_out: int = 0

    async def call(self, number: int, app: App) -> None:
        """Hold a start, or another if it is taken; wait until all callers have one; book it."""
        start: int | None = at("09:00") + 30 * (number * 7 % 16)
        while start is not None:
            try:
                answer = await app.holds.create_hold(HoldRequest(start=start, customer_reference=f"caller-{number}"))
            except SlotUnavailable as refused:
                start = _other(refused, number)
                continue
            self.held[number] = answer.hold.token
            self._inject_fault()
            return
        self.sold_out += 1

    async def confirm(self, number: int, app: App) -> None:
        """Book a held start on any server."""
        request = BookRequest(hold_token=self.held[number], customer=customer(number))
        self.booked[number] = (await app.bookings.book_slot(request)).booking.id

    def _inject_fault(self) -> None:
        if fault := self.faults.pop(len(self.held), None):
            fault(self.redis)


@dataclass(slots=True)
class StartRush:
    """Callers who all want one start, and book it if they can hold it. Every call must be answered."""

    apps: list[App]
    start: int
    fault: Callable[[], None] | None = None
    """Fault to inject after the first caller has a hold."""

    async def run(self) -> int:
        """Let the callers call at the same time; return the number of bookings."""
        callers = 6 * TECHNICIANS
        return sum(await asyncio.gather(*(self._call(number) for number in range(callers))))

    async def _call(self, number: int) -> bool:
        reference = f"caller-{self.start}-{number}"
        try:
            held = await self._app(number).holds.create_hold(
                HoldRequest(start=self.start, customer_reference=reference)
            )
        except SlotUnavailable:
            return False
        fault, self.fault = self.fault, None
        if fault is not None:
            fault()
        request = BookRequest(hold_token=held.hold.token, customer=customer(number))
        await self._app(number + 1).bookings.book_slot(request)
        return True

    def _app(self, number: int) -> App:
        return self.apps[number % len(self.apps)]


def _other(refused: SlotUnavailable, number: int) -> int | None:
    slots = refused.alternatives.slots if refused.alternatives else ()
    return slots[number % len(slots)].start if slots else None


@asynccontextmanager
async def servers(path: Path, redis_url: str) -> AsyncIterator[list[App]]:
    """Open servers as processes do: each with its own store and its own connection to Redis."""
    clock = HandClock(NOW_MS)
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(SERVERS):
            store = await stack.enter_async_context(SqliteStore.open(path, clock=clock, timeout_ms=DEFAULT_TIMEOUT_MS))
            link = await stack.enter_async_context(RedisLink.open(redis_url, prefix=PREFIX))
            found.append(await stack.enter_async_context(join_fleet(store, link, clock=clock)))
        yield found


FAULTS: Final[dict[str, dict[int, Fault]]] = {
    "none": {},
    "flushed again and again": dict.fromkeys(range(5, CAPACITY, 5), RedisServer.flush),
    "stopped, and started empty": {10: RedisServer.stop, 45: RedisServer.start},
    "frozen, and thawed": {10: RedisServer.freeze, 45: RedisServer.thaw},
    "connections cut": dict.fromkeys(range(5, CAPACITY, 5), RedisServer.cut),
    "stopped for good": {10: RedisServer.stop},
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
async def test_redis_faults_cause_no_double_booking_and_no_lost_hold(
    tmp_path: Path, redis: RedisServer, faults: dict[int, Fault]
) -> None:
    path = tmp_path / "rush.db"
    async with open_shop(path, BUSINESS):
        pass
    rush = Rush(redis, dict(faults))
    async with servers(path, redis.url) as apps:
        await asyncio.gather(*(rush.call(number, apps[number % SERVERS]) for number in range(CALLERS)))
        assert (len(rush.held), rush.sold_out, rush.faults) == (CAPACITY, CALLERS - CAPACITY, {})
        await asyncio.gather(*(rush.confirm(number, apps[(number + 1) % SERVERS]) for number in rush.held))
        assert sorted(rush.booked) == sorted(rush.held)
        if redis.is_running():
            await until(lambda: _are_back(apps))
        assert [await _left(app) for app in apps] == [0] * SERVERS
    live = live_entries(path, NOW_MS)
    assert Counter(entry.state for entry in live) == {"booked": CAPACITY}
    assert overlaps(live) == []
    assert integrity(path) == "ok"


async def test_a_server_without_redis_and_one_with_it_agree_within_a_second(tmp_path: Path, redis: RedisServer) -> None:
    path = tmp_path / "parted.db"
    async with open_shop(path, BUSINESS) as cut_off, servers(path, redis.url) as apps:
        before = await _left(apps[0])
        await cut_off.hold("09:00")

        async def knows(app: App) -> bool:
            return await _left(app) == before - 1

        for app in apps:
            await until(partial(knows, app))


@pytest.mark.parametrize("redis_group", ["sentinels", "cluster"], indirect=True)
async def test_a_failover_during_a_rush_on_each_start_sells_it_exactly_to_its_technicians(
    tmp_path: Path, redis_group: RedisGroup, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "slotmcp.redis")
    path = tmp_path / "failover.db"
    async with open_shop(path, BUSINESS):
        pass
    starts = range(at("09:00"), at("17:00"), 30)
    async with servers(path, redis_group.url) as apps:
        failing = StartRush(apps, starts[0], fault=redis_group.primary_of("shop").stop)
        assert await failing.run() == TECHNICIANS
        sold = [await StartRush(apps, start).run() for start in starts[1:-1]]
        await until(lambda: _are_back(apps))
        sold.append(await StartRush(apps, starts[-1]).run())
        assert sold == [TECHNICIANS] * (len(starts) - 1)
        assert [await _left(app) for app in apps] == [0] * SERVERS
    live = live_entries(path, NOW_MS)
    assert Counter(entry.state for entry in live) == {"booked": CAPACITY}
    assert overlaps(live) == []
    logged = Counter(record.getMessage().partition(" (")[0] for record in caplog.records)
    assert logged["Redis is unavailable"] == logged["Redis is available again"] >= SERVERS


async def _left(app: App) -> int:
    answer = await app.slots.get_slots(SlotQuery(from_=at("09:00"), to=at("17:00"), limit=100))
    return sum(slot.capacity for slot in answer.offer.slots)


async def _are_back(apps: list[App]) -> bool:
    return all([await _is_back(app) for app in apps])


async def _is_back(app: App) -> bool:
    try:
        await app.optional_checks["redis"]()
    except Unavailable:
        return False
    return True
