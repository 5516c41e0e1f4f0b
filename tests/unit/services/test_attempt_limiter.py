"""The attempt limiter counts exactly: never more than the limit within any span of the period."""

from hypothesis import given
from hypothesis import strategies as st

from slotmcp.ports import AttemptLimit
from slotmcp.services.in_memory import MemoryAttemptLimiter
from support.clock import HandClock

HOUR_MS = 3_600_000
THREE = AttemptLimit(count=3, period_ms=HOUR_MS)


async def test_the_wait_ends_when_the_oldest_attempt_leaves_the_period() -> None:
    clock = HandClock()
    limiter = MemoryAttemptLimiter(clock.seconds)
    for minutes in (0, 10, 20):
        assert await limiter.acquire("a", THREE) == 0, minutes
        clock.advance(seconds=600)
    assert await limiter.acquire("a", THREE) == 30 * 60_000
    clock.advance(seconds=30 * 60 - 1)
    assert await limiter.acquire("a", THREE) == 1000
    clock.advance(seconds=1)
    assert await limiter.acquire("a", THREE) == 0
    assert await limiter.acquire("a", THREE) == 10 * 60_000


async def test_a_refused_attempt_is_not_counted() -> None:
    limiter = MemoryAttemptLimiter(HandClock().seconds)
    waits = [await limiter.acquire("a", THREE) for _ in range(50)]
    assert waits == [0, 0, 0, *[HOUR_MS] * 47]


async def test_a_refunded_attempt_does_not_count() -> None:
    limiter = MemoryAttemptLimiter(HandClock().seconds)
    for _ in range(20):
        assert await limiter.acquire("a", THREE) == 0
        await limiter.refund("a")
    await limiter.refund("never counted")
    assert [await limiter.acquire("a", THREE) for _ in range(4)] == [0, 0, 0, HOUR_MS]


async def test_names_are_counted_separately() -> None:
    limiter = MemoryAttemptLimiter(HandClock().seconds)
    for _ in range(4):
        await limiter.acquire("a", THREE)
    assert await limiter.acquire("b", THREE) == 0


async def test_only_the_names_with_the_newest_attempts_are_kept() -> None:
    limiter = MemoryAttemptLimiter(HandClock().seconds)
    for number in range(10_001):
        await limiter.acquire(str(number), THREE)
    assert len(limiter._times_ms) == 10_000  # noqa: SLF001  the memory that it takes is the requirement
    assert [await limiter.acquire("10000", THREE) for _ in range(3)] == [0, 0, HOUR_MS]


@given(st.lists(st.integers(0, HOUR_MS), max_size=40))
async def test_no_span_of_the_period_has_more_attempts_than_the_limit(pauses_ms: list[int]) -> None:
    clock, allowed_ms = HandClock(), list[int]()
    limiter = MemoryAttemptLimiter(clock.seconds)
    for pause_ms in pauses_ms:
        clock.set_ms(clock.now_ms() + pause_ms)
        if not await limiter.acquire("a", THREE):
            allowed_ms.append(clock.now_ms())
    assert all(later - first >= HOUR_MS for first, later in zip(allowed_ms, allowed_ms[3:], strict=False))
