"""`slotmcp booking` and `slotmcp forget`."""

import asyncio
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from slotmcp.bootstrap import open_app
from slotmcp.cli.customers import NOT_REACHED
from slotmcp.cli.exits import Exit
from slotmcp.domain.booking import Customer
from slotmcp.services.booking_requests import BookRequest
from slotmcp.services.slots import SlotQuery
from slotmcp.settings import Settings
from support.command_line import Run
from support.sqlite_file import clone

KIM = Customer(name="Kim Doe", phone="+1 303 555 0142", email="kim@example.com")


def create_booking() -> str:
    """Book the first available time for Kim; return the booking's id."""

    async def book() -> str:
        async with open_app(Settings.load()) as app:
            offer = (await app.slots.get_slots(SlotQuery(limit=1))).offer
            return (await app.bookings.book_slot(BookRequest(start=offer.slots[0].start, customer=KIM))).booking.id

    return asyncio.run(book())


def add_past_booking(imported: Path) -> str:
    """Add a past booking to the project file; return its id."""
    text = imported.read_text(encoding="utf-8")
    entry = (
        "  - {id: b-old, technicianId: t-ana, serviceType: ac-repair, "
        "start: 2026-01-05T16:00:00Z, end: 2026-01-05T17:00:00Z}"
    )
    imported.write_text(re.sub(r"(?m)^bookings:.*\n", f"bookings:\n{entry}\n", text), encoding="utf-8")
    return "b-old"


@pytest.mark.usefixtures("imported")
def test_a_booking_is_shown_without_its_customer(slotmcp: Run) -> None:
    booking_id = create_booking()
    ended = slotmcp("booking", booking_id)
    assert ended.code == Exit.OK
    assert re.fullmatch(rf"{booking_id}: .+ at \d+:\d\d [AP]M, with .+: confirmed\.\n", ended.out)
    assert not any(part in ended.out for part in ("Doe", "0142", "kim@"))


@pytest.mark.usefixtures("imported")
def test_the_answers_are_shown_with_the_customer(slotmcp: Run, home: Path) -> None:
    booking_id = create_booking()
    database = home / "data" / "slotmcp" / "slotmcp.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE bookings SET answers = ?", ('[{"question_id": "pets", "text": "a dog"}]',))
    assert "pets" not in slotmcp("booking", booking_id).out
    assert slotmcp("booking", booking_id, "--customer").out.endswith("\npets: a dog\n")


@pytest.mark.usefixtures("imported")
def test_the_customer_is_shown_on_request(slotmcp: Run) -> None:
    booking_id = create_booking()
    plain, ended = slotmcp("booking", booking_id), slotmcp("booking", booking_id, "--customer")
    assert ended.out == plain.out + "Customer: Kim Doe, +13035550142, kim@example.com\n"
    assert slotmcp("forget", KIM.email).code == Exit.OK
    assert slotmcp("booking", booking_id, "--customer").out == plain.out + "No customer data is stored.\n"
    assert slotmcp("booking", booking_id, "--customer", "--status", "completed").code == Exit.USAGE


def test_an_outcome_is_set_and_corrected(slotmcp: Run, imported: Path) -> None:
    booking_id = add_past_booking(imported)
    assert slotmcp("import", str(imported)).code == Exit.OK
    for status in ("no-show", "completed", "completed"):
        ended = slotmcp("booking", booking_id, "--status", status)
        assert (ended.code, ended.out.endswith(f": {status}.\n")) == (Exit.OK, True), ended.err
    assert slotmcp("booking", booking_id, "--project", "denver-hvac").out == ended.out


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["b-9"], Exit.REFUSED, "There is no booking 'b-9' in denver-hvac."),
        (["b-9", "--status", "completed"], Exit.REFUSED, "There is no booking with that id"),
        (["b-9", "--status", "cancelled"], Exit.USAGE, "no-show"),
        (["b-9", "--project", "denver"], Exit.REFUSED, "denver-hvac"),
        ([], Exit.USAGE, "BOOKING_ID"),
    ],
)
def test_an_invalid_booking_or_status_is_reported(slotmcp: Run, words: list[str], code: Exit, message: str) -> None:
    ended = slotmcp("booking", *words)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err


