"""Round of a long run: several groups of callers, each on a day of its own, whose calls are checked afterwards."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from concurrency.business import MINUTES_A_DAY, Business, few_kinds
from concurrency.callers import Caller, tomorrow
from concurrency.calls import Switchboard, connected
from concurrency.checker import Problem, check
from concurrency.grounds import Ground
from concurrency.rushes import come_to_an_end
from concurrency.wire import Attempt
from linearizability.check import Report, check_linearizable
from linearizability.history import AFTER_FAULTS, EXACT
from support.fleets import until

DAYS: Final = 12
CALLERS_A_DAY: Final = 6
CALLS: Final = 5
"""Phone calls of each caller, one after the other."""

HOLD_SECONDS: Final = 20
"""Lifetime of holds, some of which are booked when they expire. Shorter ones are refused with `hold_limit`."""

Fault = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size of a round."""

    days: int = DAYS
    callers_a_day: int = CALLERS_A_DAY
    calls: int = CALLS
    hold_seconds: int = HOLD_SECONDS

    @property
    def callers(self) -> int:
        return self.days * self.callers_a_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A completed round."""

    history: Sequence[Attempt]
    report: Report
    problems: list[Problem]
    """Problems of the other checker."""
    checked_seconds: float
    """Processor time of the search."""


async def play_round(
    ground: Ground, urls: Sequence[str], seed: object, *, fault: Fault | None = None, size: Size = Size()
) -> Round:
    """Let all callers call, with a fault in the middle, and check the history."""
    business = few_kinds(f"round-{seed}", hold_seconds=size.hold_seconds)
    await ground.open(business)
    async with connected(urls, seed) as board:
        people = _people(board, business, seed, size)
        calls = asyncio.gather(*(_call(one, size.calls) for one in people))
        if fault is not None:
            await until(lambda: _has_begun(board, size))
            await fault()
        await calls
        await come_to_an_end(people)
    began = time.process_time()
    report = check_linearizable(business, board.history, AFTER_FAULTS if fault else EXACT)
    return Round(
        history=board.history,
        report=report,
        checked_seconds=time.process_time() - began,
        problems=check(business, board.history, ground.rows(business)),
    )


def _people(board: Switchboard, business: Business, seed: object, size: Size) -> list[Caller]:
    first = tomorrow(board.now_ms())
    days = [first + number % size.days * MINUTES_A_DAY for number in range(size.callers)]
    return [
        Caller.numbered(number, seed=seed, board=board, business=business, day=day) for number, day in enumerate(days)
    ]


async def _call(caller: Caller, times: int) -> None:
    for _ in range(times):
        await caller.call()


async def _has_begun(board: Switchboard, size: Size) -> bool:
    return len(board.history) >= size.callers * size.calls
