"""`slotmcp copy`, and the doctor with PostgreSQL."""

from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run
from support.postgres_databases import as_user, name_of, user_of


@pytest.fixture
def secret_url(postgres_url: str) -> str:
    """Return a database URL with a password, which must not be printed."""
    return as_user(postgres_url, f"{user_of(postgres_url)}:s3cret")


def test_a_project_is_copied_to_postgresql_and_served_there(
    slotmcp: Run, imported: Path, home: Path, secret_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "data" / "slotmcp" / "slotmcp.db"
    exported = slotmcp("export").out
    monkeypatch.setenv("SLOTMCP_TARGET_DATABASE_URL", secret_url)
    copied = slotmcp("copy", "--from", f"sqlite:///{file}")
    assert (copied.code, copied.err) == (Exit.OK, "")
    assert "Copied denver-hvac, and verified every row." in copied.out
    assert all(f" {table} " in copied.out for table in ("projects", "claims", "bookings", "receipts"))
    again = slotmcp("copy")  # the configured database is the default
    assert (again.code, again.out) == (Exit.REFUSED, "")
    assert again.err == "--to: already has denver-hvac, and projects cannot be merged.\n"
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", secret_url)
    assert slotmcp("export").out == exported
    assert slotmcp("import", str(imported)).code == Exit.OK
    doctor = slotmcp("doctor")
    assert doctor.code == Exit.OK
    assert f"{name_of(secret_url)}, " in doctor.out
    assert "PostgreSQL" in doctor.out
    assert "answers in" in doctor.out
    assert "with database_url in" in doctor.out
    assert "s3cret" not in copied.out + again.err + doctor.out + doctor.err


def test_an_invalid_database_is_reported_by_its_option(slotmcp: Run, home: Path) -> None:
    unsupported = slotmcp("copy", "--from", str(home / "x.db"), "--to", "mysql://me:s3cret@db/slots")
    assert unsupported.code == Exit.USAGE
    assert unsupported.err.startswith("--to starts with mysql://, which is not supported; write sqlite:///PATH")
    missing = slotmcp("copy", "--from", str(home / "x.db"), "--to", str(home / "y.db"))
    assert (missing.code, missing.out) == (Exit.UNAVAILABLE, "")
    assert "x.db cannot be used: there is no such file." in missing.err
    assert list(home.glob("*.db")) == []


@pytest.mark.parametrize("option", ["--from", "--to"])
@pytest.mark.parametrize(
    "url",
    ["postgresql://me:s3cret@db/slots", "postgresql://me@db/slots?password=s3cret", "postgres://:s3cret@db/slots"],
)
def test_a_password_on_the_command_line_is_refused(slotmcp: Run, imported: Path, option: str, url: str) -> None:
    other = {"--from": "--to", "--to": "--from"}[option]
    ended = slotmcp("copy", option, url, other, str(imported.with_name("another.db")))
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert ended.err.startswith(f"{option} must not contain a password, because other users can read it. Put it into ")
    assert all(place in ended.err for place in ("~/.pgpass", "PGPASSFILE", "PGPASSWORD", "SLOTMCP_TARGET_DATABASE_URL"))
    assert "s3cret" not in ended.err
    assert not imported.with_name("another.db").exists()


def test_a_copy_needs_a_target(slotmcp: Run, home: Path) -> None:
    ended = slotmcp("copy", "--from", str(home / "x.db"))
    assert ended.code == Exit.USAGE
    assert ended.err == "--to is missing. Name the target there, or in SLOTMCP_TARGET_DATABASE_URL.\n"


def test_the_doctor_reports_an_unavailable_server(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", "postgresql://me:s3cret@localhost:1/slots")
    doctor = slotmcp("doctor")
    assert doctor.code == Exit.UNAVAILABLE
    assert "cannot be reached at localhost port 1: no server listens there" in doctor.out
    assert "s3cret" not in doctor.out + doctor.err
