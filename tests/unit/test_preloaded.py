"""Processes that the tests fork from a preloaded process behave as executed ones."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from support.preloaded import executing

SLOTMCP: Final = (sys.executable, "-m", "slotmcp")


@contextmanager
def forked(folder: Path, *, start_new_session: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Run `slotmcp stdio` on a database in a folder."""
    environment = {**os.environ, "SLOTMCP_DATABASE_URL": "sqlite:///forked.db", "TZ": "Asia/Tokyo"}
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603  slotmcp itself
        [*SLOTMCP, "stdio"],
        cwd=folder,
        env=environment,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=start_new_session,
    ) as process:
        assert process.stderr is not None
        try:
            assert process.stderr.readline()  # it has no project
            yield process
        finally:
            process.kill()


def status_of(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()


@pytest.mark.parametrize("words", [("--version",), ("import", "missing.yaml")])
def test_a_command_returns_what_an_executed_one_returns(words: tuple[str, ...], tmp_path: Path) -> None:
    def run() -> tuple[int, bytes, bytes]:
        done = subprocess.run([*SLOTMCP, *words], cwd=tmp_path, capture_output=True, check=False)  # noqa: S603  slotmcp
        return done.returncode, done.stdout, done.stderr

    by_fork = run()
    with executing():
        assert run() == by_fork


def test_a_process_is_a_child_with_its_own_folder_and_environment(tmp_path: Path) -> None:
    with forked(tmp_path) as process:
        assert "preloaded_parent" in Path(f"/proc/{process.pid}/cmdline").read_text("utf-8")
        assert int(status_of(process.pid)[1]) == os.getpid()
        assert Path(f"/proc/{process.pid}/cwd").readlink() == tmp_path
    assert (tmp_path / "forked.db").is_file()


def test_a_process_gets_its_own_session_only_on_request(tmp_path: Path) -> None:
    with forked(tmp_path) as process, forked(tmp_path, start_new_session=True) as other:
        assert [os.getsid(process.pid), os.getsid(other.pid)] == [os.getsid(0), other.pid]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_ends_a_process(tmp_path: Path, number: signal.Signals) -> None:
    with forked(tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline()  # its main thread waits: the handler of coverage may lock up within coverage
        process.send_signal(number)
        assert process.wait() == -number


async def test_asyncio_waits_for_a_process() -> None:
    process = await asyncio.create_subprocess_exec(*SLOTMCP, "--version", stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    assert (process.returncode, out.split()[0]) == (0, b"slotmcp")


@pytest.mark.parametrize("variable", ["LD_PRELOAD", "PYTHONHASHSEED"])
def test_a_variable_that_only_a_new_interpreter_reads_needs_one(
    monkeypatch: pytest.MonkeyPatch, variable: str, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, "7" if variable == "PYTHONHASHSEED" else "")
    with forked(tmp_path) as process:
        assert "preloaded_parent" not in Path(f"/proc/{process.pid}/cmdline").read_text("utf-8")


@pytest.mark.usefixtures("executed")
def test_a_test_can_require_a_new_interpreter(tmp_path: Path) -> None:
    with forked(tmp_path) as process:
        assert "preloaded_parent" not in Path(f"/proc/{process.pid}/cmdline").read_text("utf-8")
