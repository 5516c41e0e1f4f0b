"""Script that injects faults into rushes on four servers with PostgreSQL and Redis, and prints a table.

.venv/bin/python tests/concurrency/chaos.py
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # where a script does not look, and the tests do

from concurrency.business import Business, many_kinds
from concurrency.callers import tomorrow, utc
from concurrency.calls import Switchboard, connected
from concurrency.checker import Problem, check
from concurrency.faults import OF_PARTS, ON_THE_WAY, Fault, World
from concurrency.grounds import Ground, on_servers
from concurrency.rushes import SERVERS, come_to_an_end, people_of
from concurrency.servers import Server, serving_together
from concurrency.table import print_table
from concurrency.wire import Attempt
from linearizability.check import check_rush
from linearizability.history import AFTER_FAULTS
from support.fleets import until
from support.postgres_databases import Databases
from support.postgres_proxy import proxied
from support.postgres_server import started_server
from support.proxy import proxied_redis
from support.redis_server import running

CALLERS: Final = 100
RECOVERY_SECONDS: Final = 90
CLOCKWORK: Final = "concurrency.clockwork"
HEADINGS: Final = (
    "fault",
    "calls",
    "errors seen",
    "sold twice",
    "promises broken",
    "other problems",
    "undecided",
    "recovered after, s",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """A rush with a fault in its middle."""

    history: Sequence[Attempt]
    problems: list[Problem]
    undecided: int
    """Number of histories whose search for an order was given up."""
    began_ms: float
    ended_ms: float
    """End of the fault."""

    @property
    def errors(self) -> list[Attempt]:
        """Attempts that failed, so that their callers retried."""
        return [one for one in self.history if not one.is_final]

    def recovered_seconds(self) -> float:
        """Time from the end of the fault to its last error that a caller saw."""
        return max(0.0, *(one.answered_ms - self.ended_ms for one in self.errors), 0.0) / 1000

    def was_in_the_middle(self) -> bool:
        """Return whether calls were answered before the fault, and sent after it began."""
        answered = any(one.has_worked and one.answered_ms < self.began_ms for one in self.history)
        return answered and any(one.asked_ms > self.began_ms for one in self.history)


async def suffer(ground: Ground, world: World, fault: Fault, seed: int, *, callers: int = CALLERS) -> Aftermath:
    """Inject a fault into a rush after a third of the callers got a response."""
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
        rows = ground.rows(business)
    report = check_rush(business, board.history, rows, AFTER_FAULTS)
    return Aftermath(
        history=board.history,
        problems=[*check(business, board.history, rows), *report.problems],
        undecided=report.undecided,
        began_ms=began_ms,
        ended_ms=ended_ms,
    )


async def _are_answered(board: Switchboard, how_many: int) -> bool:
    return len(board.history) >= how_many


async def _all_are_well(board: Switchboard, world: World, business: Business) -> None:
    """Wait until every server, restarted or not, creates holds and adds them to Redis."""
    day = tomorrow(board.now_ms()) + 10 * 1440
    for number in range(len(world.servers)):

        async def is_well(number: int = number) -> bool:
            return await _shows_a_hold(board, world, business, number, day)

        await until(is_well, seconds=RECOVERY_SECONDS)


async def _shows_a_hold(board: Switchboard, world: World, business: Business, number: int, day: int) -> bool:
    board.requests += 1
    arguments = {"projectId": business.id, "serviceType": "consult", "start": utc(day + business.opens + 60 * number)}
    who = f"probe-{board.requests}"
    held = await board.send(number, board.requests, "create_hold", {**arguments, "customerHash": who})
    if not held.has_worked:
        return False
    shown = await asyncio.to_thread(world.redis.names, "*:hold:*")
    board.requests += 1
    given_back = {"projectId": business.id, "holdToken": held.body["holdToken"]}
    await board.send(number, board.requests, "release_hold", given_back)
    return len(shown) > len(await asyncio.to_thread(world.redis.names, "*:hold:*"))


@asynccontextmanager
async def fleet_of(folder: Path, *, proxies: bool) -> AsyncIterator[tuple[Ground, World]]:
    """A fleet of the script's own; proxies can disturb the connections between its parts."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(started_server())
        redis = stack.enter_context(running(folder))
        databases = Databases(postgres.url("postgres"))
        url, redis_url, way = stack.enter_context(databases.clone()), redis.url, ""
        to_postgres = to_redis = None
        if proxies:
            socket = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slotmcp-way-")))
            to_postgres, way = await stack.enter_async_context(proxied(url, socket))
            to_redis, redis_url = await stack.enter_async_context(proxied_redis(redis.url))
        ground = on_servers(databases, url, redis_url=redis_url, way=way)
        servers = await stack.enter_async_context(_serving(folder, ground))
        yield ground, World(servers=servers, postgres=postgres, redis=redis, to_postgres=to_postgres, to_redis=to_redis)


