"""Timing of two functions in turn, so that other load on the machine affects both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter, thread_time

from benchmarks.benchmark import Effort, Pair

Work = Callable[[], object]
AsyncWork = Callable[[], Awaitable[object]]

_MS_PER_SECOND = 1000
_LEAST_MS = 0.0001
"""Time of a run that the clock does not notice."""


def time_pairs(effort: Effort, floor: Work, ours: Work) -> list[Pair]:
    """Return the CPU milliseconds of two functions, measured in turn; slow functions get fewer pairs.

    CPU time of the thread is suitable for functions that wait for nothing, and depends little on other processes.
    """
    for work in (floor, ours):
        work()
    plan = _plan(effort, *(_ms_each(work, 1) for work in (floor, ours)))
    return [Pair(_ms_each(floor, plan.floor_runs), _ms_each(ours, plan.our_runs)) for _ in range(plan.pairs)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Numbers of runs and pairs."""

    floor_runs: int
    our_runs: int
    pairs: int


def _plan(effort: Effort, floor_ms: float, our_ms: float) -> _Plan:
    floor_runs, our_runs = (max(1, round(effort.sample_ms / max(ms, _LEAST_MS))) for ms in (floor_ms, our_ms))
    pairs = round(effort.row_ms / max(floor_runs * floor_ms + our_runs * our_ms, _LEAST_MS))
    return _Plan(floor_runs, our_runs, min(max(pairs, effort.min_pairs), effort.max_pairs))


def _ms_each(work: Work, runs: int) -> float:
    started = thread_time()
    for _ in range(runs):
        work()
    return (thread_time() - started) * _MS_PER_SECOND / runs


async def _nothing() -> None:
    pass


async def time_async_pairs(
    effort: Effort,
    floor: AsyncWork,
    ours: AsyncWork,
    *,
    between: AsyncWork = _nothing,
    clock: Callable[[], float] = perf_counter,
) -> list[Pair]:
    """Return the milliseconds of two coroutine functions, measured in turn.

    The time of `between`, which runs before each pair, is not measured. `clock` returns seconds: elapsed time, or the
    processor time of all threads.
    """
    for work in (floor, ours):
        await work()
    floor_ms, our_ms = [await _ms_each_awaited(work, 1, clock) for work in (floor, ours)]
    plan = _plan(effort, floor_ms, our_ms)
    pairs = []
    for _ in range(plan.pairs):
        await between()
        floor_ms = await _ms_each_awaited(floor, plan.floor_runs, clock)
        pairs.append(Pair(floor_ms, await _ms_each_awaited(ours, plan.our_runs, clock)))
    return pairs


async def _ms_each_awaited(work: AsyncWork, runs: int, clock: Callable[[], float]) -> float:
    started = clock()
    for _ in range(runs):
        await work()
    return (clock() - started) * _MS_PER_SECOND / runs
