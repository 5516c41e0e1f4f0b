"""Test that readiness, `doctor` and the log say why a database cannot be written, and that a server recovers."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from support.denver import PLAN
from support.http_server import HttpServer, body_in, call_of, serving, write_database
from support.permissions import LIMITED
from support.until import until

DISK: Final = "the disk cannot be read or written, or is full."
FULL: Final = f"The database cannot be written: {DISK}"


@pytest.fixture
async def path(tmp_path: Path) -> AsyncIterator[Path]:
    """Database with a project, whose permissions are restored in the end."""
    database = tmp_path / "slotmcp.db"
    await write_database(database, PLAN)
    yield database
    set_mode(database, 0o600)


def set_mode(path: Path, mode: int) -> None:
    """Set the permissions of a file."""
    path.chmod(mode)


async def is_ready(server: HttpServer, problem: str) -> None:
    """Wait until readiness reports a problem; "": until the server is ready."""
    expected: tuple[int, dict[str, Any]] = (200, {"status": "ready", "checks": {"database": "ok"}})
    if problem:
        problems = {"status": "unavailable", "checks": {"database": "away"}, "problems": {"database": problem}}
        expected = (503, problems)

    def is_reported() -> bool:
        response = httpx2.get(f"{server.url}/readyz", timeout=60)
        return (response.status_code, response.json()) == expected

    await asyncio.to_thread(until, is_reported, problem or "ready")


async def test_a_server_reports_a_full_disk_until_it_has_space_again(path: Path) -> None:
    with serving(path, write_check_seconds="0.05") as server:
        start = body_in(await server.post(call_of("get_slots", limit=1)))["slots"][0]["start"]
        book = call_of("book_slot", start=start, customerName="X", customerEmail="x@example.com")

        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        await is_ready(server, FULL)
        for _ in range(3):
            error = body_in(await server.post(book))["error"]
            assert (error["code"], error["retryable"], error["retryAfterMs"]) == ("unavailable", True, 5_000)
        assert body_in(await server.post(call_of("get_slots", limit=1)))["slots"]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        await is_ready(server, "")

        assert body_in(await server.post(book))["booking"]["status"] == "confirmed"
        _, log = await asyncio.to_thread(server.stop)
    assert len([line for line in log.splitlines() if " unavailable " in line and "tool=book_slot" in line]) == 1, log
    assert [log.count(text) for text in (FULL, "The database can be written again.")] == [1, 1]


def doctor(path: Path, **limits: int) -> subprocess.CompletedProcess[str]:
    """Run `slotmcp doctor`, with a limit of the size of files."""
    command = (*LIMITED, sys.executable, "-m", "slotmcp", "doctor")
    if limits:
        command = ("prlimit", f"--fsize={limits['bytes_per_file']}", *command)
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": f"sqlite:///{path}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  slotmcp itself


async def test_doctor_names_a_read_only_file_and_its_owner(path: Path) -> None:
    set_mode(path, 0o400)
    done = await asyncio.to_thread(doctor, path)
    assert f"{path} is not writable (owner {os.getuid()}, mode 400)" in done.stdout
    assert done.returncode == 4, done.stdout


async def test_doctor_reports_a_full_disk(path: Path) -> None:
    done = await asyncio.to_thread(doctor, path, bytes_per_file=1)
    assert DISK in done.stdout
    assert done.returncode == 4, done.stdout
