"""Scripted demo with real processes."""

import contextlib
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIMIT_SECONDS = 100


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the demo in an empty folder, and return its output."""
    folder = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"HOME": str(folder), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "slotmcp", "demo"]
    result = subprocess.run(  # noqa: S603  slotmcp itself
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert list(folder.iterdir()) == [], "the demo leaves nothing behind"
    return result.stdout


def lines(output: str, speaker: str) -> list[str]:
    return [
        line.strip().removeprefix(speaker).strip() for line in output.splitlines() if line.strip().startswith(speaker)
    ]


def test_the_demo_is_a_conversation(output: str) -> None:
    assert len(lines(output, "caller")) == 5
    sentences = lines(output, "agent")
    assert len(sentences) == 6
    assert sentences[0].startswith("Front Range Heating and Air")
    assert sentences[1].startswith("I have ")
    assert sentences[2].startswith("For furnace tune-up, I'm holding ")
    assert sentences[3].startswith("You're booked for furnace tune-up, ")
    assert sentences[4].startswith("I'm sorry")
    assert sentences[5].startswith("You're booked for furnace tune-up, ")


def test_each_step_is_a_tool_call(output: str) -> None:
    calls = [line.split(" ")[0] for line in lines(output, "->")]
    hold_and_book = ["create_hold", "get_slots", "book_slot", "book_slot", "get_slots"]
    assert calls == ["list_services", "get_slots", *hold_and_book, "book_slot", "book_slot"]


def test_a_hold_and_a_booking_reduce_the_capacity(output: str) -> None:
    capacities = re.findall(r"capacity (\d+) -> (\d+)", output)
    assert len(capacities) == 2
    assert {int(before) - int(after) for before, after in capacities} == {1}


def test_the_repeated_booking_is_replayed(output: str) -> None:
    answers = re.findall(r"<- confirmed, .+, replayed (true|false)", output)
    assert answers == ["false", "true", "false"]
    assert "the same booking, made once" in output


def test_the_refusal_has_alternatives(output: str) -> None:
    match = re.search(r"<- slot_unavailable, (\d+) alternatives", output)
    assert match is not None
    assert int(match[1]) > 0


def test_the_demo_ends_with_the_next_steps(output: str) -> None:
    end = output.partition("What to do next:")[2]
    assert "doctor" in end
    assert "claude mcp add slotmcp -- " in end
    assert '{"mcpServers": {"slotmcp": {"command": ' in end


def test_a_terminal_gets_colors_within_its_width(tmp_path: Path) -> None:
    terminal, child_terminal = pty.openpty()
    environment = os.environ | {"TMPDIR": str(tmp_path), "TERM": "xterm", "COLUMNS": "60"}
    command = [sys.executable, "-m", "slotmcp", "demo"]
    with subprocess.Popen(  # noqa: S603  slotmcp itself
        command, stdin=child_terminal, stdout=child_terminal, stderr=child_terminal, env=environment
    ) as demo:
        os.close(child_terminal)
        shown = b"".join(read_terminal(terminal)).decode()
    os.close(terminal)
    assert demo.returncode == 0
    assert "\x1b[1;32m  agent" in shown
    call, _, end = re.sub(r"\x1b\[[0-9;]*m", "", shown).partition("What to do next:")
    assert end
    assert max(len(line.rstrip()) for line in call.splitlines()) <= 60


def read_terminal(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # reading fails when the last writer has closed the terminal
        while chunk := os.read(terminal, 4096):
            yield chunk


def test_the_tutorial_shows_the_same_conversation(output: str) -> None:
    tutorial = (Path(__file__).parents[2] / "docs" / "tutorials" / "first-booking.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(.*?)```", tutorial, re.DOTALL)[0]
    assert outline(shown) == outline(output.partition("What to do next:")[0])


def outline(call: str) -> list[str]:
    """Return the speakers, tool calls and events, without times and names."""
    split_lines = [line.split() for line in call.splitlines() if "capacity" not in line]
    return [" ".join(words[:2]) for words in split_lines if words and words[:2] != ["<-", "none"]]
