"""`slotmcp keys`, and the start messages of `slotmcp http`."""

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
def test_a_new_key_is_printed_once_and_described(slotmcp: Run) -> None:
    created = slotmcp("keys", "create", "--name", "Front desk", "--expires", "90d")
    assert created.code == Exit.OK
    assert TOKEN.fullmatch(created.out.strip())
    key_id = created.out[:30]
    assert created.err.startswith(f"{key_id} grants access to the caller tools of project denver-hvac until 2")
    listed = slotmcp("keys", "list")
    assert re.search(
        rf"{key_id}  valid until \d{{4}}-\d\d-\d\d \d\d:\d\d UTC +caller +denver-hvac  Front desk", listed.out
    )
    assert created.out.strip() not in listed.out + listed.err


@pytest.mark.usefixtures("imported")
def test_an_operator_key_for_every_project(slotmcp: Run) -> None:
    created = slotmcp("keys", "create", "--scope", "operator", "--project", "*")
    assert "grants access to the operator tools of every project until it is revoked." in created.err
    assert re.search(r"valid +operator  \*", slotmcp("keys", "list").out)


@pytest.mark.usefixtures("imported")
def test_a_key_is_revoked_by_its_id(slotmcp: Run) -> None:
    key_id = slotmcp("keys", "create").out[:30]
    revoked = slotmcp("keys", "revoke", key_id)
    assert (revoked.code, revoked.out) == (Exit.OK, f"{key_id} is revoked.\n")
    assert f"{key_id}  revoked 2" in slotmcp("keys", "list").out
    unknown = slotmcp("keys", "revoke", "slk_nothing")
    assert unknown.code == Exit.REFUSED
    assert f"There is no key 'slk_nothing'. Valid: {key_id}." in unknown.err


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
def test_an_invalid_key_is_not_created(slotmcp: Run, words: tuple[str, ...], code: Exit) -> None:
    assert slotmcp("keys", "create", *words).code == code
    assert "No keys yet" in slotmcp("keys", "list").err


def test_a_key_needs_a_project(slotmcp: Run) -> None:
    refused = slotmcp("keys", "create")
    assert refused.code == Exit.REFUSED
    assert "there is none yet" in refused.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "book.example.com"])  # noqa: S104  refused
def test_a_server_without_credentials_listens_only_on_loopback(slotmcp: Run, host: str) -> None:
    refused = slotmcp("http", "--host", host, "--port", "0")
    assert refused.code == Exit.USAGE
    assert "slotmcp keys create" in refused.err
    assert "--no-auth" in refused.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "https://book.example.com"),
        ("ALLOWED_HOSTS", "book.example.com"),
        ("ALLOWED_HOSTS", "localhost,192.0.2.1:8000"),
        ("ALLOWED_HOSTS", "book.localhost.example.com:*"),
        ("ALLOWED_ORIGINS", "https://desk.example.com"),
    ],
)
def test_other_names_require_credentials(slotmcp: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SLOTMCP_{name}", value)
    refused = slotmcp("http", "--port", "0")
    assert refused.code == Exit.USAGE
    assert f"SLOTMCP_{name}" in refused.err
    assert "slotmcp keys create" in refused.err


@pytest.mark.usefixtures("imported")
def test_an_address_that_cannot_be_used_is_reported(slotmcp: Run) -> None:
    refused = slotmcp("http", "--host", "192.0.2.1", "--no-auth")
    assert refused.code == Exit.USAGE
    assert "cannot listen on 192.0.2.1 port 8000" in refused.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "no authentication until the first key exists: only this machine can connect."),
        (("--no-auth",), "no authentication: only this machine can connect."),
        (("--no-auth", "--host", "0.0.0.0"), "NO AUTHENTICATION: ANYONE WHO CAN CONNECT HAS FULL ACCESS."),  # noqa: S104
        (("key",), "callers need a key or a token."),
    ],
    ids=["local", "local-open", "open", "key"],
)
@pytest.mark.usefixtures("imported")
def test_the_first_line_describes_the_access(
    slotmcp: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.setenv("SLOTMCP_ALLOWED_HOSTS", "localhost:*,[::1]")  # names of this machine
    if options == ("key",):
        assert slotmcp("keys", "create").code == Exit.OK
        options = ("--host", "0.0.0.0")  # noqa: S104
    command = [sys.executable, "-m", "slotmcp", "http", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603  slotmcp itself
        assert server.stderr is not None
        line = server.stderr.readline()
        server.terminate()
    assert line.startswith("slotmcp listens on http://")
    server_url = line.split()[3].partition("/mcp")[0]
    assert line.strip().endswith(f"{message} The dashboard is at {server_url}/dashboard.")


@pytest.mark.usefixtures("imported")
def test_the_secret_is_not_in_the_database(slotmcp: Run) -> None:
    _, _, secret = slotmcp("keys", "create").out.strip().split("_", 2)  # the secret may contain underscores
    assert len(secret) == 32
    path = Path(Settings.load().database_path)
    with closing(sqlite3.connect(path)) as connection:
        stored = connection.execute("SELECT * FROM access_keys").fetchall()
    assert secret not in repr(stored)
