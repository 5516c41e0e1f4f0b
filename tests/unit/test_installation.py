"""How an installation says it is started: by a command that works."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from slotmcp import installation


def works(command: list[str]) -> bool:
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  ourselves
    return done.returncode == 0 and "Usage: slotmcp" in done.stdout


def without_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_SCRIPT", Path("/nowhere/slotmcp"))


def test_a_client_gets_a_whole_path_that_works() -> None:
    command = installation.stdio_server()
    assert Path(command[0]).is_absolute()
    assert works(command)


def test_without_the_script_python_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_script(monkeypatch)
    monkeypatch.setenv("PATH", "/nowhere")
    assert installation.stdio_server() == [sys.executable, "-m", "slotmcp", "stdio"]
    assert shlex.split(installation.typed()) == [sys.executable, "-m", "slotmcp"]


def test_a_person_types_the_shortest_that_works(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(scripts))
    assert installation.typed() == "slotmcp"
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(scripts.parent)
    assert installation.typed() == f"{scripts.name}/slotmcp"
    monkeypatch.chdir(tmp_path)
    assert installation.typed() == str(scripts / "slotmcp")


def test_claude_code_is_told_what_the_server_needs() -> None:
    said = installation.claude_code({"SLOTMCP_DATABASE_URL": "/my folder/x.db"})
    words = shlex.split(said)
    assert words[:6] == ["claude", "mcp", "add", "slotmcp", "--env", "SLOTMCP_DATABASE_URL=/my folder/x.db"]
    assert words[6:] == ["--", *installation.stdio_server()]
