"""Commands: output, error messages and exit codes."""

import contextlib
import io
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from slotmcp.cli import stdio
from slotmcp.cli.commands import app
from slotmcp.cli.exits import Exit, exit_on_error
from slotmcp.domain.errors import FieldProblem, InvalidArgument, SlotUnavailable, Unavailable
from slotmcp.project_file import SAMPLES, sample_text
from support.command_line import Run
from support.keyboard import receiving_ctrl_c
from support.redis_groups import PASSWORD, RedisGroup
from support.redis_server import RedisServer


def with_service(entry: str) -> str:
    """Return the sample with one more service."""
    return re.sub(r"(?m)^services:\n", f"services:\n  - {entry}\n", sample_text())


def test_without_a_command_the_help_is_shown(slotmcp: Run) -> None:
    ended = slotmcp()
    assert ended.code == Exit.USAGE
    for command in app.registered_commands:
        assert command.name or command.callback
        assert (command.name or command.callback.__name__) in ended.out + ended.err  # type: ignore[union-attr]


def test_the_help_lists_the_exit_codes(slotmcp: Run) -> None:
    ended = slotmcp("--help")
    assert ended.code == Exit.OK
    assert "Exit codes: 0 success, 1 request refused" in " ".join(ended.out.split())


@pytest.mark.parametrize(
    "command", ["stdio", "demo", "sample", "check", "import", "export", "slots", "booking", "forget", "doctor"]
)
def test_each_command_has_a_help_text(slotmcp: Run, command: str) -> None:
    ended = slotmcp(command, "--help")
    assert ended.code == Exit.OK
    assert len(ended.out.splitlines()) > 5


def test_version(slotmcp: Run) -> None:
    assert re.fullmatch(r"slotmcp \d+\.\d+\.\d+\n", slotmcp("--version").out)


def test_an_unknown_command_is_a_usage_error(slotmcp: Run) -> None:
    assert slotmcp("fly").code == Exit.USAGE


def test_check_accepts_the_sample(slotmcp: Run, sample: Path) -> None:
    assert slotmcp("sample").out == slotmcp("sample", "denver-hvac").out == sample_text()
    ended = slotmcp("check", str(sample))
    assert ended.code == Exit.OK
    assert ended.out.startswith(f"{sample} is valid: ")
    assert "12 technicians" in ended.out
    assert ended.err == ""


def test_the_samples_are_listed_and_printed_by_name(slotmcp: Run) -> None:
    listed = [line.split()[0] for line in slotmcp("sample", "--list").out.splitlines()]
    assert listed == list(SAMPLES)
    assert slotmcp("sample", "sydney-vet").out == sample_text("sydney-vet")
    refused = slotmcp("sample", "sidney-vet")
    assert refused.code == Exit.USAGE
    assert "write one of denver-hvac, berlin-dentist" in refused.err


@pytest.mark.parametrize(
    ("words", "advice"),
    [(["--sample", "sidney-vet"], "write one of denver-hvac"), (["denver-hvac"], "requires --sample")],
)
def test_stdio_refuses_an_unknown_sample_and_a_name_alone(slotmcp: Run, words: list[str], advice: str) -> None:
    ended = slotmcp("stdio", *words)
    assert ended.code == Exit.USAGE
    assert advice in ended.err


