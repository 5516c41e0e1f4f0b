"""Process that runs callers on one database file; the tests start it, and some of them kill it.

It reads callers as JSON lines from stdin, then "go". It prints each caller's request and result. After its
`pause_after`-th caller with a time (0: after its first line) its event loop blocks, so that the reader of its output
can kill it at that point; writes that have begun continue.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from concurrency.rush import DEFAULT_TIMEOUT_MS, customer
from slotmcp.bootstrap import build_app
from slotmcp.domain.errors import SlotUnavailable, Unavailable
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock

Way = Literal["book", "hold", "keep"]
"""Book directly; hold, then book; hold and keep it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Caller who wants a time, and takes another if it is taken."""

    number: int
    way: Way
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Report line of a process about one caller: the request for a start, or its result."""

    number: int
    what: Literal["asks", "booked", "held", "sold out"]
    start: int
    name: str = ""
    """The booking's id, or the hold's token."""
    replayed: bool = False

    @property
    def is_a_time(self) -> bool:
        """Return whether the caller got a time."""
        return self.what in {"booked", "held"}


class Reporter:
    """Writer of unbuffered, complete lines."""

    def __init__(self, pause_after: int) -> None:
        self._times = 0
        self._pause_after = pause_after

    def say(self, line: Line) -> None:
        self._times += line.is_a_time
        text = json.dumps([line.number, line.what, line.start, line.name, line.replayed])
        os.write(1, f"{text}\n".encode())
        if self._times == self._pause_after:
            sys.stdin.read()


async def serve(app: App, caller: Caller, reporter: Reporter) -> None:
    """Serve one caller, until the caller has a time or none is left."""
    start = caller.start
    while True:
        reporter.say(Line(number=caller.number, what="asks", start=start))
        try:
            reporter.say(await _ask(app, caller, start))
        except Unavailable:
            continue
        except SlotUnavailable as lost:
            others = lost.alternatives.slots if lost.alternatives else ()
            if not others:
                reporter.say(Line(number=caller.number, what="sold out", start=start))
                return
            start = others[caller.number % len(others)].start
            continue
        return


async def _ask(app: App, caller: Caller, start: int) -> Line:
    number, key = caller.number, f"key-{caller.number}"
    if caller.way == "book":
        request = BookRequest(customer=customer(number), start=start, idempotency_key=key)
    else:
        hold_request = HoldRequest(start=start, customer_reference=f"caller-{number}", idempotency_key=key)
        held = await app.holds.create_hold(hold_request)
        token = held.hold.token
        if caller.way == "keep":
            return Line(number=number, what="held", start=start, name=token, replayed=held.replayed)
        request = BookRequest(customer=customer(number), hold_token=token, idempotency_key=key)
    booked = await app.bookings.book_slot(request)
    return Line(number=number, what="booked", start=start, name=booked.booking.id, replayed=booked.replayed)


async def main(path: Path, now_ms: int, pause_after: int) -> None:
    """Read the callers, wait for the signal, and serve all of them at once."""
    async with SqliteStore.open(path, clock=HandClock(now_ms), timeout_ms=DEFAULT_TIMEOUT_MS) as store:
        app = build_app(store)
        os.write(1, b"ready\n")
        lines = iter(sys.stdin.readline, "go\n")
        callers = [Caller(number=number, way=way, start=start) for number, way, start in map(json.loads, lines)]
        reporter = Reporter(pause_after)
        await asyncio.gather(*(serve(app, caller, reporter) for caller in callers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
