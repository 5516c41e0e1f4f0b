"""Simulated callers: what they say came of their calls is what the book says."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from mcp import Client

from slotmcp.demo.callers import Callers, Tally
from support.denver import PLAN, SUNDAY_NOON_MS
from support.server import Desk, open_desk

CALLS = 40


async def at_once(seconds: float) -> None:
    """Nobody waits in a test."""
    assert seconds > 0


async def called(desk: Desk, *, seed: int, at_a_time: int = 1) -> Tally:
    def connect(call_id: str) -> AbstractAsyncContextManager[Client]:
        assert call_id
        return Client(desk.server)

    callers = Callers(connect, seed=seed, pause=at_once)
    await callers.call(CALLS, at_once=at_a_time)
    return callers.tally


async def test_what_they_count_is_what_the_book_has(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "slotmcp.db", PLAN, now_ms=SUNDAY_NOON_MS) as desk:
        tally = await called(desk, seed=11, at_a_time=4)
        bookings = await desk.store.bookings("denver-hvac")
    assert tally.asked == CALLS
    assert len(bookings) == tally.booked - tally.cancelled
    assert CALLS > tally.offered >= tally.held > tally.booked > tally.cancelled > 0
    assert tally.refused > 0
    assert tally.moved > 0


async def test_a_seed_makes_the_same_day(tmp_path: Path) -> None:
    days = []
    for name in ("one", "other"):
        async with open_desk(tmp_path / f"{name}.db", PLAN, now_ms=SUNDAY_NOON_MS) as desk:
            days.append(await called(desk, seed=3))
    assert days[0] == days[1]
