"""Upgrades of files that older programs wrote, with all their rows."""

import hashlib
import hmac
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slotmcp.domain.booking import Booking, BookingStatus, Customer, Visit
from slotmcp.domain.calendar import Push
from slotmcp.domain.catalog import ChangeVerification, Project, RankingKey, TimeOff, TravelPolicy, Wording
from slotmcp.domain.claim import Claim, ClaimState
from slotmcp.domain.recurrence import PartsOfDay
from slotmcp.ports import ClaimConflict, Store, Transaction
from slotmcp.store import tables
from slotmcp.store.backups import automatic_backup_path as backup_path
from slotmcp.store.prepare import prepare
from slotmcp.store.schema import APPLICATION_ID, SCHEMA
from slotmcp.store.sqlite import SqliteStore
from support.clock import HandClock
from support.new_file import new_file
from support.schedules import ANA, DOWNTOWN, FULL_BOOKING, NOON, PROJECT, busy, claim, hold, ids_of, receipt, token

SHOP = PROJECT.id
OLD_FILE = Path(__file__).parent / "schedules_0001.sql"
OLD_RANKINGS = {
    "candidate_ranking": (RankingKey.PRIORITY, RankingKey.LOAD),
    "assignment_ranking": (RankingKey.LOAD, RankingKey.PRIORITY),
}
KIM = Customer(name="Kim Doe", phone="(303) 555-0142 x5", email="Kim@Example.com")
KEPT = ("busy_times", "receipts", "changes", "sqlite_sequence")
"""Tables that the upgrade does not change. `waits` has no numbers yet."""

COLUMNS = {
    "services": """
        project_id, id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills, position, archived
    """,
    "technicians": """
        project_id, id, number, name, timezone, priority, status, skills, home_latitude, home_longitude,
        max_bookings_per_day, position, archived
    """,
    "claims": """
        project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes,
        buffer_after_minutes, state, expires_at_ms, technician_chosen, hold_token, customer_pseudonym
    """,
    "bookings": """
        project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, created_at_ms
    """,
    "projects": """
        id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes, horizon_days,
        hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking, default_service_id,
        holiday_regions, closed_dates, hex(salt), revision
    """,
}
"""Columns of version 0001, without the location of a booking, which its claim has now."""


