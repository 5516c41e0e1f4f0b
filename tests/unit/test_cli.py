"""The command line: what it says, where it says it, and how it ends."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from slotmcp.cli.commands import app
from slotmcp.cli.exits import Exit, told_plainly
from slotmcp.domain.errors import FieldProblem, InvalidArgument, SlotUnavailable, Unavailable
from slotmcp.project_file import sample_text
from support.command_line import Run
from support.keyboard import receiving_ctrl_c
from support.redis_server import RedisServer


def with_service(entry: str) -> str:
    """The sample with one more service."""
    return re.sub(r"(?m)^services:\n", f"services:\n  - {entry}\n", sample_text())


def test_no_command_is_help(slotmcp: Run) -> None:
    ended = slotmcp()
    assert ended.code == Exit.USAGE
    for command in app.registered_commands:
        assert command.name or command.callback
        assert (command.name or command.callback.__name__) in ended.out + ended.err  # type: ignore[union-attr]


def test_help_tells_the_exit_codes(slotmcp: Run) -> None:
    ended = slotmcp("--help")
    assert ended.code == Exit.FINE
    assert "Exit codes: 0 fine, 1 the request was refused" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    "command", ["stdio", "demo", "sample", "check", "import", "export", "slots", "booking", "forget", "doctor"]
)
def test_each_command_says_what_it_does(slotmcp: Run, command: str) -> None:
    ended = slotmcp(command, "--help")
    assert ended.code == Exit.FINE
    assert len(ended.out.splitlines()) > 5


def test_version(slotmcp: Run) -> None:
    assert re.fullmatch(r"slotmcp \d+\.\d+\.\d+\n", slotmcp("--version").out)


def test_an_unknown_command_is_wrong_usage(slotmcp: Run) -> None:
    assert slotmcp("fly").code == Exit.USAGE


def test_the_sample_is_a_file_that_check_finds_fine(slotmcp: Run, sample: Path) -> None:
    assert slotmcp("sample").out == sample_text()
    ended = slotmcp("check", str(sample))
    assert ended.code == Exit.FINE
    assert ended.out.startswith(f"{sample} is fine: ")
    assert "12 technicians" in ended.out
    assert ended.err == ""


def test_check_needs_no_database(slotmcp: Run, sample: Path, home: Path) -> None:
    slotmcp("check", str(sample))
    assert not list(home.rglob("*.db"))


def test_a_files_problems_are_lines_that_an_editor_can_follow(slotmcp: Run, sample: Path) -> None:
    sample.write_text(sample_text().replace("timezone: America/Denver", "timezone: America/Denvre", 1))
    for command in ("check", "import"):
        ended = slotmcp(command, str(sample))
        assert ended.code == Exit.BAD_FILE
        assert ended.out == ""
        assert re.match(rf"{re.escape(str(sample))}:\d+:\d+: project\.timezone: .*America/Denver", ended.err)


def test_a_remark_goes_to_stderr_and_does_not_fail(slotmcp: Run, sample: Path) -> None:
    with sample.open("a") as file:
        file.write("")
    text = re.sub(
        r"(?m)^services:\n",
        "services:\n  - {id: moon, name: Moon walk, durationMinutes: 60, skills: [moon]}\n",
        sample_text(),
    )
    sample.write_text(text)
    ended = slotmcp("check", str(sample))
    assert ended.code == Exit.FINE
    assert "(a remark)" in ended.err
    assert "moon" in ended.err


def test_a_file_that_is_not_there_is_wrong_usage(slotmcp: Run) -> None:
    ended = slotmcp("check", "nowhere.yaml")
    assert ended.code == Exit.USAGE
    assert "does not exist" in " ".join(ended.err.split())


def test_importing_again_changes_nothing(slotmcp: Run, sample: Path) -> None:
    first = slotmcp("import", str(sample))
    assert re.match(r"Imported denver-hvac: \d+ created, 0 updated, 0 unchanged, 0 removed\.\n$", first.out)
    again = slotmcp("import", str(sample))
    assert re.match(r"Imported denver-hvac: 0 created, 0 updated, \d+ unchanged", again.out)


def test_a_dry_run_tells_the_same_and_changes_nothing(slotmcp: Run, imported: Path) -> None:
    imported.write_text(sample_text().replace("name: Front Range Heating & Air", "name: Back Range", 1))
    dry = slotmcp("import", str(imported), "--dry-run")
    assert dry.out.startswith("Would import denver-hvac: 0 created, 1 updated")
    assert "name: Front Range Heating & Air" in slotmcp("export").out
    wet = slotmcp("import", str(imported))
    assert wet.out == dry.out.replace("Would import", "Imported")
    assert "Back Range" in slotmcp("export").out


def test_export_gives_back_what_import_took(slotmcp: Run, imported: Path) -> None:
    exported = slotmcp("export", "denver-hvac").out
    imported.write_text(exported)
    assert slotmcp("import", str(imported), "--prune").out.startswith("Imported denver-hvac: 0 created, 0 updated")
    assert slotmcp("export", "denver-hvac").out == exported


def test_what_the_file_lacks_is_kept_until_it_is_pruned(slotmcp: Run, imported: Path) -> None:
    imported.write_text(with_service("{id: extra, name: Extra, durationMinutes: 60}"))
    slotmcp("import", str(imported))
    imported.write_text(sample_text())
    kept = slotmcp("import", str(imported))
    assert "kept (--prune removes it):\n  service extra" in kept.out
    assert "Removed:\n  service extra" in slotmcp("import", str(imported), "--prune").out
    assert "kept" not in slotmcp("import", str(imported)).out


@pytest.mark.usefixtures("imported")
def test_slots_is_a_table_of_starts(slotmcp: Run) -> None:
    ended = slotmcp("slots", "--limit", "5")
    assert ended.code == Exit.FINE
    assert ended.out.startswith("I have ")
    assert len(re.findall(r", \w+ \d+ at \d+:\d\d [AP]M", ended.out)) == 5


@pytest.mark.usefixtures("imported")
def test_slots_narrows_by_day_and_part_of_day(slotmcp: Run) -> None:
    out = slotmcp("slots", "--day", "wed", "--day", "thu", "--part-of-day", "morning", "--limit", "20").out
    rows = re.findall(r"(\w+day), \w+ \d+ at \d+:\d\d ([AP]M)", out)
    assert {day for day, _ in rows} == {"Wednesday", "Thursday"}
    assert {half for _, half in rows} == {"AM"}


@pytest.mark.usefixtures("imported")
def test_a_cursor_goes_on_where_the_last_answer_ended(slotmcp: Run) -> None:
    first = slotmcp("slots", "--limit", "3").out
    found = re.search(r"There is more: --cursor (\S+)", first)
    assert found is not None
    more = slotmcp("slots", "--limit", "3", "--cursor", found[1])
    assert more.code == Exit.FINE
    assert more.out != first


@pytest.mark.usefixtures("imported")
def test_nothing_free_is_a_sentence_with_the_reason_and_no_failure(slotmcp: Run) -> None:
    ended = slotmcp("slots", "--duration", "1440")
    assert ended.code == Exit.FINE
    assert ended.out.startswith("That is outside our working hours.")


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--service", "ac-repai"], Exit.REFUSED, "ac-repair"),
        (["--project", "denver"], Exit.REFUSED, "denver-hvac"),
        (["--timezone", "Mars/Olympus"], Exit.REFUSED, "--timezone: "),
        (["--from", "tomorrow"], Exit.USAGE, "2026-11-23"),
        (["--limit", "0"], Exit.USAGE, "--limit"),
        (["--day", "someday"], Exit.USAGE, "--day"),
    ],
)
def test_a_wrong_question_is_told_in_a_sentence(slotmcp: Run, words: list[str], code: Exit, said: str) -> None:
    ended = slotmcp("slots", *words)
    assert ended.code == code
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_without_a_project_there_is_a_way_to_one(slotmcp: Run) -> None:
    ended = slotmcp("slots")
    assert ended.code == Exit.REFUSED
    assert "slotmcp import" in ended.err


def test_a_wrong_setting_is_wrong_usage(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_LOG_LEVEL", "loud")
    for command in ("slots", "stdio", "doctor"):
        ended = slotmcp(command)
        assert ended.code == Exit.USAGE
        assert "SLOTMCP_LOG_LEVEL is 'loud'" in " ".join((ended.err + ended.out).split())


def test_a_database_that_is_none_is_away(slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    junk = home / "junk.db"
    junk.write_text("this is no database, but a text that is long enough to be taken for one" * 20)
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(junk))
    for command in ("slots", "stdio", "doctor"):
        ended = slotmcp(command)
        assert ended.code == Exit.AWAY
        assert "Traceback" not in ended.err


def test_doctor_on_a_new_machine_says_what_to_do(slotmcp: Run, home: Path) -> None:
    ended = slotmcp("doctor")
    assert ended.code == Exit.FINE
    assert "slotmcp import denver.yaml" in " ".join(ended.out.split())
    assert not list(home.rglob("*.db"))


@pytest.mark.usefixtures("imported")
def test_doctor_on_a_running_business_says_how_to_connect(slotmcp: Run) -> None:
    ended = slotmcp("doctor")
    assert ended.code == Exit.FINE
    said = " ".join(ended.out.split())
    assert "12 technicians" in said
    assert "is next free on" in said
    assert "claude mcp add slotmcp -- " in said


@pytest.mark.usefixtures("imported")
def test_doctor_gives_a_client_the_database_that_is_not_the_usual_one(
    slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = next(home.rglob("slotmcp.db"))
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(usual.rename(home / "other.db")))
    assert f"--env SLOTMCP_DATABASE_URL={home / 'other.db'} -- " in slotmcp("doctor").out


@pytest.mark.usefixtures("imported")
def test_doctor_asks_redis(slotmcp: Run, monkeypatch: pytest.MonkeyPatch, redis: RedisServer) -> None:
    monkeypatch.setenv("SLOTMCP_REDIS_URL", redis.url)
    address = redis.url.removeprefix("redis://")
    assert f"{address} answers; keys begin with slotmcp:" in slotmcp("doctor").out
    monkeypatch.setenv("SLOTMCP_REDIS_URL", redis.url.replace("//", "//me:secret@"))
    redis.stop()
    ended = slotmcp("doctor")
    assert ended.code == 0
    assert f"{address} cannot be used (ConnectionError" in ended.out
    assert "answers come from the database" in ended.out
    assert "secret" not in ended.out


def test_doctor_sees_a_business_in_which_nobody_works(slotmcp: Run, sample: Path) -> None:
    sample.write_text(
        re.sub(r"(?m)^(    priority: \d+)$", r"\1\n    status: off", re.sub("    status: off.*\n", "", sample_text()))
    )
    assert slotmcp("import", str(sample)).code == Exit.FINE
    ended = slotmcp("doctor")
    assert ended.code == Exit.FINE
    assert re.search(r"^next +denver-hvac .*ac-repair has nothing free", ended.out, re.MULTILINE)


def test_doctor_sees_rows_that_lead_nowhere(slotmcp: Run, imported: Path, home: Path) -> None:
    assert imported.exists()
    with contextlib.closing(sqlite3.connect(next(home.rglob("slotmcp.db")))) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM projects")
        connection.commit()
    ended = slotmcp("doctor")
    assert ended.code == Exit.AWAY
    assert re.search(r"^broken +database .* is damaged: .*refers to a missing row", ended.out, re.MULTILINE)


def test_doctor_sees_a_folder_that_cannot_be_made(slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(home / "file" / "slotmcp.db"))
    ended = slotmcp("doctor")
    assert ended.code == Exit.AWAY
    assert f"{home / 'file'} cannot be written to" in ended.out


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Unavailable("The database is busy.", retry_after_ms=100), Exit.AWAY, "The database is busy.\n"),
        (SlotUnavailable("That is taken."), Exit.REFUSED, "That is taken.\n"),
        (
            InvalidArgument("daysOfWeek", "must be days", FieldProblem("from", "must be earlier")),
            Exit.REFUSED,
            "--day: must be days\n--from: must be earlier\n",
        ),
        (KeyboardInterrupt(), Exit.INTERRUPTED, ""),
    ],
)
def test_an_error_is_a_sentence_and_a_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: Exit, said: str
) -> None:
    with pytest.raises(SystemExit) as ended, told_plainly():
        raise error
    assert ended.value.code == code
    assert capsys.readouterr().err == said


def test_a_mistake_of_ours_is_confessed_without_a_stack(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, told_plainly():
        raise ZeroDivisionError("by nothing")
    assert ended.value.code == Exit.BROKEN
    said = capsys.readouterr().err
    assert said.startswith("slotmcp made a mistake (ZeroDivisionError: by nothing).")
    assert "Traceback" not in said


def test_a_mistake_in_a_group_of_tasks_is_told_by_its_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), told_plainly():
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [ZeroDivisionError("by nothing")])])
    assert "(ZeroDivisionError: by nothing)" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_reader_that_leaves_is_no_news() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "slotmcp", "sample"], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (Exit.PIPE_CLOSED, b"")


@pytest.mark.usefixtures("imported")
def test_an_interrupted_server_leaves_quietly() -> None:
    with receiving_ctrl_c():
        server = subprocess.Popen(
            [sys.executable, "-m", "slotmcp", "stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    server.stdin.flush()
    assert server.stdout.readline()
    server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=30)
    assert (server.returncode, said) == (Exit.INTERRUPTED, b"")
