"""Round of callers on a few days of a small business, whose calls are checked afterwards."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from concurrency.business import MINUTES_A_DAY, Business, few_kinds
from concurrency.callers import Caller, tomorrow
from concurrency.calls import Switchboard, connected
from concurrency.checker import Problem, check
from concurrency.evidence import Rows
from concurrency.grounds import Ground
from concurrency.rushes import come_to_an_end
from concurrency.wire import Attempt
from linearizability.check import Report, check_linearizable
from linearizability.history import EXACT, Tolerance

DAYS: Final = 12
NEIGHBORS: Final = 3
"""Days of a group. Callers take no alternative of another group, so that the search can check each by itself."""
CALLERS_A_DAY: Final = 6
CALLS: Final = 5
"""Phone calls of each caller, one after the other."""

HOLD_SECONDS: Final = 20
"""Lifetime of holds, some of which are booked when they expire. Shorter ones are refused with `hold_limit`."""


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
class Checked:
    """Results of a completed round."""

    history: Sequence[Attempt]
    report: Report
    problems: list[Problem]
    """Problems of the other checker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Callers of one business."""

    business: Business
    board: Switchboard
    callers: list[Caller]
    size: Size

    async def play(self) -> None:
        """Let all callers call, and wait until each of them knows all results."""
        await asyncio.gather(*(_call(caller, self.size.calls) for caller in self.callers))
        await come_to_an_end(self.callers)


@asynccontextmanager
async def open_round(ground: Ground, urls: Sequence[str], seed: object, size: Size = Size()) -> AsyncIterator[Round]:
    """Import a business, and connect its callers."""
    business = few_kinds(f"round-{seed}", hold_seconds=size.hold_seconds)
    await ground.open(business)
    async with connected(urls, seed) as board:
        callers = _callers(board, business, seed, size)
        yield Round(business=business, board=board, callers=callers, size=size)


async def play_round(ground: Ground, urls: Sequence[str], seed: object, *, size: Size = Size()) -> Checked:
    """Play a round without faults, and check its history."""
    async with open_round(ground, urls, seed, size) as opened:
        await opened.play()
        return check_round(opened.business, opened.board.history, ground.rows(opened.business), EXACT)


def check_round(business: Business, history: Sequence[Attempt], rows: Rows, tolerance: Tolerance) -> Checked:
    """Check the history of a round with both checkers."""
    return Checked(
        history=history,
        report=check_linearizable(business, history, tolerance, offers=rows.offers),
        problems=check(business, history, rows),
    )


def _callers(board: Switchboard, business: Business, seed: object, size: Size) -> list[Caller]:
    first, callers = tomorrow(board.now_ms()), []
    for number in range(size.callers):
        group, which = divmod(number % size.days, NEIGHBORS)
        begins = first + group * NEIGHBORS * MINUTES_A_DAY
        day = begins + which * MINUTES_A_DAY
        caller = Caller.numbered(number, seed=seed, board=board, business=business, day=day)
        caller.period = range(begins, begins + NEIGHBORS * MINUTES_A_DAY)
        callers.append(caller)
    return callers


async def _call(caller: Caller, times: int) -> None:
    for _ in range(times):
        await caller.call()
