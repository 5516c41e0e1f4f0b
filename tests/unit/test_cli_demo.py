"""The demo: a story that a reader believes, told by real processes."""

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
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the demo prints, run as a person would run it, in an empty folder."""
    folder = tmp_path_factory.mktemp("demo")
    environment = os.environ | {"HOME": str(folder), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "slotmcp", "demo"]
    done = subprocess.run(  # noqa: S603  ourselves
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(folder.iterdir()) == [], "the demo leaves nothing behind"
    return done.stdout


def lines(told: str, who: str) -> list[str]:
    return [line.strip().removeprefix(who).strip() for line in told.splitlines() if line.strip().startswith(who)]


def test_it_is_a_conversation(told: str) -> None:
    assert len(lines(told, "caller")) == 5
    said = lines(told, "agent")
    assert len(said) == 6
    assert said[0].startswith("Front Range Heating and Air")
    assert said[1].startswith("I have ")
    assert said[2].startswith("I am keeping ")
    assert said[3].startswith("Your furnace tune-up is booked for ")
    assert said[4].startswith("That did not work")
    assert said[5].startswith("Your furnace tune-up is booked for ")


def test_each_step_is_a_call_of_a_tool(told: str) -> None:
    calls = [line.split(" ")[0] for line in lines(told, "->")]
    hold_and_book = ["create_hold", "get_slots", "book_slot", "book_slot", "get_slots"]
    assert calls == ["list_services", "get_slots", *hold_and_book, "book_slot", "book_slot"]


def test_the_place_is_gone_once_it_is_held_and_still_when_it_is_booked(told: str) -> None:
    seen = re.findall(r"capacity (\d+) -> (\d+)", told)
    assert len(seen) == 2
    assert {int(before) - int(after) for before, after in seen} == {1}


def test_the_repeated_booking_is_replayed(told: str) -> None:
    answers = re.findall(r"<- confirmed, .+, replayed (true|false)", told)
    assert answers == ["false", "true", "false"]
    assert "the same booking, made once" in told


def test_the_refusal_comes_with_other_times(told: str) -> None:
    found = re.search(r"<- slot_unavailable, (\d+) alternatives", told)
    assert found is not None
    assert int(found[1]) > 0


def test_it_ends_with_what_to_do_next(told: str) -> None:
    end = told.partition("What to do next:")[2]
    assert "doctor" in end
    assert "claude mcp add slotmcp -- " in end
    assert '{"mcpServers": {"slotmcp": {"command": ' in end


def test_a_terminal_gets_it_in_colour_within_its_width(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TMPDIR": str(tmp_path), "TERM": "xterm", "COLUMNS": "60"}
    command = [sys.executable, "-m", "slotmcp", "demo"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as demo:  # noqa: S603  ourselves
        os.close(theirs)
        shown = b"".join(until_hung_up(ours)).decode()
    os.close(ours)
    assert demo.returncode == 0
    assert "\x1b[1;32m  agent" in shown
    call, _, end = re.sub(r"\x1b\[[0-9;]*m", "", shown).partition("What to do next:")
    assert end
    assert max(len(line.rstrip()) for line in call.splitlines()) <= 60


def until_hung_up(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # a terminal ends with an error when its last writer has gone
        while chunk := os.read(terminal, 4096):
            yield chunk


def test_the_tutorial_shows_the_same_conversation(told: str) -> None:
    tutorial = (Path(__file__).parents[2] / "docs" / "tutorials" / "first-booking.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(.*?)```", tutorial, re.DOTALL)[0]
    assert course(shown) == course(told.partition("What to do next:")[0])


def course(call: str) -> list[str]:
    """Who speaks, which tool is called, and what happens; not when, nor with whom, nor what is still free then."""
    told = [line.split() for line in call.splitlines() if "capacity" not in line]
    return [" ".join(words[:2]) for words in told if words and words[:2] != ["<-", "none"]]
