"""Script that measures bursts of Cal.com webhooks, and the delay until another server shows a change.

python tests/concurrency/deliveries.py --burst 10000 --on sqlite
python tests/concurrency/deliveries.py --soon 50
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))  # where a script does not look, and the tests do

import httpx2

from concurrency.grounds import Ground, ground_of
from concurrency.servers import serving_together
from slotmcp.bootstrap import build_app
from slotmcp.ports import Store
from support.calcom.live import VARIABLES, business, days_ahead, state
from support.calcom.office import ANA_VISIT, ATTENDEE, BEN_VISIT
from support.calcom.server import FakeCalcom
from support.calcom.state import Booking, CalcomState
from support.calcom.wire import Message
from support.http_server import body_in, call_of, headers_of

CONNECTIONS: Final = 16
HOURS: Final = range(8, 18)
SHARE: Final = 6
NEVER: Final = "0"
MADE, CALLED_OFF = 0.6, 0.5
"""Share of actions that create a booking, and share of the others that cancel one instead of moving it."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Result of a burst."""

    deliveries: int
    seconds: float
    latencies_ms: list[float]
    outcomes: Mapping[str, int]
    is_right: bool

    def summary(self) -> str:
        """Return the result in a line or two."""
        ordered = sorted(self.latencies_ms)
        p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
        return (
            f"{self.deliveries} deliveries, one in {SHARE} twice and one in {SHARE} out of order: "
            f"{self.deliveries / self.seconds:,.0f}/s over {CONNECTIONS} connections, p50 {p50:.1f} ms, "
            f"p99 {p99:.1f} ms; {dict(sorted(self.outcomes.items()))}; "
            f"the end state is {'right' if self.is_right else 'WRONG'}"
        )


def life(there: CalcomState, deliveries: int, seed: int) -> list[Message]:
    """Return messages about a year of created, moved and cancelled bookings; one in six is repeated."""
    chance = random.Random(seed)  # noqa: S311  for a test
    calcom = FakeCalcom(there)
    there.on_change = calcom.send_booking
    distinct = deliveries - deliveries // SHARE
    free = {kind: _starts(chance) for kind in (ANA_VISIT, BEN_VISIT)}
    live: list[Booking] = []
    while len(calcom.messages) < distinct:
        if not live or chance.random() < MADE:
            kind = chance.choice([ANA_VISIT, BEN_VISIT])
            live.append(there.book(kind, next(free[kind]), ATTENDEE))
            continue
        one = live.pop(chance.randrange(len(live)))
        if chance.random() < CALLED_OFF:
            there.cancel(one.uid)
        else:
            live.append(there.reschedule(one.uid, next(free[one.event_type.id])))
    messages = calcom.messages[:distinct]
    return messages + chance.choices(messages, k=deliveries - distinct)


def _starts(chance: random.Random) -> Iterator[int]:
    """Return the hours of some years, each once."""
    starts = [days_ahead(day, hour) for day in range(1, 1000) for hour in HOURS]
    chance.shuffle(starts)
    return iter(starts)


def shuffled(messages: Sequence[Message], seed: int) -> list[Message]:
    """Return the messages with one in six at another position."""
    chance = random.Random(seed)  # noqa: S311  for a test
    count = len(messages)
    order = sorted(range(count), key=lambda one: chance.random() if one % SHARE == 0 else one / count)
    return [messages[one] for one in order]


async def deliver(url: str, messages: Sequence[Message]) -> tuple[list[float], dict[str, int]]:
    """Send messages over several connections at once; return each duration and each result."""
    waiting = iter(messages)
    latencies: list[float] = []
    outcomes: dict[str, int] = {}

    async def send() -> None:
        async with httpx2.AsyncClient(timeout=120) as client:
            for one in waiting:
                began = time.perf_counter()
                headers = {"X-Cal-Signature-256": one.signature}
                answer = await client.post(f"{url}/webhooks/calcom/shop", content=one.body, headers=headers)
                latencies.append((time.perf_counter() - began) * 1000)
                outcome = answer.json().get("status") or str(answer.status_code)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return latencies, outcomes


