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
    copied = slotmcp("copy", "--from", f"sqlite:///{file}", "--to", secret_url)
    assert (copied.code, copied.err) == (Exit.OK, "")
    assert "Copied denver-hvac, and verified every row." in copied.out
    assert all(f" {table} " in copied.out for table in ("projects", "claims", "bookings", "receipts"))
    again = slotmcp("copy", "--from", str(file), "--to", secret_url)
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


def test_the_doctor_reports_an_unavailable_server(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", "postgresql://me:s3cret@localhost:1/slots")
    doctor = slotmcp("doctor")
    assert doctor.code == Exit.UNAVAILABLE
    assert "cannot be reached at localhost port 1: no server listens there" in doctor.out
    assert "s3cret" not in doctor.out + doctor.err
