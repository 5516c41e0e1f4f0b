"""Fixtures of the unit tests."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from slotmcp.cli import main
from slotmcp.cli.exits import Exit
from slotmcp.project_file import sample_text
from support.command_line import CommandResult, Run


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
    structlog.reset_defaults()


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
def imported(slotmcp: Run, sample: Path) -> Path:
    """Write and import the sample project file."""
    assert slotmcp("import", str(sample)).code == Exit.OK
    return sample
