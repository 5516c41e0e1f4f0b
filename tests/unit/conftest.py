"""Fixtures of the unit tests."""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from slotmcp.bootstrap import SystemClock
from slotmcp.cli import main
from slotmcp.project_file import read_project_file, sample_text
from slotmcp.settings import Settings
from support.command_line import CommandResult, Run
from support.http_server import write_database
from support.new_file import write_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a temporary home folder without settings in the environment, and restore the logging."""
    for name in [name for name in os.environ if name.startswith("SLOTMCP_")]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield tmp_path
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def slotmcp(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command line in this process with a temporary home folder."""
    assert Path.cwd() == home

    def run(*words: str) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["slotmcp", *words])
        with pytest.raises(SystemExit) as exit_info:
            main()
        output = capsys.readouterr()
        return CommandResult(int(exit_info.value.code or 0), output.out, output.err)

    return run


@pytest.fixture
def sample(home: Path) -> Path:
    """Write the sample project file."""
    path = home / "denver.yaml"
    path.write_text(sample_text(), encoding="utf-8")
    return path


@pytest.fixture
def imported(sample: Path) -> Path:
    """Write the sample project file, and a database with its project."""
    write_file(Settings.load().database_path, _database_of_the_sample())
    return sample


@cache
def _database_of_the_sample() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "sample.db")
        plan = read_project_file(sample_text().encode(), source="sample", now_ms=SystemClock().now_ms()).plan
        asyncio.run(write_database(path, plan))
        return path.read_bytes()
