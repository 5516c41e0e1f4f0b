"""`slotmcp keys` and `slotmcp http`: who may call, and what is said to whoever starts the server."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from slotmcp.settings import Settings
from support.command_line import Run

TOKEN = re.compile(r"slk_[0-9A-Z]{26}_[\w-]{32}")


@pytest.mark.usefixtures("imported")
def test_a_key_is_printed_once_and_described_beside_it(slotmcp: Run) -> None:
    made = slotmcp("keys", "create", "--name", "Front desk", "--expires", "90d")
    assert made.code == Exit.FINE
    assert TOKEN.fullmatch(made.out.strip())
    key_id = made.out[:30]
    assert made.err.startswith(f"{key_id} opens the caller tools of the project denver-hvac until 2")
    listed = slotmcp("keys", "list")
    assert re.search(rf"{key_id}  good until \d{{4}}-\d\d-\d\d \d\d:\d\d +caller +denver-hvac  Front desk", listed.out)
    assert made.out.strip() not in listed.out + listed.err


@pytest.mark.usefixtures("imported")
def test_a_key_can_be_for_every_project_and_for_operators(slotmcp: Run) -> None:
    made = slotmcp("keys", "create", "--scope", "operator", "--project", "*")
    assert "opens the operator tools of every project until it is revoked." in made.err
    assert re.search(r"good +operator  \*", slotmcp("keys", "list").out)


@pytest.mark.usefixtures("imported")
def test_a_key_is_revoked_by_the_id_that_is_listed(slotmcp: Run) -> None:
    key_id = slotmcp("keys", "create").out[:30]
    revoked = slotmcp("keys", "revoke", key_id)
    assert (revoked.code, revoked.out) == (Exit.FINE, f"{key_id} opens nothing any more.\n")
    assert f"{key_id}  revoked 2" in slotmcp("keys", "list").out
    unknown = slotmcp("keys", "revoke", "slk_nothing")
    assert unknown.code == Exit.REFUSED
    assert "There is no key 'nothing'" in unknown.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--project", "denver-hvak"), Exit.REFUSED),
        (("--expires", "soon"), Exit.USAGE),
        (("--expires", "0d"), Exit.USAGE),
        (("--scope", "king"), Exit.USAGE),
        (("--name", "a\nb"), Exit.REFUSED),
    ],
)
@pytest.mark.usefixtures("imported")
def test_a_key_that_makes_no_sense_is_not_made(slotmcp: Run, words: tuple[str, ...], code: Exit) -> None:
    assert slotmcp("keys", "create", *words).code == code
    assert "There is no key yet" in slotmcp("keys", "list").err


def test_where_there_is_no_project_there_is_nothing_to_open(slotmcp: Run) -> None:
    refused = slotmcp("keys", "create")
    assert refused.code == Exit.REFUSED
    assert "there is none yet" in refused.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "book.example.com"])  # noqa: S104  refused
def test_a_server_that_could_ask_nobody_who_they_are_stays_on_this_machine(slotmcp: Run, host: str) -> None:
    refused = slotmcp("http", "--host", host, "--port", "0")
    assert refused.code == Exit.USAGE
    assert "slotmcp keys create" in refused.err
    assert "--no-auth" in refused.err


def test_behind_a_proxy_no_address_is_this_machine_alone(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_PUBLIC_URL", "https://book.example.com")
    refused = slotmcp("http", "--port", "0")
    assert refused.code == Exit.USAGE
    assert "without SLOTMCP_PUBLIC_URL" in refused.err


@pytest.mark.usefixtures("imported")
def test_a_port_that_is_taken_is_named(slotmcp: Run) -> None:
    refused = slotmcp("http", "--host", "192.0.2.1", "--no-auth")
    assert refused.code == Exit.USAGE
    assert "cannot listen on 192.0.2.1 port 8000" in refused.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "no key is asked for: this machine alone gets here."),
        (("--no-auth", "--host", "0.0.0.0"), "no key is asked for: EVERYBODY WHO REACHES IT MAY DO EVERYTHING."),  # noqa: S104
        (("key",), "callers need a key or a token."),
    ],
    ids=["local", "open", "key"],
)
@pytest.mark.usefixtures("imported")
def test_the_first_line_says_who_is_let_in(slotmcp: Run, options: tuple[str, ...], said: str) -> None:
    if options == ("key",):
        assert slotmcp("keys", "create").code == Exit.FINE
        options = ("--host", "0.0.0.0")  # noqa: S104
    command = [sys.executable, "-m", "slotmcp", "http", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603  our own
        assert server.stderr is not None
        line = server.stderr.readline()
        server.terminate()
    assert line.startswith("slotmcp listens on http://")
    server_url = line.split()[3].partition("/mcp")[0]
    assert line.strip().endswith(f"{said} The dashboard is at {server_url}/dashboard.")


@pytest.mark.usefixtures("imported")
def test_the_secret_is_not_in_the_database(slotmcp: Run) -> None:
    secret = slotmcp("keys", "create").out.strip().rpartition("_")[2]
    path = Path(Settings.load().database_path)
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT * FROM access_keys").fetchall()
    assert secret not in repr(kept)
