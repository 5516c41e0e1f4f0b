"""Start commands of an installation work."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from slotmcp import installation


def is_working(command: list[str]) -> bool:
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  slotmcp itself
    return done.returncode == 0 and "Usage: slotmcp" in done.stdout


def without_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_SCRIPT", Path("/nowhere/slotmcp"))


def test_the_stdio_command_has_an_absolute_path_and_works() -> None:
    command = installation.stdio_command()
    assert Path(command[0]).is_absolute()
    assert is_working(command)


def test_without_the_script_the_commands_use_python(monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_script(monkeypatch)
    monkeypatch.setenv("PATH", "/nowhere")
    assert installation.stdio_command() == [sys.executable, "-m", "slotmcp", "stdio"]
    assert shlex.split(installation.shell_command()) == [sys.executable, "-m", "slotmcp"]


def test_the_shell_command_is_as_short_as_possible(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scripts = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(scripts))
    assert installation.shell_command() == "slotmcp"
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(scripts.parent)
    assert installation.shell_command() == f"{scripts.name}/slotmcp"
    monkeypatch.chdir(tmp_path)
    assert installation.shell_command() == str(scripts / "slotmcp")


@pytest.mark.parametrize(
    ("prefix", "runner"),
    [
        ("/home/kim/.cache/uv/archive-v0/66VcTcAfTnmNspYD", "uvx slotmcp"),
        ("/var/uv-cache/archive-v0/Xy", "uvx slotmcp"),
        ("/home/kim/.cache/pipx/5a1d2f3b4c", "pipx run slotmcp"),
        ("/home/kim/.local/share/uv/tools/slotmcp", ""),
        ("/home/kim/.local/share/pipx/venvs/slotmcp", ""),
    ],
)
def test_a_temporary_environment_is_never_in_a_command(
    monkeypatch: pytest.MonkeyPatch, prefix: str, runner: str
) -> None:
    usual = installation.stdio_command()
    monkeypatch.setattr(sys, "prefix", prefix)
    command = installation.stdio_command()
    assert command == ([*runner.split(), "stdio"] if runner else usual)
    assert not runner or installation.shell_command() == runner
    assert installation.claude_code_command({}).endswith(shlex.join(command))


def test_the_claude_code_command_includes_the_environment() -> None:
    command = installation.claude_code_command({"SLOTMCP_DATABASE_URL": "/my folder/x.db"})
    words = shlex.split(command)
    assert words[:6] == ["claude", "mcp", "add", "slotmcp", "--env", "SLOTMCP_DATABASE_URL=/my folder/x.db"]
    assert words[6:] == ["--", *installation.stdio_command()]
