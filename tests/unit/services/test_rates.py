"""Rate limits: as many as may be in a minute, at once or spread, each name for itself."""

from slotmcp.ports import Rate
from slotmcp.services.rates import MemoryRateLimiter
from support.clock import HandClock

THREE = Rate(per_minute=3)


async def test_a_minutes_worth_may_come_at_once_and_then_one_at_a_time() -> None:
    clock = HandClock()
    limits = MemoryRateLimiter(clock)
    assert [await limits.acquire("a", THREE) for _ in range(3)] == [0, 0, 0]
    wait_ms = await limits.acquire("a", THREE)
    assert 0 < wait_ms <= 20_001
    clock.advance(seconds=wait_ms / 1000)
    assert [await limits.acquire("a", THREE) > 0 for _ in range(2)] == [False, True]


async def test_a_refused_call_is_not_counted() -> None:
    clock = HandClock()
    limits = MemoryRateLimiter(clock)
    waits = [await limits.acquire("a", THREE) for _ in range(50)]
    assert len(set(waits[3:])) == 1


async def test_each_name_is_counted_for_itself() -> None:
    limits = MemoryRateLimiter(HandClock())
    for _ in range(4):
        await limits.acquire("a", THREE)
    assert await limits.acquire("b", THREE) == 0


async def test_names_that_had_their_minute_are_forgotten() -> None:
    clock = HandClock()
    limits = MemoryRateLimiter(clock)
    for number in range(10_000):
        await limits.acquire(str(number), THREE)
    clock.advance(seconds=61)
    await limits.acquire("late", THREE)
    assert len(limits._full_until_ms) == 1  # noqa: SLF001  what it costs is the promise
