"""A process that exits at any step of a write leaves it complete or absent, and the retry finds out which."""

import asyncio
from pathlib import Path

import pytest

from concurrency.crash import START, run_flow
from concurrency.rush import environment, python_module
from slotmcp.domain.offer import Slot
from slotmcp.services.slots import SlotQuery
from support.clock import HandClock
from support.shop import Shop, instant_ms, open_shop, plan, technician
from support.sqlite_file import count, entries, fingerprint, integrity

NOW_MS = instant_ms("06:00")
ONE = plan(technician("ana", "09:00-12:00"), horizon_days=0)


async def prepare(path: Path, flow: str) -> str:
    """Create a business and, for the flow that books a hold, return the hold's token."""
    async with open_shop(path, ONE, clock=HandClock(NOW_MS)) as shop:
        return (await shop.hold(START)).hold.token if flow == "book_hold" else ""


async def crash_at_every_step(path: Path, flow: str, token: str) -> int:
    """Copy the file for each step at which a process exits; return the number of copies."""
    command = python_module("crash", path, NOW_MS, flow, token)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment())
    output, _ = await process.communicate()
    assert process.returncode == 0
    return int(output)


async def start_now(shop: Shop) -> Slot | None:
    answer = await shop.app.slots.get_slots(SlotQuery(from_=START, to=START + 1))
    return next(iter(answer.offer.slots), None)


@pytest.mark.parametrize("flow", ["create_hold", "book_hold", "book_start"])
async def test_a_retry_returns_the_first_answer_after_an_exit_at_any_step(tmp_path: Path, flow: str) -> None:
    database = tmp_path / "crash.db"
    token = await prepare(database, flow)
    before = fingerprint(database)
    steps = await crash_at_every_step(database, flow, token)
    assert steps >= 7, "too few steps to have been in the middle"
    replayed = [await check(tmp_path / f"{flow}-{step}.db", flow, token, before=before) for step in range(steps)]
    assert replayed == [False] * (steps - 1) + [True], "done only from the commit on, and then for good"


async def check(path: Path, flow: str, token: str, *, before: str) -> bool:
    """Return whether the retry found a completed write."""
    was_done = fingerprint(path) != before
    done = {entry.id: entry for entry in entries(path)}
    async with open_shop(path, clock=HandClock(NOW_MS)) as shop:
        name, replayed = await run_flow(shop.app, flow, token)
        again, replayed_again = await run_flow(shop.app, flow, token)
        assert await start_now(shop) is None
    assert (again, replayed_again) == (name, True)
    assert replayed is was_done
    if was_done:
        assert {entry.id: entry for entry in entries(path)} == done
    assert count(path, "claims") == 1
    assert count(path, "bookings") == (0 if flow == "create_hold" else 1)
    assert integrity(path) == "ok"
    return replayed
