"""Test that a real server keeps its limits, its time and its holds while the machine's clock is set."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import not_
from pathlib import Path
from typing import Any, Final

import pytest

from support.denver import PLAN
from support.http_server import HttpServer, body_in, call_of, serving, write_database
from support.sqlite_file import rows
from support.until import until

LIBRARY: Final = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
"""From the Debian package libfaketime."""
CALLS: Final = 8
HOUR: Final = timedelta(hours=1)
NEARLY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Machine:
    """Server, and the file with the offset of its wall clock."""

    server: HttpServer
    offset: Path
    database: Path

    def set_clock(self, offset: timedelta) -> None:
        """Set the wall clock to the true time plus an offset. The server never reads a file that is half written."""
        written = self.offset.with_suffix(".new")
        written.write_text(f"{offset.total_seconds():+.0f}\n")
        written.replace(self.offset)

    async def call(self, tool: str, **arguments: object) -> Mapping[str, Any]:
        """Call a tool successfully."""
        response = await self.server.post(call_of(tool, **arguments), X_Call_Id="call-7f3a9c51d2")
        body = body_in(response)
        assert "error" not in body, body
        return body

    async def now(self) -> datetime:
        """Return the server's time."""
        return datetime.fromisoformat((await self.call("get_slots", limit=1))["query"]["now"])

    async def has_stored(self, column: str, condition: Callable[[int], bool]) -> None:
        """Wait until a column of the file's clock fulfills a condition."""

        def is_stored() -> bool:
            ((value,),) = rows(self.database, f"SELECT {column} FROM clock")  # noqa: S608  a literal
            return condition(value)

        await asyncio.to_thread(until, is_stored, f"{column} was stored")


async def test_a_clock_that_is_set_refuses_no_call_and_costs_no_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, offset = tmp_path / "slotmcp.db", tmp_path / "offset"
    await write_database(path, PLAN)
    offset.write_text("+0\n")
    for name, value in {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }.items():
        monkeypatch.setenv(name, value)
    with serving(path, rate_limit_per_call="60", clock_settle_seconds="15") as server:
        machine = Machine(server, offset, path)
        began = await machine.now()
        start = (await machine.call("get_slots", limit=1))["slots"][0]["start"]
        hold = await machine.call("create_hold", start=start, customerHash="c7a1f93e05b24d68", ttlSeconds=120)

        machine.set_clock(2 * HOUR)
        await machine.has_stored("differs_since_ms", bool)
        machine.set_clock(timedelta())
        await machine.has_stored("differs_since_ms", not_)
        assert began <= await machine.now() < began + NEARLY

        ((old_ms,),) = rows(path, "SELECT offset_ms FROM clock")
        machine.set_clock(-HOUR)
        for _ in range(CALLS):
            assert "slots" in await machine.call("get_slots", limit=1)
        await machine.has_stored("offset_ms", lambda offset_ms: offset_ms < old_ms - NEARLY.total_seconds() * 1000)
        assert began - HOUR <= await machine.now() < began - HOUR + NEARLY
        ((expires_ms,),) = rows(path, "SELECT expires_at_ms FROM claims WHERE state = 'held'")
        moved = datetime.fromtimestamp(expires_ms / 1000, began.tzinfo) - datetime.fromisoformat(hold["expiresAt"])
        assert abs(moved + HOUR) < timedelta(seconds=5)
        assert (await machine.call("release_hold", holdToken=hold["holdToken"]))["released"]
        _, log = await asyncio.to_thread(server.stop)
    assert log.count("the wall clock was set by +7200") == log.count("the wall clock was set by -3600") == 1
    assert log.count("followed the wall clock by -3600") == 1