@pytest.mark.usefixtures("home")
def test_stdio_without_a_project_suggests_the_sample(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    stdio.run()
    assert "`slotmcp stdio --sample`" in capsys.readouterr().err


def test_check_needs_no_database(slotmcp: Run, sample: Path, home: Path) -> None:
    slotmcp("check", str(sample))
    assert not list(home.rglob("*.db"))


def test_problems_of_a_file_have_line_numbers(slotmcp: Run, sample: Path) -> None:
    sample.write_text(sample_text().replace("timezone: America/Denver", "timezone: America/Denvre", 1))
    for command in ("check", "import"):
        ended = slotmcp(command, str(sample))
        assert ended.code == Exit.BAD_FILE
        assert ended.out == ""
        assert re.match(rf"{re.escape(str(sample))}:\d+:\d+: project\.timezone: .*America/Denver", ended.err)


def test_a_warning_goes_to_stderr_and_does_not_fail(slotmcp: Run, sample: Path) -> None:
    with sample.open("a") as file:
        file.write("")
    text = re.sub(
        r"(?m)^services:\n",
        "services:\n  - {id: moon, name: Moon walk, durationMinutes: 60, skills: [moon]}\n",
        sample_text(),
    )
    sample.write_text(text)
    ended = slotmcp("check", str(sample))
    assert ended.code == Exit.OK
    assert "(warning)" in ended.err
    assert "moon" in ended.err


def test_a_missing_file_is_a_usage_error(slotmcp: Run) -> None:
    ended = slotmcp("check", "nowhere.yaml")
    assert ended.code == Exit.USAGE
    assert "does not exist" in " ".join(ended.err.split())


def test_importing_again_changes_nothing(slotmcp: Run, sample: Path) -> None:
    first = slotmcp("import", str(sample))
    assert re.match(r"Imported denver-hvac: \d+ created, 0 updated, 0 unchanged, 0 removed\.\n$", first.out)
    again = slotmcp("import", str(sample))
    assert re.match(r"Imported denver-hvac: 0 created, 0 updated, \d+ unchanged", again.out)


def test_a_dry_run_shows_the_changes_without_making_them(slotmcp: Run, imported: Path) -> None:
    imported.write_text(sample_text().replace("name: Front Range Heating & Air", "name: Back Range", 1))
    dry_run = slotmcp("import", str(imported), "--dry-run")
    assert dry_run.out.startswith("Would import denver-hvac: 0 created, 1 updated")
    assert "name: Front Range Heating & Air" in slotmcp("export").out
    real_run = slotmcp("import", str(imported))
    assert real_run.out == dry_run.out.replace("Would import", "Imported")
    assert "Back Range" in slotmcp("export").out


def test_an_import_lists_the_bookings_that_no_longer_fit(slotmcp: Run, imported: Path) -> None:
    off = sample_text().replace("  - id: t-ana ", "  - id: t-ana\n    status: off # ", 1)
    imported.write_text(off)
    dry_run = slotmcp("import", str(imported), "--dry-run")
    ended = slotmcp("import", str(imported))
    assert ended.out == dry_run.out.replace("Would import", "Imported")
    heading, *bookings, advice = ended.out.partition("Needs attention: ")[2].splitlines()
    assert heading == f"{len(bookings)} bookings do not fit any more. None was moved or canceled:"
    line = re.compile(r"  b-10\d: .+, with Ana Lucero\. The technician is off\. .+ take it.*\.")
    assert all(map(line.fullmatch, bookings))
    assert len(bookings) > 3
    assert advice == "Move or cancel each one on the dashboard, or with reschedule_booking or cancel_booking."
    assert "Needs attention: The technician is off." in slotmcp("booking", "b-104").out
    imported.write_text(sample_text())
    assert f"Fits again: {len(bookings)} bookings." in slotmcp("import", str(imported)).out
    assert "Needs attention" not in slotmcp("booking", "b-104").out


def test_an_exported_file_imports_without_changes(slotmcp: Run, imported: Path) -> None:
    exported = slotmcp("export", "denver-hvac").out
    imported.write_text(exported)
    assert slotmcp("import", str(imported), "--prune").out.startswith("Imported denver-hvac: 0 created, 0 updated")
    assert slotmcp("export", "denver-hvac").out == exported


def test_objects_missing_from_the_file_are_kept_until_pruned(slotmcp: Run, imported: Path) -> None:
    imported.write_text(with_service("{id: extra, name: Extra, durationMinutes: 60}"))
    slotmcp("import", str(imported))
    imported.write_text(sample_text())
    kept = slotmcp("import", str(imported))
    assert "kept (--prune removes it):\n  service extra" in kept.out
    assert "Removed:\n  service extra" in slotmcp("import", str(imported), "--prune").out
    assert "kept" not in slotmcp("import", str(imported)).out


@pytest.mark.usefixtures("imported")
def test_slots_shows_a_table_of_starts(slotmcp: Run) -> None:
    ended = slotmcp("slots", "--limit", "5")
    assert ended.code == Exit.OK
    assert ended.out.startswith("I have ")
    assert len(re.findall(r", \w+ \d+ at \d+:\d\d [AP]M", ended.out)) == 5


@pytest.mark.usefixtures("imported")
def test_slots_filters_by_day_and_part_of_day(slotmcp: Run) -> None:
    out = slotmcp("slots", "--day", "wed", "--day", "thu", "--part-of-day", "morning", "--limit", "20").out
    rows = re.findall(r"(\w+day), \w+ \d+ at \d+:\d\d ([AP]M)", out)
    assert {day for day, _ in rows} == {"Wednesday", "Thursday"}
    assert {half for _, half in rows} == {"AM"}


@pytest.mark.usefixtures("imported")
def test_a_cursor_continues_after_the_previous_page(slotmcp: Run) -> None:
    first = slotmcp("slots", "--limit", "3").out
    match = re.search(r"More results: --cursor (\S+)", first)
    assert match is not None
    more = slotmcp("slots", "--limit", "3", "--cursor", match[1])
    assert more.code == Exit.OK
    assert more.out != first


@pytest.mark.usefixtures("imported")
def test_no_available_times_is_explained_and_not_an_error(slotmcp: Run) -> None:
    ended = slotmcp("slots", "--duration", "1440")
    assert ended.code == Exit.OK
    assert ended.out.startswith("That appointment is too long for our working hours.")


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--service", "ac-repai"], Exit.REFUSED, "ac-repair"),
        (["--project", "denver"], Exit.REFUSED, "denver-hvac"),
        (["--timezone", "Mars/Olympus"], Exit.REFUSED, "--timezone: "),
        (["--from", "tomorrow"], Exit.USAGE, "2026-11-23"),
        (["--limit", "0"], Exit.USAGE, "--limit"),
        (["--day", "someday"], Exit.USAGE, "--day"),
    ],
)
def test_an_invalid_option_is_reported_with_a_message(slotmcp: Run, words: list[str], code: Exit, message: str) -> None:
    ended = slotmcp("slots", *words)
    assert ended.code == code
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_without_a_project_the_error_explains_the_import(slotmcp: Run) -> None:
    ended = slotmcp("slots")
    assert ended.code == Exit.UNAVAILABLE
    assert "slotmcp import" in ended.err