@asynccontextmanager
async def _serving(folder: Path, ground: Ground) -> AsyncIterator[Sequence[Server]]:
    """Servers that start and stop behind the same proxies; the first one's clock can be set."""
    opened = serving_together(folder, SERVERS, modules=[CLOCKWORK], **ground.settings)
    servers = await asyncio.to_thread(opened.__enter__)
    try:
        yield servers
    finally:
        await asyncio.to_thread(opened.__exit__, None, None, None)


async def _run(faults: Mapping[str, Fault], callers: int, *, proxies: bool) -> list[Aftermath]:
    """Inject each of these faults into a fleet, one after the other."""
    suffered = []
    with tempfile.TemporaryDirectory() as folder:
        async with fleet_of(Path(folder), proxies=proxies) as (ground, world):
            for seed, (name, fault) in enumerate(faults.items()):
                print(f"{name} ...", file=sys.stderr)  # noqa: T201  a script
                after = await suffer(ground, world, fault, seed, callers=callers)
                suffered.append(after)
                print(*_row(name, after), sep=" | ", file=sys.stderr)  # noqa: T201  a script
                for kind, count in Counter(map(_kind, after.errors)).most_common():
                    print(f"  {count} times {kind}", file=sys.stderr)  # noqa: T201  a script
    return suffered


def _kind(attempt: Attempt) -> str:
    """Return the attempts whose response a caller could not use."""
    seconds = round((attempt.answered_ms - attempt.asked_ms) / 1000)
    message = attempt.body["error"].get("message", "") if attempt.error else ""
    return f"status {attempt.status} {attempt.error} after {seconds} s: {message}"


def _row(name: str, after: Aftermath) -> tuple[object, ...]:
    kinds = [problem.kind for problem in after.problems]
    twice, broken = kinds.count("sold twice"), kinds.count("promise broken")
    return (
        name,
        len(after.history),
        len(after.errors),
        twice,
        broken,
        len(kinds) - twice - broken,
        after.undecided,
        f"{after.recovered_seconds():.1f}",
    )


def main() -> int:
    """Run the command line; return 0 if no problem was found and every history has an order."""
    parser = argparse.ArgumentParser(description="Faults in the middle of rushes, each checked afterwards.")
    parser.add_argument("--callers", type=int, default=CALLERS)
    parser.add_argument("--only", default="", help="faults whose names contain this")
    options = parser.parse_args()
    rows, everything = [], []
    for proxies, faults in ((False, OF_PARTS), (True, ON_THE_WAY)):
        chosen = {name: fault for name, fault in faults.items() if options.only in name}
        if chosen:
            suffered = asyncio.run(_run(chosen, options.callers, proxies=proxies))
            rows += [_row(name, after) for name, after in zip(chosen, suffered, strict=True)]
            everything += suffered
    print_table(HEADINGS, rows)
    for problem in [problem for after in everything for problem in after.problems]:
        print(problem.kind, problem.text)  # noqa: T201  a script
    return 1 if any(after.problems or after.undecided for after in everything) else 0


if __name__ == "__main__":
    sys.exit(main())