@pytest.fixture
def old(path: Path) -> Path:
    """File of the first schema, with every kind of row in two projects."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_FILE.read_text(encoding="utf-8"))
    return path


@pytest.fixture
def upgraded(old: Path) -> Path:
    prepare(old, timeout_ms=1000)
    return old


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Return the rows of a statement in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def ddl(path: Path) -> dict[str, str]:
    """Return all declarations of a schema."""
    return {
        name: " ".join(sql.split()) for name, sql in rows(path, "SELECT name, sql FROM sqlite_master WHERE sql <> ''")
    }


def key(number: int, reference: str) -> str:
    """Return the pseudonym of a reference in the project with this salt."""
    return hmac.digest(bytes([number]) * 32, reference.encode(), hashlib.sha256).hex()


async def project(store: Store, project_id: str) -> Project:
    return (await store.schedule(project_id)).project


def test_an_upgraded_file_has_the_schema_of_a_new_one(upgraded: Path, tmp_path: Path) -> None:
    assert ddl(upgraded) == ddl(new_file(tmp_path / "new.db"))
    assert rows(upgraded, "SELECT version_num FROM alembic_version") == [(SCHEMA.newest,)]
    assert rows(upgraded, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(upgraded, "PRAGMA integrity_check") == [("ok",)]
    assert rows(upgraded, "PRAGMA foreign_key_check") == []
    assert {table.name for table in tables.METADATA.tables.values()} <= ddl(upgraded).keys()


def test_a_file_of_the_first_release_gets_the_schema_of_a_new_one(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_FILE.with_name("release_0005.sql").read_text(encoding="utf-8"))
    prepare(path, timeout_ms=1000)
    assert ddl(path) == ddl(new_file(tmp_path / "new.db"))
    assert rows(path, "PRAGMA foreign_key_check") == []
    assert rows(backup_path(path, "0005"), "SELECT version_num FROM alembic_version") == [("0005",)]


async def test_a_pending_push_of_the_first_release_replaces_no_event(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD_FILE.with_name("release_0005.sql").read_text(encoding="utf-8"))
        ((project_id, booking_id),) = connection.execute("SELECT project_id, claim_id FROM bookings LIMIT 1").fetchall()
        pushes = "INSERT INTO calendar_pushes VALUES (?, ?, 2, 1, 5, 3, 4, NULL, '')"
        connection.execute(pushes, (project_id, booking_id))
        connection.commit()
    async with SqliteStore.open(path, clock=HandClock()) as store:
        expected = Push(booking_id=booking_id, version=2, since_ms=1, due_ms=5, attempts=3, tried_at_ms=4)
        assert (await store.calendar(project_id)).pushes == (expected,)


@pytest.mark.parametrize("table", KEPT)
def test_an_upgrade_leaves_other_tables_unchanged(upgraded: Path, table: str) -> None:
    statement = f"SELECT * FROM {table}"  # noqa: S608  a constant of this test
    assert rows(upgraded, statement) == rows(backup_path(upgraded, "0001"), statement) != []


@pytest.mark.parametrize(("table", "columns"), COLUMNS.items(), ids=COLUMNS)
def test_a_recreated_table_has_all_its_rows(upgraded: Path, table: str, columns: str) -> None:
    statement = f"SELECT {columns} FROM {table} ORDER BY 1, 2"  # noqa: S608  constants of this test
    before = rows(backup_path(upgraded, "0001"), statement)
    assert rows(upgraded, statement) == before != []


async def test_schedules_of_an_old_file_can_be_read(old: Path) -> None:
    async with SqliteStore.open(old, clock=HandClock()) as store:
        schedule = await store.schedule(SHOP)
        assert schedule.project == replace(PROJECT, travel=TravelPolicy(), **OLD_RANKINGS)  # type: ignore[arg-type]
        assert list(schedule.technician_schedules) == ["cleo", "ana", "ben"]
        assert schedule.technician_schedules["ana"].technician == ANA
        assert schedule.technician_schedules["ana"].claims == (
            claim("b-held", buffer_after_minutes=15, location=DOWNTOWN),
        )
        assert schedule.technician_schedules["ana"].busy == (busy("ana", at=300),)
        assert ids_of(schedule.technician_schedules["cleo"].claims) == ["b-odd", "h-live"]
        assert schedule.revision == 4
        full = (await store.schedule("full")).technician_schedules["full"].technician
        assert full.time_off == (TimeOff(start=NOON, end=NOON + 60, reason="dentist"),)


async def test_rules_that_an_old_file_lacks_have_their_defaults(old: Path) -> None:
    async with SqliteStore.open(old, clock=HandClock()) as store:
        schedule = await store.schedule(SHOP)
        rules = schedule.project
        assert (rules.country, rules.verify_changes, rules.wording) == (
            None,
            ChangeVerification.CONTACT,
            Wording.VISIT,
        )
        assert rules.parts_of_day == PartsOfDay()
        assert {(one.min_duration_minutes, *one.spoken) for one in schedule.services.values()} == {(None,)}


async def test_bookings_of_an_old_file_can_be_read_and_found_by_contact_keys(old: Path) -> None:
    async with SqliteStore.open(old, clock=HandClock()) as store:
        held = Booking(
            claim=claim("b-held", buffer_after_minutes=15, location=DOWNTOWN),
            customer=KIM,
            visit=Visit(address="1 Main St", notes="Beware of the dog 🐕"),
            reason=FULL_BOOKING.reason and replace(FULL_BOOKING.reason, kept=False),
            status=BookingStatus.CONFIRMED,
            contact_keys=(key(0, "phone:+13035550142"), key(0, "email:kim@example.com"), key(0, "caller-1")),
        )
        assert await store.booking(SHOP, "b-held") == held
        for reference in ("phone:+13035550142", "email:kim@example.com", "caller-1"):
            assert await store.bookings_by(SHOP, reference, now=0, max_others=10) == (held,)
        assert ids_of(await store.bookings_by("full", "phone:+33612345678", now=0, max_others=10)) == ["b-national"]
        assert await store.booking(SHOP, "b-file") == Booking(claim=claim("b-file", "ben"))
        assert (
            await store.write(SHOP, lambda transaction: transaction.erase_customer(key(0, "phone:+13035550142"))) == 1
        )
        assert await store.booking(SHOP, "b-held") == Booking(
            claim=replace(held.claim, location=None), reason=held.reason
        )


async def test_holds_of_an_old_file_can_be_read_and_booked_under_the_constraint(old: Path) -> None:
    async def confirm(transaction: Transaction) -> None:
        await transaction.confirm_hold(Booking(claim=claim("h-live", "cleo", at=300)))

    async with SqliteStore.open(old, clock=HandClock()) as store:
        for claim_id, state in (("h-live", ClaimState.HELD), ("h-lapsed", ClaimState.LAPSED)):
            stored = await store.write(SHOP, lambda transaction: transaction.hold(token(claim_id)))  # noqa: B023
            assert stored is not None
            assert (stored.claim.id, stored.state, stored.customer_pseudonym) == (claim_id, state, "kim")
        with pytest.raises(ClaimConflict):
            await store.write(SHOP, lambda transaction: transaction.add_hold(hold("new", "cleo", at=330)))
        await store.write(SHOP, confirm)
        with pytest.raises(ClaimConflict):
            await store.write(
                SHOP, lambda transaction: transaction.save_booking(_moved(claim("h-live", "cleo", at=90)))
            )
        assert (
            await store.write(SHOP, lambda transaction: transaction.receipt("book_slot", "local", "key")) == receipt()
        )


def _moved(claim: Claim) -> Booking:
    return Booking(claim=claim, status=BookingStatus.RESCHEDULED)


async def test_a_forgotten_customer_is_not_found_in_the_bytes_of_the_file(old: Path) -> None:
    async with SqliteStore.open(old, clock=HandClock()) as store:
        assert b"Beware of the dog" in backup_path(old, "0001").read_bytes()
        assert (
            await store.write(SHOP, lambda transaction: transaction.erase_customer(key(0, "phone:+13035550142"))) == 1
        )
    remains = b"".join(file.read_bytes() for file in old.parent.glob(f"{old.name}*") if not file.match("*.backup"))
    assert b"Ana" in remains
    personal = (KIM.name, KIM.phone, KIM.email, "1 Main St", "Beware of the dog", key(0, "caller-1"))
    assert [text for text in personal if text.encode() in remains] == []


async def test_saving_an_old_project_again_changes_nothing(old: Path) -> None:
    async with SqliteStore.open(old, clock=HandClock()) as store:
        before = await project(store, "full")
        await store.write("full", lambda transaction: transaction.save_project(before))
        assert (await store.head("full")).revision == 1
        new = replace(before, travel=TravelPolicy(speed_kmh=30))
        await store.write("full", lambda transaction: transaction.save_project(new))
        assert await project(store, "full") == new
