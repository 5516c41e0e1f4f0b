"""Stage of a long run: rounds that are played at the same time, with or without faults."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from linearizability.history import AFTER_FAULTS, EXACT, Tolerance
from linearizability.rounds import Checked, Round, check_round, open_round
from linearizability.sites import Fault, Site

AT_ONCE: Final = 2
"""Rounds that are played at the same time, because their callers often wait."""
IN_TURN: Final = 6
"""Rounds that are played one after the other in each of these places."""
CALM_SECONDS: Final = 4.0
"""Time between two faults."""
PROGRESS_SECONDS: Final = 20.0


@dataclass(slots=True)
class Faults:
    """Faults that are injected one after the other, in turn, and the times of each."""

    available: Mapping[str, Fault]
    injected: list[tuple[str, float, float]] = field(default_factory=list)
    """Name, begin and end, in milliseconds since the epoch."""
    first: int = 0
    """Position of the first one."""

    async def inject(self, stopping: asyncio.Event) -> None:
        """Inject faults until the event is set, and finish the last one."""
        names = list(self.available)
        for name in cycle(names[self.first % len(names) :] + names[: self.first % len(names)]):
            if stopping.is_set():
                return
            began_ms = time.time() * 1000
            await self.available[name]()
            self.injected.append((name, began_ms, time.time() * 1000))
            await _wait(stopping, CALM_SECONDS)

    def hit(self, played: Checked) -> bool:
        """Return whether a fault happened during the calls of a round."""
        first, last = played.history[0].asked_ms, played.history[-1].answered_ms
        return any(began_ms < last and ended_ms > first for _, began_ms, ended_ms in self.injected)


@asynccontextmanager
async def _injecting(faults: Faults | None) -> AsyncIterator[None]:
    """Inject faults while the block runs."""
    if faults is None:
        yield
        return
    stopping = asyncio.Event()
    injecting = asyncio.create_task(faults.inject(stopping))
    try:
        yield
    finally:
        stopping.set()
        await injecting


async def play_stage(site: Site, seed: str, pool: ProcessPoolExecutor, faults: Faults | None) -> list[Checked]:
    """Play rounds, and check them in other processes."""
    async with AsyncExitStack() as stack:
        seeds = [f"{seed}-{number}" for number in range(AT_ONCE * IN_TURN)]
        rounds = [await stack.enter_async_context(open_round(site.ground, site.urls, one)) for one in seeds]
        reporting = asyncio.create_task(_report(rounds, faults))
        async with _injecting(faults):
            await asyncio.gather(*(_play_in_turn(rounds[place::AT_ONCE]) for place in range(AT_ONCE)))
        reporting.cancel()
        return await _check(site, rounds, pool, AFTER_FAULTS if faults else EXACT)


async def _check(site: Site, rounds: Sequence[Round], pool: ProcessPoolExecutor, tolerance: Tolerance) -> list[Checked]:
    loop = asyncio.get_running_loop()
    checking = []
    for one in rounds:
        rows = await asyncio.to_thread(site.ground.rows, one.business)
        checking.append(loop.run_in_executor(pool, check_round, one.business, one.board.history, rows, tolerance))
    return await asyncio.gather(*checking)


async def _play_in_turn(rounds: Sequence[Round]) -> None:
    for one in rounds:
        await one.play()


async def _report(rounds: Sequence[Round], faults: Faults | None) -> None:
    """Print the progress until it is canceled."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        attempts = [attempt for one in rounds for attempt in one.board.history]
        calls = sum(attempt.is_final for attempt in attempts)
        injected = f", {len(faults.injected)} faults" if faults else ""
        rate = calls / (time.monotonic() - began)
        print(f"  {calls} calls, {len(attempts) - calls} failed, {rate:.0f} a second{injected}", flush=True)  # noqa: T201  a script


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not longer."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
