"""The rate limiter allows a number of calls per minute and name, in a burst or spread out."""

from slotmcp.ports import Rate
from slotmcp.services.in_memory import MemoryRateLimiter
from support.clock import HandClock

THREE = Rate(per_minute=3)


async def test_one_minute_of_calls_may_come_in_a_burst_then_one_at_a_time() -> None:
    clock = HandClock()
    limiter = MemoryRateLimiter(clock.seconds)
    assert [await limiter.acquire("a", THREE) for _ in range(3)] == [0, 0, 0]
    wait_ms = await limiter.acquire("a", THREE)
    assert 0 < wait_ms <= 20_001
    clock.advance(seconds=wait_ms / 1000)
    assert [await limiter.acquire("a", THREE) > 0 for _ in range(2)] == [False, True]


async def test_a_refused_call_is_not_counted() -> None:
    clock = HandClock()
    limiter = MemoryRateLimiter(clock.seconds)
    waits = [await limiter.acquire("a", THREE) for _ in range(50)]
    assert len(set(waits[3:])) == 1


async def test_names_are_counted_separately() -> None:
    limiter = MemoryRateLimiter(HandClock().seconds)
    for _ in range(4):
        await limiter.acquire("a", THREE)
    assert await limiter.acquire("b", THREE) == 0


async def test_the_number_of_names_is_limited_and_the_oldest_are_dropped() -> None:
    limiter = MemoryRateLimiter(HandClock().seconds)
    for _ in range(3):
        await limiter.acquire("first", THREE)
        await limiter.acquire("refused", THREE)
    for number in range(10_000 - 1):
        await limiter.acquire(str(number), THREE)
        if number == 5_000:
            assert await limiter.acquire("refused", THREE), "a refused call counts as use of its name"
    assert len(limiter._full_until_ms) == 10_000  # noqa: SLF001  the memory that it takes is the requirement
    assert await limiter.acquire("refused", THREE)
    assert not await limiter.acquire("first", THREE)
