"""Script that measures bursts of Cal.com webhooks, and the delay until another server shows a change.

.venv/bin/python tests/concurrency/deliveries.py --burst 10000 --on sqlite
.venv/bin/python tests/concurrency/deliveries.py --soon 50
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

sys.path.insert(0, str(Path(__file__).parents[1]))  # as under pytest

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
ONE_IN: Final = 6
NEVER: Final = "0"
CREATE_PROBABILITY, CANCEL_PROBABILITY = 0.6, 0.5
"""Probabilities that an action creates a booking, and that another action cancels one instead of moving it."""


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
            f"{self.deliveries} deliveries, one in {ONE_IN} twice and one in {ONE_IN} out of order: "
            f"{self.deliveries / self.seconds:,.0f}/s over {CONNECTIONS} connections, p50 {p50:.1f} ms, "
            f"p99 {p99:.1f} ms; {dict(sorted(self.outcomes.items()))}; "
            f"the end state is {'right' if self.is_right else 'WRONG'}"
        )


def simulate_year(calcom_state: CalcomState, deliveries: int, seed: int) -> list[Message]:
    """Return messages about a year of created, moved and cancelled bookings; one in six is repeated."""
    chance = random.Random(seed)  # noqa: S311  for a test
    calcom = FakeCalcom(calcom_state)
    calcom_state.on_change = calcom.send_booking
    distinct = deliveries - deliveries // ONE_IN
    free = {kind: _starts(chance) for kind in (ANA_VISIT, BEN_VISIT)}
    live: list[Booking] = []
    while len(calcom.messages) < distinct:
        if not live or chance.random() < CREATE_PROBABILITY:
            kind = chance.choice([ANA_VISIT, BEN_VISIT])
            live.append(calcom_state.book(kind, next(free[kind]), ATTENDEE))
            continue
        booking = live.pop(chance.randrange(len(live)))
        if chance.random() < CANCEL_PROBABILITY:
            calcom_state.cancel(booking.uid)
        else:
            live.append(calcom_state.reschedule(booking.uid, next(free[booking.event_type.id])))
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
    order = sorted(range(count), key=lambda number: chance.random() if number % ONE_IN == 0 else number / count)
    return [messages[number] for number in order]


async def deliver(url: str, messages: Sequence[Message]) -> tuple[list[float], dict[str, int]]:
    """Send messages over several connections at once; return each duration and each result."""
    waiting = iter(messages)
    latencies: list[float] = []
    outcomes: dict[str, int] = {}

    async def send() -> None:
        async with httpx2.AsyncClient(timeout=120) as client:
            for message in waiting:
                started = time.perf_counter()
                response = await _post(client, url, message)
                latencies.append((time.perf_counter() - started) * 1000)
                outcome = response.json().get("status") or str(response.status_code)
                outcomes[outcome] = outcomes.get(outcome, 0) + 1

    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return latencies, outcomes


async def _post(client: httpx2.AsyncClient, url: str, message: Message) -> httpx2.Response:
    headers = {"X-Cal-Signature-256": message.signature}
    return await client.post(f"{url}/webhooks/calcom/shop", content=message.body, headers=headers)


async def burst(store: Store, url: str, deliveries: int, seed: int = 1) -> Burst:
    """Send a burst to one server, and compare its schedule with the fake calendar."""
    calcom_state = state()
    messages = simulate_year(calcom_state, deliveries, seed)
    started = time.perf_counter()
    latencies, outcomes = await deliver(url, shuffled(messages, seed))
    seconds = time.perf_counter() - started
    return Burst(
        deliveries=deliveries,
        seconds=seconds,
        latencies_ms=latencies,
        outcomes=outcomes,
        is_right=await has_all(store, calcom_state, messages),
    )


async def has_all(store: Store, calcom_state: CalcomState, messages: Sequence[Message]) -> bool:
    """Return whether every reported booking takes its time in the schedule exactly once, and nothing else does."""
    schedule = await store.schedule("shop")
    claims = [
        (claim.start, claim.end, claim.technician_id)
        for technician_schedule in schedule.technician_schedules.values()
        for claim in technician_schedule.claims
    ]
    busy = [
        (span.start, span.end, span.technician_id)
        for technician_schedule in schedule.technician_schedules.values()
        for span in technician_schedule.busy
    ]
    bodies = b"".join(message.body for message in messages)
    reported = (booking for booking in calcom_state.live() if f'"{booking.uid}"'.encode() in bodies)
    expected = sorted((booking.start, booking.end, booking.host.name.lower()) for booking in reported)
    return sorted([*claims, *busy]) == expected


async def soon(urls: Sequence[str], times: int) -> list[float]:
    """Return the milliseconds from a signed webhook on one server to a changed get_slots on another."""
    calcom_state = state()
    calcom = FakeCalcom(calcom_state)
    calcom_state.on_change = calcom.send_booking
    delays_ms = []
    async with httpx2.AsyncClient(timeout=60) as client:
        for number in range(times):
            day, hour = divmod(number, len(HOURS))
            start = days_ahead(day + 1, HOURS[hour])
            assert await _capacity(client, urls[1], start) == 2
            calcom_state.book(ANA_VISIT, start, ATTENDEE)
            started = time.perf_counter()
            sent = asyncio.create_task(_post(client, urls[0], calcom.messages.pop()))
            while await _capacity(client, urls[1], start) == 2:
                pass
            delays_ms.append((time.perf_counter() - started) * 1000)
            assert (await sent).json() == {"status": "applied"}
    return delays_ms


async def _capacity(client: httpx2.AsyncClient, url: str, start: int) -> int:
    arguments = {"from": _instant(start), "to": _instant(start + 1), "serviceType": "visit", "projectId": "shop"}
    response = await client.post(f"{url}/mcp", json=call_of("get_slots", **arguments), headers=headers_of())
    return sum(slot["capacity"] for slot in body_in(response)["slots"])


def _instant(minute: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(minute * 60))


@contextmanager
def _served(kind: str, servers: int) -> Iterator[tuple[Ground, list[str]]]:
    """Start servers with the webhook's secrets, over a database with the business."""
    with tempfile.TemporaryDirectory() as name, ground_of(kind, Path(name)) as ground:
        asyncio.run(_write(ground))
        settings = {"calcom_sync_seconds": NEVER, **ground.settings}
        with serving_together(Path(name), servers, VARIABLES, **settings) as started:
            yield ground, [server.url for server in started]


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
    parser.add_argument("--burst", type=int, default=0, help="number of deliveries")
    parser.add_argument("--on", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--soon", type=int, default=0, help="number of repetitions")
    options = parser.parse_args()
    is_right = True
    if options.burst:
        result = measure_burst(options.on, options.burst)
        is_right = result.is_right
        print(result.summary())  # noqa: T201  output of a script
    if options.soon:
        delays_ms = measure_soon(options.soon)
        print(f"median {statistics.median(delays_ms):.1f} ms, slowest {max(delays_ms):.1f} ms")  # noqa: T201
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