@pytest.mark.usefixtures("imported")
def test_an_invalid_transition_is_reported(slotmcp: Run) -> None:
    ended = slotmcp("booking", create_booking(), "--status", "completed")
    assert (ended.code, ended.out) == (Exit.REFUSED, "")
    assert "--status: the appointment has not begun yet" in ended.err


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("reference", ["(303) 555-0142", "KIM@example.com"])
def test_a_customer_is_erased_without_being_printed(slotmcp: Run, home: Path, reference: str) -> None:
    booking_id = create_booking()
    ended = slotmcp("forget", reference)
    assert (ended.code, ended.err) == (Exit.OK, "")
    database = home / "data" / "slotmcp" / "slotmcp.db"
    assert ended.out.splitlines() == [
        "Erased from 1 booking or waitlist entry in denver-hvac. Times, technicians and services are kept.",
        f"Cleaned: {database}",
        f"Cleaned: {database}-wal",
        f"Not reached: {NOT_REACHED}",
    ]
    assert booking_id in slotmcp("booking", booking_id).out
    again = slotmcp("forget", reference, "--project", "denver-hvac")
    assert (again.code, again.out.splitlines()[0]) == (
        Exit.OK,
        "No customer found in denver-hvac; no booking was changed.",
    )


@pytest.mark.usefixtures("imported")
def test_listed_erasures_are_applied_to_a_restored_database(slotmcp: Run, home: Path) -> None:
    database = home / "data" / "slotmcp" / "slotmcp.db"
    create_booking()
    clone(database, home / "backup.db")
    assert slotmcp("forget", KIM.phone, "--thorough").code == Exit.OK
    (home / "backup.db").replace(database)
    ended = slotmcp("forget", "--replay", f"{database}.erasures")
    assert ended.code == Exit.OK
    assert re.match(r"Applied \d erasures of .* that the database did not have; erased from 1 booking ", ended.out)
    assert slotmcp("forget", "--replay", f"{database}.erasures").out.startswith("Applied 0 erasures")


@pytest.mark.usefixtures("imported")
def test_a_restore_erases_the_customers_who_were_forgotten_after_the_backup(slotmcp: Run, home: Path) -> None:
    database, backup = home / "data" / "slotmcp" / "slotmcp.db", home / "backup.db"
    create_booking()
    assert slotmcp("backup", str(backup)).code == Exit.OK
    moved, other = backup.rename(home / "elsewhere.db"), home / "other.db"
    shutil.copy(moved, other)
    assert slotmcp("forget", KIM.phone).code == Exit.OK
    for file, lost in ((moved, f"{database}.erasures"), (other, str(database))):
        Path(lost).unlink()  # one of the two lists is enough
        restored = slotmcp("restore", str(file))
        assert "Erased the customers who were forgotten after the backup.\n" in restored.out, restored.err
        assert b"3035550142" not in database.read_bytes()
        assert slotmcp("forget", KIM.email).code == Exit.OK


@pytest.mark.usefixtures("imported")
def test_an_empty_reference_is_refused(slotmcp: Run) -> None:
    ended = slotmcp("forget", " ")
    assert ended.code == Exit.REFUSED
    assert "PHONE|EMAIL|HASH: give a phone number" in ended.err


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], Exit.USAGE, "give either a customer or --replay FILE"),
        (["1", "--replay", "list"], Exit.USAGE, "give either a customer or --replay FILE"),
        (["--replay", "missing"], Exit.UNAVAILABLE, "There is no list of erasures missing."),
        (["--replay", "bad"], Exit.UNAVAILABLE, "Line 2 of the list of erasures bad is not valid."),
    ],
)
def test_an_invalid_erasure_is_refused(slotmcp: Run, home: Path, words: list[str], code: Exit, message: str) -> None:
    line = '{"projectId": "denver-hvac", "key": "k", "atMs": 1}\n'
    (home / "bad").write_text(line + '{"projectId": "denver-hvac"}\n', encoding="utf-8")
    ended = slotmcp("forget", *words)
    assert (ended.code, message in ended.err) == (code, True), ended


@pytest.mark.parametrize(
    "words",
    [
        ["--toolset", "boss"],
        ["--toolset"],
        ["--read-only=yes"],
        ["--fast"],
    ],
)
def test_invalid_server_options_are_a_usage_error(slotmcp: Run, words: list[str]) -> None:
    assert slotmcp("stdio", *words).code == Exit.USAGE


@pytest.mark.usefixtures("imported")
def test_a_purge_deletes_what_the_settings_say(slotmcp: Run, sample: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_past_booking(sample)
    assert slotmcp("import", str(sample)).code == Exit.OK
    assert slotmcp("purge").out == "There is nothing to delete.\n"
    monkeypatch.setenv("SLOTMCP_BOOKING_DAYS", "30")
    assert slotmcp("purge", "--dry-run").out == "Would delete: 1 past bookings\n"
    assert slotmcp("purge").out == "Deleted: 1 past bookings\n"
    assert slotmcp("booking", "b-old").code == Exit.REFUSED
