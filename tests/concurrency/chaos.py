"""Faults, each in the middle of a rush on four servers with PostgreSQL and Redis: run as a script, for a table.

python tests/concurrency/chaos.py
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # where a script does not look, and the tests do

from concurrency.business import Business, many_kinds
from concurrency.callers import tomorrow, utc
from concurrency.calls import Switchboard, connected
from concurrency.checker import Problem, check
from concurrency.faults import FAULTS, Fault, World
from concurrency.grounds import Ground, on_servers
from concurrency.rushes import SERVERS, come_to_an_end, people_of
from concurrency.servers import serving_together
from concurrency.table import print_table
from concurrency.wire import Attempt
from support.fleets import until
from support.postgres_databases import Databases
from support.postgres_proxy import proxied
from support.postgres_server import started_server
from support.proxy import proxied_redis
from support.redis_server import running

CALLERS: Final = 150
CLOCKWORK: Final = "concurrency.clockwork"
HEADINGS: Final = (
    "fault",
    "calls",
    "errors seen",
    "sold twice",
    "promises broken",
    "other problems",
    "recovered after, s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """A rush with a fault in its middle."""

    history: Sequence[Attempt]
    problems: list[Problem]
    began_ms: float
    ended_ms: float
    """When the fault was over."""

    @property
    def errors(self) -> list[Attempt]:
        """What came to nothing, so that its caller asked again."""
        return [one for one in self.history if not one.is_final]

    def recovered_seconds(self) -> float:
        """From the end of the fault to the last error that a caller saw of it."""
        return max(0.0, *(one.answered_ms - self.ended_ms for one in self.errors), 0.0) / 1000

    def was_in_the_middle(self) -> bool:
        """Whether calls were answered before it, and asked after it began."""
        answered = any(one.has_worked and one.answered_ms < self.began_ms for one in self.history)
        return answered and any(one.asked_ms > self.began_ms for one in self.history)


async def suffer(ground: Ground, world: World, fault: Fault, seed: int, *, callers: int = CALLERS) -> Aftermath:
    """Let a fault befall a rush when a third of the callers have been answered once."""
    business = many_kinds(f"chaos-{seed}")
    await ground.open(business)
    async with connected([one.url for one in world.servers], seed) as board:
        people = people_of(callers, seed, board, business)
        rush = asyncio.gather(*(one.call() for one in people))
        await until(lambda: _are_answered(board, callers // 3))
        began_ms = board.now_ms()
        await fault(world)
        ended_ms = board.now_ms()
        await rush
        await come_to_an_end(people)
        await _all_are_well(board, world, business)
        problems = check(business, board.history, ground.rows(business))
    return Aftermath(history=board.history, problems=problems, began_ms=began_ms, ended_ms=ended_ms)


async def _are_answered(board: Switchboard, how_many: int) -> bool:
    return len(board.history) >= how_many


async def _all_are_well(board: Switchboard, world: World, business: Business) -> None:
    """Wait until every server, started anew or not, takes holds and shows them in Redis."""
    day = tomorrow(board.now_ms()) + 10 * 1440
    for number in range(len(world.servers)):

        async def is_well(number: int = number) -> bool:
            return await _shows_a_hold(board, world, business, number, day)

        await until(is_well)


async def _shows_a_hold(board: Switchboard, world: World, business: Business, number: int, day: int) -> bool:
    board.requests += 1
    asked = {"projectId": business.id, "serviceType": "consult", "start": utc(day + business.opens + 60 * number)}
    who = f"probe-{board.requests}"
    held = await board.send(number, board.requests, "create_hold", {**asked, "customerHash": who})
    if not held.has_worked:
        return False
    shown = await asyncio.to_thread(world.redis.names, "*:hold:*")
    board.requests += 1
    given_back = {"projectId": business.id, "holdToken": held.body["holdToken"]}
    await board.send(number, board.requests, "release_hold", given_back)
    return len(shown) > len(await asyncio.to_thread(world.redis.names, "*:hold:*"))


@asynccontextmanager
async def fragile_world(folder: Path) -> AsyncIterator[tuple[Ground, World]]:
    """A fleet of the script's own, with ways between its parts that can be disturbed."""
    with started_server() as postgres, running(folder) as redis:
        databases = Databases(postgres.url("postgres"))
        with databases.clone() as url, tempfile.TemporaryDirectory(prefix="slotmcp-way-") as socket:
            async with (
                proxied(url, Path(socket)) as (to_postgres, way),
                proxied_redis(redis.url) as (to_redis, redis_way),
            ):
                ground = on_servers(databases, url, redis_url=redis_way, way=way)
                opened = serving_together(folder, SERVERS, modules=[CLOCKWORK], **ground.settings)
                servers = await asyncio.to_thread(opened.__enter__)
                try:
                    yield (
                        ground,
                        World(
                            servers=servers, postgres=postgres, redis=redis, to_postgres=to_postgres, to_redis=to_redis
                        ),
                    )
                finally:
                    await asyncio.to_thread(opened.__exit__, None, None, None)


async def _run(folder: Path, names: Sequence[str], callers: int) -> bool:
    rows, everything = [], []
    async with fragile_world(folder) as (ground, world):
        for seed, name in enumerate(names):
            print(f"{name} ...", file=sys.stderr)  # noqa: T201  a script
            after = await suffer(ground, world, FAULTS[name], seed, callers=callers)
            everything += after.problems
            rows.append(_row(name, after))
            for kind, count in Counter(map(_kind, after.errors)).most_common():
                print(f"  {count} times {kind}", file=sys.stderr)  # noqa: T201  a script
    print_table(HEADINGS, rows)
    for problem in everything:
        print(problem.kind, problem.text)  # noqa: T201  a script
    return not everything


def _kind(attempt: Attempt) -> str:
    """What a caller heard who could do nothing with it."""
    seconds = round((attempt.answered_ms - attempt.asked_ms) / 1000)
    message = attempt.body["error"].get("message", "") if attempt.error else ""
    return f"status {attempt.status} {attempt.error} after {seconds} s: {message}"


def _row(name: str, after: Aftermath) -> tuple[object, ...]:
    kinds = [problem.kind for problem in after.problems]
    twice, broken = kinds.count("sold twice"), kinds.count("promise broken")
    others = len(kinds) - twice - broken
    return name, len(after.history), len(after.errors), twice, broken, others, f"{after.recovered_seconds():.1f}"


def main() -> int:
    """Run it as the command line says; 0: nothing was wrong."""
    parser = argparse.ArgumentParser(description="Faults in the middle of rushes, each checked afterwards.")
    parser.add_argument("--callers", type=int, default=CALLERS)
    parser.add_argument("--only", default="", help="faults whose names contain this")
    asked = parser.parse_args()
    names = [name for name in FAULTS if asked.only in name]
    with tempfile.TemporaryDirectory() as folder:
        return 0 if asyncio.run(_run(Path(folder), names, asked.callers)) else 1


if __name__ == "__main__":
    sys.exit(main())