def test_an_invalid_setting_is_a_usage_error(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_LOG_LEVEL", "loud")
    for command in ("slots", "stdio", "doctor"):
        ended = slotmcp(command)
        assert ended.code == Exit.USAGE
        assert "SLOTMCP_LOG_LEVEL is 'loud'" in " ".join((ended.err + ended.out).split())


def test_an_invalid_database_file_is_reported(slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    junk = home / "junk.db"
    junk.write_text("text that is long enough to look like a database file " * 20)
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(junk))
    for command in ("slots", "stdio", "doctor"):
        ended = slotmcp(command)
        assert ended.code == Exit.UNAVAILABLE
        assert "Traceback" not in ended.err


def test_doctor_on_a_new_machine_explains_the_import(slotmcp: Run, home: Path) -> None:
    ended = slotmcp("doctor")
    assert ended.code == Exit.OK
    assert "slotmcp import denver.yaml" in " ".join(ended.out.split())
    assert not list(home.rglob("*.db"))


@pytest.mark.usefixtures("imported")
def test_doctor_explains_how_to_connect_a_client(slotmcp: Run) -> None:
    ended = slotmcp("doctor")
    assert ended.code == Exit.OK
    output = " ".join(ended.out.split())
    assert "12 technicians" in output
    assert "next available time for" in output
    assert "claude mcp add slotmcp -- " in output


@pytest.mark.usefixtures("imported")
def test_doctor_includes_a_custom_database_in_the_client_command(
    slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = next(home.rglob("slotmcp.db"))
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(usual.rename(home / "other.db")))
    assert f"--env SLOTMCP_DATABASE_URL={home / 'other.db'} -- " in slotmcp("doctor").out


@pytest.mark.usefixtures("imported")
def test_doctor_checks_redis(slotmcp: Run, monkeypatch: pytest.MonkeyPatch, redis: RedisServer) -> None:
    monkeypatch.setenv("SLOTMCP_REDIS_URL", redis.url)
    address = redis.url.removeprefix("redis://")
    assert f"{address} responds; keys start with slotmcp:" in slotmcp("doctor").out
    monkeypatch.setenv("SLOTMCP_REDIS_URL", redis.url.replace("//", "//me:secret@"))
    redis.stop()
    ended = slotmcp("doctor")
    assert ended.code == 0
    assert f"{address} cannot be used (ConnectionError" in ended.out
    assert "the database is used instead" in ended.out
    assert "secret" not in ended.out


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("redis_group", "primaries"),
    [("tls", ""), ("sentinels", r" \(slots is 127\.0\.0\.1:\d+\)"), ("cluster", r" \(a cluster of 3 primaries\)")],
    indirect=["redis_group"],
)
def test_doctor_names_the_primaries_of_redis(
    slotmcp: Run, monkeypatch: pytest.MonkeyPatch, redis_group: RedisGroup, primaries: str
) -> None:
    monkeypatch.setenv("SLOTMCP_REDIS_URL", redis_group.url)
    out = slotmcp("doctor").out
    addresses = ",".join(f"127.0.0.1:{server.port}" for server in redis_group.entries)
    assert re.search(f"{re.escape(addresses)} responds{primaries}; keys start with slotmcp:", out)
    monkeypatch.setenv("SLOTMCP_REDIS_URL", redis_group.url.replace("slotmcp:", "slotmcp:wrong-"))
    out = slotmcp("doctor").out
    assert f"{addresses} cannot be used (" in out
    assert "WRONGPASS" in out or "invalid username-password" in out
    assert "wrong-" not in out
    assert PASSWORD not in out


