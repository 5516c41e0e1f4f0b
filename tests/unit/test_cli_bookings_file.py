"""`slotmcp export`, `import` and `check` with many bookings, in a file of their own."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slotmcp.cli.exits import Exit
from support.big_file import BUSINESS, TECHNICIANS, booking_keys
from support.command_line import Run

MANY = 11_000
"""More bookings than the command reports at once, and with long ids more than a project file takes."""
MAX_ID = 64
START = datetime(2027, 1, 4, 8, tzinfo=UTC)


def line(number: int, **more: object) -> str:
    """Return a booking; no two of them overlap."""
    keys = booking_keys(number, START) | {"location": {"latitude": 39.75, "longitude": -104.5}}
    return json.dumps(keys | more, separators=(",", ":")) + "\n"


def long(id_: str) -> str:
    return id_.ljust(MAX_ID, "x")


def long_line(number: int) -> str:
    """Return a booking of the business with long ids."""
    technician = long(f"t-{number % TECHNICIANS}")
    return line(
        number,
        id=long(f"b-{number:06}"),
        technicianId=technician,
        serviceType=long("repair"),
        technicianChosen=True,
        status="completed",
    )


@pytest.fixture
def business(tmp_path: Path) -> Path:
    path = tmp_path / "big.yaml"
    path.write_text(BUSINESS)
    return path


@pytest.fixture
def bookings(tmp_path: Path) -> Path:
    path = tmp_path / "big.jsonl"
    path.write_text("".join(line(number) for number in range(100)))
    return path


def test_many_bookings_are_imported_exported_and_recognized(slotmcp: Run, business: Path, bookings: Path) -> None:
    business.write_text(re.sub(r"(?<=\bid: )[tr][\w-]+", lambda id_: long(id_[0]), BUSINESS))
    lines = [long_line(number) for number in range(MANY)]
    bookings.write_text("".join(lines))
    first = slotmcp("import", str(business), "--bookings", str(bookings))
    assert first.out.startswith(f"Imported big: {MANY + TECHNICIANS + 2} created, 0 updated, 0 unchanged")
    assert "10,000 bookings imported ..." in first.err

    refused = slotmcp("export", "big")
    assert (refused.code, refused.out) == (Exit.REFUSED, "")
    assert "slotmcp export big --bookings big.jsonl > big.yaml" in refused.err

    exported = bookings.with_name("exported.jsonl")
    ended = slotmcp("export", "big", "--bookings", str(exported))
    assert f"{MANY:,} bookings written to {exported}." in ended.err
    assert exported.read_text().splitlines(keepends=True) == lines
    business.write_text(ended.out)
    again = slotmcp("import", str(business), "--bookings", str(exported))
    assert again.out == f"Imported big: 0 created, 0 updated, {MANY + TECHNICIANS + 2} unchanged, 0 removed.\n"


def test_few_bookings_are_exported_in_the_project_file(slotmcp: Run, business: Path, bookings: Path) -> None:
    slotmcp("import", str(business), "--bookings", str(bookings))
    text = slotmcp("export").out
    assert text.count("serviceType: repair") == 100
    business.write_text(text)
    assert slotmcp("import", str(business)).out.startswith("Imported big: 0 created, 0 updated, 142 unchanged")
    assert "bookings:" not in slotmcp("export", "--without-bookings").out


def test_an_import_with_an_overlap_imports_nothing(slotmcp: Run, business: Path, bookings: Path, home: Path) -> None:
    inline = "bookings:\n  - {id: late, technicianId: t-3, serviceType: repair, start: 2027-01-04T10:30Z}\n"
    business.write_text(BUSINESS + inline)
    ended = slotmcp("import", str(business), "--bookings", str(bookings))
    assert ended.code == Exit.REFUSED
    assert "b-000083 of t-3 overlaps" in ended.err
    (database,) = home.rglob("*.db")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM claims").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM projects").fetchone() == (0,)


def test_a_dry_run_imports_no_booking(slotmcp: Run, business: Path, bookings: Path) -> None:
    words = ("import", str(business), "--bookings", str(bookings))
    planned = slotmcp(*words, "--dry-run")
    assert planned.out.startswith("Would import big: 142 created")
    assert slotmcp(*words).out == planned.out.replace("Would import", "Imported")


def test_a_repeated_import_adds_only_what_is_new(slotmcp: Run, business: Path, bookings: Path) -> None:
    slotmcp("import", str(business), "--bookings", str(bookings))
    with bookings.open("a") as file:
        file.write(line(200))
    ended = slotmcp("import", str(business), "--bookings", str(bookings))
    assert ended.out.startswith("Imported big: 1 created, 0 updated, 142 unchanged")


def test_an_invalid_line_is_reported_before_anything_is_imported(
    slotmcp: Run, business: Path, bookings: Path, home: Path
) -> None:
    with bookings.open("a") as file:
        file.write(line(200, technicianId="t-99"))
    for command in ("check", "import"):
        ended = slotmcp(command, str(business), "--bookings", str(bookings))
        assert ended.code == Exit.BAD_FILE
        assert f'{bookings}:101:1: technicianId: there is no technician "t-99"' in ended.err
    assert not list(home.rglob("*.db"))


def test_check_counts_the_bookings_of_both_files(slotmcp: Run, business: Path, bookings: Path) -> None:
    inline = "bookings:\n  - {id: a, technicianId: t-0, serviceType: repair, start: 2026-12-01T09:00Z}\n"
    business.write_text(BUSINESS + inline)
    ended = slotmcp("check", str(business), "--bookings", str(bookings))
    counts = "1 service, 40 technicians, 101 bookings, 0 busy times"
    assert ended.out == f"{business} with {bookings} is valid: Big, with {counts}.\n"


def test_options_that_exclude_each_other_and_unwritable_files_are_errors(
    slotmcp: Run, business: Path, tmp_path: Path
) -> None:
    slotmcp("import", str(business))
    both = slotmcp("export", "--bookings", str(tmp_path / "b.jsonl"), "--without-bookings")
    assert (both.code, both.out) == (Exit.USAGE, "")
    nowhere = slotmcp("export", "--bookings", str(tmp_path / "missing" / "b.jsonl"))
    assert (nowhere.code, nowhere.out) == (Exit.USAGE, "")
    assert "cannot be written (no such file or directory)" in nowhere.err


def test_a_project_file_that_is_too_large_is_told_what_to_do(slotmcp: Run, business: Path) -> None:
    business.write_text(BUSINESS + "#" * 4_000_000)
    ended = slotmcp("import", str(business))
    assert ended.code == Exit.BAD_FILE
    assert "import the bookings from a file of their own (--bookings)" in ended.err
