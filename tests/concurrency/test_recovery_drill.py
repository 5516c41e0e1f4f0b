"""A drill: callers book, a backup is made meanwhile, the server is killed, and the backup is restored."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import product
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from concurrency.interruptions import WORKS
from concurrency.rush import customer, environment, python_module
from slotmcp.domain.errors import DatabaseInUse
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.store.backups import back_up_file
from slotmcp.store.inspection import inspect_file
from slotmcp.store.restoring import restore_file
from support.http_server import HttpServer, body_in, call_of, headers_of, open_database, serving, write_database
from support.shop import plan, service, technician
from support.sqlite_file import fingerprint, rows

BUSINESS: Final = plan(
    *(technician(f"tech-{number}", "00:00-24:00") for number in range(8)),
    services=(service("visit", 15),),
    horizon_days=3,
)
CALLERS: Final = 6
BEFORE, AFTER = 24, 8
"""Bookings that are confirmed before the backup begins, and after it ended."""


def slotmcp(path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command on a database."""
    settings = {**os.environ, "SLOTMCP_DATABASE_URL": str(path)}
    command = [sys.executable, "-m", "slotmcp", *words]
    return subprocess.run(  # noqa: S603  slotmcp itself
        command, env=settings, capture_output=True, text=True, timeout=120, check=False
    )


class Callers:
    """Callers who book one start after another until they are stopped, and what was confirmed to them."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self.confirmed: dict[str, dict[str, Any]] = {}
        """Bookings by id, in the order of their confirmations."""
        self._changed = asyncio.Condition()

    async def run(self, number: int) -> None:
        """Book until the server is gone."""
        async with httpx2.AsyncClient(base_url=self._server.url, timeout=60) as client:
            for attempt in range(1_000):
                name, phone = f"Caller {number}-{attempt}", f"+1 303 555 {number}{attempt:03}"
                try:
                    slots = await self._call(client, "get_slots", limit=1, partOfDay="any")
                    start = slots["slots"][0]["start"]
                    booked = await self._call(client, "book_slot", start=start, customerName=name, customerPhone=phone)
                except httpx2.TransportError:
                    return
                if "booking" in booked:
                    async with self._changed:
                        self.confirmed[booked["booking"]["bookingId"]] = {**booked["booking"], "name": name}
                        self._changed.notify_all()

    async def until_confirmed(self, count: int) -> dict[str, dict[str, Any]]:
        """Wait for as many confirmations, and return the bookings."""
        async with asyncio.timeout(120), self._changed:
            await self._changed.wait_for(lambda: len(self.confirmed) >= count)
            return dict(self.confirmed)

    @staticmethod
    async def _call(client: httpx2.AsyncClient, tool: str, **arguments: object) -> dict[str, Any]:
        return dict(body_in(await client.post("/mcp", json=call_of(tool, **arguments), headers=headers_of())))


@asynccontextmanager
async def calling(server: HttpServer) -> AsyncIterator[Callers]:
    """Let callers book until the block ends the server."""
    callers = Callers(server)
    async with asyncio.TaskGroup() as group:
        for number in range(CALLERS):
            group.create_task(callers.run(number))
        yield callers


def stored(path: Path) -> dict[str, tuple[str, str]]:
    """Return the name and the technician of each booking."""
    statement = """
        SELECT b.claim_id, b.customer_name, t.id FROM bookings AS b
        JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
        JOIN technicians AS t ON t.number = c.technician_number
    """
    return {claim_id: (name, technician_id) for claim_id, name, technician_id in rows(path, statement)}


def lose(path: Path) -> None:
    """Delete a database with all files beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


async def test_every_booking_before_a_backup_survives_the_loss_of_the_database(tmp_path: Path) -> None:
    path, saved = tmp_path / "slots.db", tmp_path / "saved.db"
    await write_database(path, BUSINESS)
    with serving(path) as server:
        async with calling(server) as callers:
            before = await callers.until_confirmed(BEFORE)
            backed_up = await asyncio.to_thread(slotmcp, path, "backup", str(saved))
            assert backed_up.returncode == 0, backed_up.stderr
            with pytest.raises(DatabaseInUse, match=rf"is in use by process {server.process.pid}\."):
                await restore_file(saved, path, now_ms=0)
            await callers.until_confirmed(len(callers.confirmed) + AFTER)
            server.process.send_signal(signal.SIGKILL)
    lose(path)
    await restore_file(saved, path, now_ms=0)
    kept = stored(path)
    confirmed = {name: (booking["name"], booking["technicianId"]) for name, booking in callers.confirmed.items()}
    assert {name: kept.get(name) for name in before} == {name: confirmed[name] for name in before}
    assert len(kept) < len(callers.confirmed), "the backup has one state in the middle"
    inspect_file(path).require_intact()
    async with open_database(path) as database:
        (slot, *_) = (await database.app.slots.get_slots(SlotQuery())).offer.slots
        await database.app.bookings.book_slot(BookRequest(start=slot.start, customer=customer(1)))
    assert stored(path).keys() > kept.keys()


async def test_a_command_that_dies_or_finds_a_full_disk_leaves_the_database_usable(tmp_path: Path) -> None:
    path, saved = tmp_path / "slots.db", tmp_path / "saved.db"
    await write_database(path, BUSINESS)
    back_up_file(path, saved, overwrite=False, timeout_ms=5_000)
    with closing(sqlite3.connect(saved)) as connection:  # the log of its restore becomes the largest file
        connection.executescript("UPDATE projects SET name = printf('%.*c', 4000000, 'x')")
    before = fingerprint(path)
    process = await asyncio.create_subprocess_exec(
        *python_module("interruptions", path, saved), stdout=asyncio.subprocess.PIPE, env=environment()
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    ended = json.loads(output)
    assert [(one["work"], one["end"]) for one in ended] == list(product(WORKS, ("die", "full")))
    for one in ended:
        assert one["is_as_expected"], one
        assert (one["fingerprint"], one["integrity"], one["new_files"]) == (before, "ok", []), one
        assert one["end"] == "die" or one["unfinished"] == [], "an error leaves no unfinished copy"
    await restore_file(saved, path, now_ms=0)
    assert names_in(tmp_path) == {"slots.db", "saved.db", "slots.db.backups", "slots.db.replaced.backup"}
    inspect_file(path).require_intact()


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if not file.name.endswith(("-wal", "-shm"))}
