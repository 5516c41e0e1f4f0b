"""Timing two things by turns, so that a noisy machine is noisy for both."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter, thread_time

from benchmarks.benchmark import Effort, Pair

Work = Callable[[], object]
AsyncWork = Callable[[], Awaitable[object]]

_MS_PER_SECOND = 1000


def time_pairs(effort: Effort, floor: Work, ours: Work) -> list[Pair]:
    """Milliseconds of this thread's computing that each takes, by turns; what is slow makes fewer pairs.

    What computes and waits for nothing is measured in the processor's time: others on the machine then hardly matter.
    """
    for work in (floor, ours):
        work()
    plan = _plan(effort, *(_ms_each(work, 1) for work in (floor, ours)))
    return [Pair(_ms_each(floor, plan.floor_runs), _ms_each(ours, plan.our_runs)) for _ in range(plan.pairs)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How often to run what."""

    floor_runs: int
    our_runs: int
    pairs: int


def _plan(effort: Effort, floor_ms: float, our_ms: float) -> _Plan:
    floor_runs, our_runs = (max(1, round(effort.sample_ms / ms)) for ms in (floor_ms, our_ms))
    pairs = round(effort.row_ms / (floor_runs * floor_ms + our_runs * our_ms))
    return _Plan(floor_runs, our_runs, min(max(pairs, effort.least_pairs), effort.most_pairs))


def _ms_each(work: Work, runs: int) -> float:
    began = thread_time()
    for _ in range(runs):
        work()
    return (thread_time() - began) * _MS_PER_SECOND / runs


async def _nothing() -> None:
    pass


async def time_async_pairs(
    effort: Effort, floor: AsyncWork, ours: AsyncWork, *, between: AsyncWork = _nothing
) -> list[Pair]:
    """Milliseconds on the clock that each takes, by turns, for what waits for others too.

    What is done between the pairs is not counted.
    """
    for work in (floor, ours):
        await work()
    floor_ms, our_ms = [await _ms_each_awaited(work, 1) for work in (floor, ours)]
    plan = _plan(effort, floor_ms, our_ms)
    pairs = []
    for _ in range(plan.pairs):
        await between()
        pairs.append(Pair(await _ms_each_awaited(floor, plan.floor_runs), await _ms_each_awaited(ours, plan.our_runs)))
    return pairs


async def _ms_each_awaited(work: AsyncWork, runs: int) -> float:
    began = perf_counter()
    for _ in range(runs):
        await work()
    return (perf_counter() - began) * _MS_PER_SECOND / runs
