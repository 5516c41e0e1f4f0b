"""Script that forks a process for each step of a write, and exits the process at that step.

Runs one flow, with a copy of the database for each step, and prints the number of steps.
"""

import asyncio
import os
import shutil
import sys
from itertools import count
from pathlib import Path

from concurrency.rush import DyingStore, customer
from slotmcp.bootstrap import build_app
from slotmcp.services.app import App
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.hold_rules import HoldRequest
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.shop import at

START = at("10:00")
KEY = "the-key"


async def run_flow(app: App, flow: str, token: str) -> tuple[str, bool]:
    """Run a flow; return the booking's id or the hold's token, and whether it was replayed."""
    if flow == "create_hold":
        held = await app.holds.create_hold(HoldRequest(start=START, customer_reference="caller", idempotency_key=KEY))
        return held.hold.token, held.replayed
    if flow == "book_hold":
        request = BookRequest(customer=customer(1), hold_token=token, idempotency_key=KEY)
    else:
        request = BookRequest(customer=customer(1), start=START, idempotency_key=KEY)
    booked = await app.bookings.book_slot(request)
    return booked.booking.id, booked.replayed


async def run_until(path: Path, now_ms: int, flow: str, token: str, *, step: int) -> None:
    """Run the flow, and exit at that step of its write."""
    async with SqliteStore.open(path, clock=HandClock(now_ms)) as store:
        await run_flow(build_app(DyingStore(store, at_step=step)), flow, token)


def main(database: Path, now_ms: int, flow: str, token: str) -> int:
    """Let a process exit at each step; return the number of steps."""
    for step in count():
        path = database.with_name(f"{flow}-{step}.db")
        shutil.copy(database, path)
        child = os.fork()
        if not child:
            asyncio.run(run_until(path, now_ms, flow, token, step=step))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            return step
    raise AssertionError


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))  # noqa: T201  its answer
