"""Concurrent calls share one execution, which neither a timeout nor a cancelled caller ends."""

import asyncio

import pytest

from slotmcp.services.concurrency import SingleFlight


class Slow:
    """A call that returns when the test lets it."""

    def __init__(self) -> None:
        self.calls = 0
        self.may_return = asyncio.Event()

    async def __call__(self) -> str:
        self.calls += 1
        await self.may_return.wait()
        return f"answer {self.calls}"


async def test_an_execution_that_timed_out_is_not_started_again_and_returns_in_the_end() -> None:
    single_flight, slow = SingleFlight(timeout_seconds=0.01), Slow()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await single_flight.run("slow", slow)
    slow.may_return.set()
    assert await single_flight.run("slow", slow) == "answer 1"
    assert await single_flight.run("slow", slow) == "answer 2"


async def test_an_error_is_raised_to_the_caller() -> None:
    async def fails() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        await SingleFlight(timeout_seconds=1).run("fails", fails)


async def test_cancelled_executions_are_started_again() -> None:
    single_flight, slow = SingleFlight(timeout_seconds=0.01), Slow()
    with pytest.raises(TimeoutError):
        await single_flight.run("slow", slow)
    await single_flight.cancel()
    slow.may_return.set()
    assert await single_flight.run("slow", slow) == "answer 2"


async def test_a_cancelled_caller_ends_no_execution() -> None:
    single_flight, slow = SingleFlight(), Slow()
    first, second = (asyncio.create_task(single_flight.run("slow", slow)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    slow.may_return.set()
    assert await second == "answer 1"
    assert first.cancelled()
