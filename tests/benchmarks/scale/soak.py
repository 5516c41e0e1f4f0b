"""Soak: a server under mixed calls for minutes, with its memory and response times over time."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Annotated, Final

import orjson
import typer

from benchmarks.files import RESULTS, plan_of
from benchmarks.sales import business
from benchmarks.scale.clients import HttpClient
from benchmarks.scale.databases import SQLITE, empty_database, fill
from benchmarks.scale.mixed_calls import MixedCaller
from benchmarks.scale.percentiles import Percentiles
from benchmarks.scale.servers import measured_server, memory_mb
from benchmarks.scale.soak_picture import draw

CALLERS: Final = 16
SAMPLE_SECONDS: Final = 3
MAX_GROWTH: Final = 1.1
MAX_TAIL: Final = 20
PICTURE: Final = Path(__file__).resolve().parents[3] / "docs" / "images" / "soak.svg"


@dataclass(slots=True)
class Soak:
    """Response times and memory, each with the seconds since the start."""

    seconds: float
    period_seconds: float
    """Length of a period with percentiles: a minute, or less in a short soak."""
    calls: list[tuple[float, float]] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def periods(self) -> Sequence[Percentiles]:
        """Percentiles of each full period in which calls ended."""
        by_period: dict[int, list[float]] = {}
        for seconds, ms in self.calls:
            by_period.setdefault(int(seconds // self.period_seconds), []).append(ms)
        full = int(self.seconds // self.period_seconds)
        return [Percentiles.of(by_period[number]) for number in range(full) if number in by_period]

    @property
    def total(self) -> Percentiles:
        """Percentiles of all calls."""
        return Percentiles.of([ms for _, ms in self.calls])

    @property
    def growth(self) -> float:
        """Memory in the last period against the memory at the end of the first."""
        last = self.memory[-1][0] - self.period_seconds
        first = [mb for seconds, mb in self.memory if self.period_seconds / 2 <= seconds < self.period_seconds]
        return median(mb for seconds, mb in self.memory if seconds >= last) / median(first)

    @property
    def tail(self) -> float:
        """p99.9 against p50."""
        return self.total.p999 / self.total.p50

    def summary(self) -> str:
        """Return the figures, with the targets."""
        total = self.total
        return (
            f"{len(self.calls):,} calls: p50 {total.p50:.1f} ms, p99 {total.p99:.1f} ms, p99.9 {total.p999:.1f} ms, "
            f"worst {total.worst:.0f} ms; p99.9 / p50 {self.tail:.1f} (target at most {MAX_TAIL}); "
            f"memory {self.memory[-1][1]:.0f} MB, {self.growth:.2f} times the first period's (at most {MAX_GROWTH})"
        )


def main() -> None:
    """Run the command."""
    typer.run(_soak)


def _soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="Duration.")] = 10,
    store: Annotated[str, typer.Option(help="sqlite or postgres.")] = SQLITE,
    picture: Annotated[bool, typer.Option("--picture", help="Draw docs/images/soak.svg again.")] = False,  # noqa: FBT002  an option
) -> None:
    """Let 16 callers use a server, and print its response times and memory."""
    soak = measure(store, minutes * 60)
    typer.echo(soak.summary())
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "soak.json").write_bytes(orjson.dumps({"periods": soak.periods, "memory": soak.memory}))
    drawing = draw(soak.periods, soak.memory, period_seconds=soak.period_seconds)
    (PICTURE if picture else RESULTS / "soak.svg").write_text(drawing, encoding="utf-8")


def measure(store: str, seconds: float) -> Soak:
    """Measure a server for some seconds."""
    with empty_database(store) as url:
        asyncio.run(fill(url, [plan_of(business())]))
        with measured_server(url) as server:
            return asyncio.run(_measure(server.url, server.process.pid, seconds))


async def _measure(url: str, pid: int, seconds: float) -> Soak:
    soak, started = Soak(seconds, min(60.0, seconds / 5)), monotonic()

    def record(ms: float) -> None:
        soak.calls.append((monotonic() - started, ms))

    async def sample_memory() -> None:
        while (passed := monotonic() - started) < seconds:
            soak.memory.append((passed, memory_mb(pid)))
            await asyncio.sleep(min(SAMPLE_SECONDS, seconds / 50))

    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(HttpClient.open(url)) for _ in range(CALLERS)]
        callers = [MixedCaller(client, number, record) for number, client in enumerate(clients)]
        await asyncio.gather(sample_memory(), *(caller.run(started + seconds) for caller in callers))
    return soak