def test_doctor_reports_a_business_without_available_times(slotmcp: Run, sample: Path) -> None:
    sample.write_text(
        re.sub(r"(?m)^(    priority: \d+)$", r"\1\n    status: off", re.sub("    status: off.*\n", "", sample_text()))
    )
    assert slotmcp("import", str(sample)).code == Exit.OK
    ended = slotmcp("doctor")
    assert ended.code == Exit.OK
    assert re.search(r"^next +denver-hvac .*no times available for ac-repair", ended.out, re.MULTILINE)


def test_doctor_reports_broken_foreign_keys(slotmcp: Run, imported: Path, home: Path) -> None:
    assert imported.exists()
    with contextlib.closing(sqlite3.connect(next(home.rglob("slotmcp.db")))) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM projects")
        connection.commit()
    ended = slotmcp("doctor")
    assert ended.code == Exit.UNAVAILABLE
    assert re.search(r"^broken +database .* is damaged: .*refers to a missing row", ended.out, re.MULTILINE)


def test_doctor_reports_an_unwritable_folder(slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(home / "file" / "slotmcp.db"))
    ended = slotmcp("doctor")
    assert ended.code == Exit.UNAVAILABLE
    assert f"{home / 'file'} is not writable" in ended.out


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/proc/x/x.db", "cannot be created: /proc is not writable"),
        ("/sys/x.db", "cannot be created: /sys is not writable"),
        (f"/tmp/{'x' * 300}.db", "cannot be created: File name too long"),  # noqa: S108  nothing is created
    ],
)
def test_doctor_tries_to_write_the_database_file(
    slotmcp: Run, monkeypatch: pytest.MonkeyPatch, path: str, problem: str
) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", f"sqlite:///{path}")
    ended = slotmcp("doctor")
    assert ended.code == Exit.UNAVAILABLE
    assert f"{path} {problem}" in ended.out


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        ("127.0.0.1:1", "at 127.0.0.1 port 1: no server listens there"),
        ("[::1]:1", "at ::1 port 1: "),
        ("no-such-host.invalid", "at no-such-host.invalid port 5432: this host name is unknown"),
        ("", "at localhost port 5432: "),
    ],
)
def test_doctor_names_the_server_that_cannot_be_reached(
    slotmcp: Run, monkeypatch: pytest.MonkeyPatch, server: str, problem: str
) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", f"postgresql://me:secret@{server}/slots")
    ended = slotmcp("doctor")
    assert ended.code == Exit.UNAVAILABLE
    assert f"cannot be reached {problem}" in ended.out
    assert "secret" not in ended.out + ended.err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (Unavailable("The database is busy.", retry_after_ms=100), Exit.UNAVAILABLE, "The database is busy.\n"),
        (SlotUnavailable("That is taken."), Exit.REFUSED, "That is taken.\n"),
        (
            InvalidArgument("daysOfWeek", "must be days", FieldProblem("from", "must be earlier")),
            Exit.REFUSED,
            "--day: must be days\n--from: must be earlier\n",
        ),
        (KeyboardInterrupt(), Exit.INTERRUPTED, ""),
    ],
)
def test_an_error_has_a_message_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: Exit, message: str
) -> None:
    with pytest.raises(SystemExit) as ended, exit_on_error():
        raise error
    assert ended.value.code == code
    assert capsys.readouterr().err == message


def test_an_internal_error_is_reported_without_a_stack_trace(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, exit_on_error():
        raise ZeroDivisionError("by nothing")
    assert ended.value.code == Exit.BUG
    output = capsys.readouterr().err
    assert output.startswith("Internal error (ZeroDivisionError: by nothing).")
    assert "Traceback" not in output


def test_an_internal_error_in_a_task_group_is_unwrapped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), exit_on_error():
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [ZeroDivisionError("by nothing")])])
    assert "(ZeroDivisionError: by nothing)" in capsys.readouterr().err


@pytest.mark.usefixtures("home")
def test_a_closed_pipe_is_not_an_error_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "slotmcp", "sample"], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (Exit.PIPE_CLOSED, b"")


@pytest.mark.usefixtures("imported")
def test_an_interrupted_server_ends_quietly() -> None:
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
    _, errors = server.communicate(timeout=30)
    assert (server.returncode, errors) == (Exit.INTERRUPTED, b"")
