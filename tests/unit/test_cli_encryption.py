"""`slotmcp encryption`, and its setting."""

import re
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from support.command_line import Run
from unit.test_cli_customers import KIM, create_booking

KEYS = "SLOTMCP_ENCRYPTION_KEYS"


@pytest.fixture
def file(imported: Path, home: Path) -> Path:
    assert imported.is_file()
    return home / "data" / "slotmcp" / "slotmcp.db"


def new_key(slotmcp: Run) -> str:
    created = slotmcp("encryption", "new-key")
    assert (created.code, created.err) == (Exit.OK, "")
    return created.out.strip()


def contains_phone(file: Path) -> bool:
    folder = file.parent
    return any(b"3035550142" in path.read_bytes() for path in folder.iterdir())


def test_a_database_is_encrypted_rotated_and_stored_in_plain_text_again(
    slotmcp: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking_id = create_booking()
    assert contains_phone(file)
    first, second = new_key(slotmcp), new_key(slotmcp)
    monkeypatch.setenv(KEYS, first)
    refused = slotmcp("booking", booking_id)
    assert (refused.code, "run `slotmcp encryption apply`" in refused.err) == (Exit.UNAVAILABLE, True)
    applied = slotmcp("encryption", "apply")
    assert applied.out == "Encrypted 4 values. All values have the first key; the others can be removed.\n"
    assert not contains_phone(file)
    assert "Kim Doe, +13035550142" in slotmcp("booking", booking_id, "--customer").out
    assert "contact details and notes are encrypted; 1 key in the settings" in slotmcp("doctor").out
    monkeypatch.setenv(KEYS, f"{second},{first}")
    assert slotmcp("encryption", "apply").out.startswith("Encrypted 4 values.")
    monkeypatch.setenv(KEYS, first)
    assert "a key that SLOTMCP_ENCRYPTION_KEYS does not have" in slotmcp("booking", booking_id).err
    monkeypatch.delenv(KEYS)
    assert slotmcp("booking", booking_id).err.startswith("The database is encrypted. Set SLOTMCP_ENCRYPTION_KEYS")
    monkeypatch.setenv(KEYS, second)
    assert slotmcp("encryption", "remove").code != Exit.OK, "it asks for confirmation"
    assert not contains_phone(file)
    assert slotmcp("encryption", "remove", "--yes").out.startswith("Decrypted 4 values. Remove SLOTMCP_ENCRYPTION_KEYS")
    monkeypatch.delenv(KEYS)
    assert "Kim Doe, +13035550142" in slotmcp("booking", booking_id, "--customer").out
    assert slotmcp("forget", KIM.phone).code == Exit.OK


def test_without_a_key_nothing_is_encrypted(slotmcp: Run, file: Path) -> None:
    before = file.read_bytes()
    for command in (("apply",), ("remove", "--yes")):
        ended = slotmcp("encryption", *command)
        assert (ended.code, ended.out) == (Exit.USAGE, "")
        assert ended.err == (
            "SLOTMCP_ENCRYPTION_KEYS is not set. Create a key with `slotmcp encryption new-key`, and set it.\n"
        )
    assert file.read_bytes() == before


def test_an_invalid_key_is_refused_without_being_shown(slotmcp: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    valid = new_key(slotmcp)
    for invalid in ("hunter2", valid[:-1], valid.replace("=", "?"), f"{valid} {valid}"):
        monkeypatch.setenv(KEYS, f"{valid}, {invalid}")
        ended = slotmcp("booking", "b-1")
        assert ended.code == Exit.USAGE
        assert ended.err == f"{KEYS} has an invalid key (number 2); create one with slotmcp encryption new-key.\n"


def test_a_missing_database_is_not_created(slotmcp: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEYS, new_key(slotmcp))
    path = home / "none.db"
    monkeypatch.setenv("SLOTMCP_DATABASE_URL", str(path))
    ended = slotmcp("encryption", "apply")
    assert ended.code == Exit.UNAVAILABLE
    assert re.search(r"none\.db", ended.err)
    assert not path.exists()
