"""Round of a long run: several groups of callers, each on a day of its own, whose calls are checked afterwards."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
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
from linearizability.history import AFTER_FAULTS, EXACT, Tolerance
from support.fleets import until

DAYS: Final = 12
NEIGHBORS: Final = 3
"""Days of a group. Callers take no alternative of another group, so that the search can check each by itself."""
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


async def play_round(
    ground: Ground, urls: Sequence[str], seed: object, *, fault: Fault | None = None, size: Size = Size()
) -> Round:
    """Let all callers call, with a fault in the middle, and check the history."""
    (played,) = await play_rounds(ground, urls, [seed], fault=fault, size=size)
    return played


async def play_rounds(
    ground: Ground, urls: Sequence[str], seeds: Sequence[object], *, fault: Fault | None = None, size: Size = Size()
) -> list[Round]:
    """Play rounds at the same time, each in a project of its own. They share the fault."""
    async with AsyncExitStack() as stack:
        parties = [await _open(stack, ground, urls, seed, size) for seed in seeds]
        calls = asyncio.gather(*(_call(caller, size.calls) for party in parties for caller in party.callers))
        if fault is not None:
            await until(lambda: _has_begun(parties[0].board, size))
            await fault()
        await calls
        for party in parties:
            await come_to_an_end(party.callers)
    return [_check(ground, party, AFTER_FAULTS if fault else EXACT) for party in parties]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    """Callers of one project."""

    business: Business
    board: Switchboard
    callers: list[Caller]


async def _open(stack: AsyncExitStack, ground: Ground, urls: Sequence[str], seed: object, size: Size) -> _Party:
    business = few_kinds(f"round-{seed}", hold_seconds=size.hold_seconds)
    await ground.open(business)
    board = await stack.enter_async_context(connected(urls, seed))
    return _Party(business=business, board=board, callers=_people(board, business, seed, size))


def _check(ground: Ground, party: _Party, tolerance: Tolerance) -> Round:
    rows = ground.rows(party.business)
    report = check_linearizable(party.business, party.board.history, tolerance, offers=rows.offers)
    return Round(
        history=party.board.history,
        report=report,
        problems=check(party.business, party.board.history, rows),
    )


def _people(board: Switchboard, business: Business, seed: object, size: Size) -> list[Caller]:
    first, people = tomorrow(board.now_ms()), []
    for number in range(size.callers):
        group, which = divmod(number % size.days, NEIGHBORS)
        begins = first + group * NEIGHBORS * MINUTES_A_DAY
        day = begins + which * MINUTES_A_DAY
        caller = Caller.numbered(number, seed=seed, board=board, business=business, day=day)
        caller.period = range(begins, begins + NEIGHBORS * MINUTES_A_DAY)
        people.append(caller)
    return people


async def _call(caller: Caller, times: int) -> None:
    for _ in range(times):
        await caller.call()


async def _has_begun(board: Switchboard, size: Size) -> bool:
    return len(board.history) >= size.callers * size.calls
