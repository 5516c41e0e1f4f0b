"""`slotmcp copy`, and the doctor beside a server: what a person sees of PostgreSQL."""

from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run
from support.postgres_databases import as_user, name_of, user_of


@pytest.fixture
def secret_url(postgres_url: str) -> str:
    """A database's URL with a password, which nobody may see."""
    return as_user(postgres_url, f"{user_of(postgres_url)}:s3cret")


def test_a_book_moves_to_a_server_and_is_served_there(
    slotmcp: Run, imported: Path, home: Path, secret_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "data" / "slotmcp" / "slotmcp.db"
    exported = slotmcp("export").out
    done = slotmcp("copy", "--from", f"sqlite:///{file}", "--to", secret_url)
    assert (done.code, done.err) == (Exit.FINE, "")
    assert "Copied denver-hvac, and found every row again." in done.out
    assert all(f" {table} " in done.out for table in ("projects", "claims", "bookings", "receipts"))
    again = slotmcp("copy", "--from", str(file), "--to", secret_url)
    assert (again.code, again.out) == (Exit.REFUSED, "")
    assert again.err == "--to: already has denver-hvac, and projects cannot be merged.\n"
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", secret_url)
    assert slotmcp("export").out == exported
    assert slotmcp("import", str(imported)).code == Exit.FINE
    doctor = slotmcp("doctor")
    assert doctor.code == Exit.FINE
    assert f"{name_of(secret_url)}, " in doctor.out
    assert "PostgreSQL" in doctor.out
    assert "answers in" in doctor.out
    assert "with database_url in" in doctor.out
    assert "s3cret" not in done.out + again.err + doctor.out + doctor.err


def test_ends_that_are_none_are_refused_by_the_option(slotmcp: Run, home: Path) -> None:
    wrong = slotmcp("copy", "--from", str(home / "x.db"), "--to", "mysql://me:s3cret@db/slots")
    assert wrong.code == Exit.USAGE
    assert wrong.err.startswith("--to starts with mysql://, which is not supported; write sqlite:///PATH")
    missing = slotmcp("copy", "--from", str(home / "x.db"), "--to", str(home / "y.db"))
    assert (missing.code, missing.out) == (Exit.AWAY, "")
    assert "x.db cannot be used: there is no such file." in missing.err
    assert list(home.glob("*.db")) == []


def test_a_server_that_is_away_is_told_to_the_doctor(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", "postgresql://me:s3cret@localhost:1/slots")
    doctor = slotmcp("doctor")
    assert doctor.code == Exit.AWAY
    assert "the database is away" in doctor.out
    assert "s3cret" not in doctor.out + doctor.err
