"""Shell completion: its scripts, and the names of commands, samples and projects."""

import shlex
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run


def completed(slotmcp: Run, monkeypatch: pytest.MonkeyPatch, line: str) -> list[str]:
    """Return the words that bash offers at the end of a command line."""
    words = shlex.split(line) + [""] * line.endswith(" ")
    monkeypatch.setenv("_SLOTMCP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "\n".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    return slotmcp().out.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(slotmcp: Run, monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    ended = slotmcp("--show-completion", shell)
    assert ended.code == Exit.OK
    assert f"complete_{shell}" in ended.out


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("slotmcp st", ["stdio"]),
        ("slotmcp stdio --sample b", ["berlin-dentist"]),
        ("slotmcp slots --project ", ["denver-hvac"]),
        ("slotmcp slots --project x", []),
    ],
)
def test_commands_samples_and_projects_are_completed(
    slotmcp: Run, monkeypatch: pytest.MonkeyPatch, line: str, words: list[str]
) -> None:
    assert completed(slotmcp, monkeypatch, line) == words


def test_without_a_database_no_project_is_offered(slotmcp: Run, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert completed(slotmcp, monkeypatch, "slotmcp slots --project ") == []
    assert not list(home.rglob("*.db"))