async def burst(store: Store, url: str, deliveries: int, seed: int = 1) -> Burst:
    """Send a burst to one server, and compare its schedule with the fake calendar."""
    there = state()
    made = life(there, deliveries, seed)
    messages = shuffled(made, seed)
    began = time.perf_counter()
    latencies, outcomes = await deliver(url, messages)
    seconds = time.perf_counter() - began
    return Burst(
        deliveries=deliveries,
        seconds=seconds,
        latencies_ms=latencies,
        outcomes=outcomes,
        is_right=await has_all(store, there, made),
    )


async def has_all(store: Store, there: CalcomState, messages: Sequence[Message]) -> bool:
    """Return whether every reported booking there takes its time here exactly once, and nothing else does."""
    schedule = await store.schedule("shop")
    claims = [
        (one.start, one.end, one.technician_id)
        for technician_schedule in schedule.technician_schedules.values()
        for one in technician_schedule.claims
    ]
    busy = [
        (one.start, one.end, one.technician_id)
        for technician_schedule in schedule.technician_schedules.values()
        for one in technician_schedule.busy
    ]
    here = sorted([*claims, *busy])
    bodies = b"".join(one.body for one in messages)
    expected = sorted(
        (one.start, one.end, one.host.name.lower()) for one in there.live() if f'"{one.uid}"'.encode() in bodies
    )
    return here == expected


async def soon(urls: Sequence[str], times: int) -> list[float]:
    """Return the milliseconds from a signed webhook on one server to a changed get_slots on another."""
    there = state()
    calcom = FakeCalcom(there)
    there.on_change = calcom.send_booking
    found = []
    async with httpx2.AsyncClient(timeout=60) as client:
        for number in range(times):
            day, hour = divmod(number, len(HOURS))
            start = days_ahead(day + 1, HOURS[hour])
            assert await _capacity(client, urls[1], start) == 2
            there.book(ANA_VISIT, start, ATTENDEE)
            one = calcom.messages.pop()
            began = time.perf_counter()
            sent = asyncio.create_task(
                client.post(
                    f"{urls[0]}/webhooks/calcom/shop", content=one.body, headers={"X-Cal-Signature-256": one.signature}
                )
            )
            while await _capacity(client, urls[1], start) == 2:
                pass
            found.append((time.perf_counter() - began) * 1000)
            assert (await sent).json() == {"status": "applied"}
    return found


async def _capacity(client: httpx2.AsyncClient, url: str, start: int) -> int:
    arguments = {"from": _instant(start), "to": _instant(start + 1), "serviceType": "visit", "projectId": "shop"}
    answer = await client.post(f"{url}/mcp", json=call_of("get_slots", **arguments), headers=headers_of())
    return sum(slot["capacity"] for slot in body_in(answer)["slots"])


def _instant(minute: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(minute * 60))


@contextmanager
def _served(kind: str, servers: int) -> Iterator[tuple[Ground, list[str]]]:
    """Start servers that know the secrets, over the business in such a database."""
    with tempfile.TemporaryDirectory() as name, ground_of(kind, Path(name)) as ground:
        asyncio.run(_write(ground))
        settings = {"calcom_sync_seconds": NEVER, **ground.settings}
        with serving_together(Path(name), servers, VARIABLES, **settings) as started:
            yield ground, [one.url for one in started]


async def _write(ground: Ground) -> None:
    async with ground.opened() as store:
        await build_app(store).projects.import_project(business(horizon_days=30), prune=False)


def measure_burst(kind: str, deliveries: int) -> Burst:
    """Run a burst against one server."""

    async def run(ground: Ground, url: str) -> Burst:
        async with ground.opened() as store:
            return await burst(store, url, deliveries)

    with _served(kind, 1) as (ground, (url,)):
        return asyncio.run(run(ground, url))


def measure_soon(times: int) -> list[float]:
    """Measure the delay with PostgreSQL, Redis and two servers."""
    with _served("postgres", 2) as (_, urls):
        return asyncio.run(soon(urls, times))


def main() -> int:
    """Run the requested measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--burst", type=int, default=0, help="how many deliveries")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--soon", type=int, default=0, help="how often")
    options = parser.parse_args()
    is_right = True
    if options.burst:
        over = measure_burst(options.on, options.burst)
        is_right = over.is_right
        print(over.summary())  # noqa: T201  that is what it is for
    if options.soon:
        found = measure_soon(options.soon)
        print(f"median {statistics.median(found):.1f} ms, slowest {max(found):.1f} ms")  # noqa: T201
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
