"""Claims that the schema itself rejects, written without the code under test."""

import sqlite3

import pytest

PROJECT = """
INSERT INTO projects (id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes,
                      horizon_days, hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking,
                      travel_mode, travel_speed_kmh, travel_minutes_per_stop, travel_road_factor, holiday_regions,
                      closed_dates, salt, revision)
VALUES (?, '', '', '', 15, '', 0, 0, 0, 0, '', '', '', 0, 0, 0, '', '', x'', 0)
"""
TECHNICIAN = """
INSERT INTO technicians (number, project_id, id, name, timezone, priority, status, skills, hours, position, archived)
VALUES (?, ?, 'ana', '', '', 1, '', '', '', 0, 0)
"""
CLAIM = """
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes,
                    buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token,
                    customer_pseudonym)
VALUES (:project, :id, :technician, 's', :start, :end, 0, 0, :state, :expires_at_ms, 0, :latitude, NULL, :token, '')
"""


@pytest.fixture
def claims(database: sqlite3.Connection) -> sqlite3.Connection:
    """Create two projects with a technician each, and book the first one's time from 100 to 160."""
    for number, project in ((1, "one"), (2, "two")):
        database.execute(PROJECT, (project,))
        database.execute(TECHNICIAN, (number, project))
    add_claim(database, "booked")
    return database


def add_claim(database: sqlite3.Connection, claim_id: str, **facts: object) -> None:
    """Insert a claim with plain SQL."""
    usual = {"project": "one", "technician": 1, "start": 100, "end": 160, "state": "booked", "expires_at_ms": None}
    database.execute(CLAIM, {**usual, "id": claim_id, "token": claim_id, "latitude": None, **facts})


@pytest.mark.parametrize("state", ["held", "booked"])
@pytest.mark.parametrize(("start", "end"), [(100, 160), (159, 200), (0, 101), (120, 121), (0, 1000)])
def test_the_trigger_rejects_an_overlapping_claim(claims: sqlite3.Connection, state: str, start: int, end: int) -> None:
    expires_at_ms = 1 if state == "held" else None
    with pytest.raises(sqlite3.IntegrityError, match=r"^claims_never_overlap$"):
        add_claim(claims, "new", state=state, start=start, end=end, expires_at_ms=expires_at_ms)
    assert claims.execute("SELECT count(*) FROM claims").fetchone() == (1,)


@pytest.mark.parametrize(
    "facts",
    [
        {"start": 160, "end": 200},
        {"start": 40, "end": 100},
        {"project": "two", "technician": 2},
        {"state": "lapsed", "expires_at_ms": 1},
        {"state": "released", "expires_at_ms": 1},
        {"state": "withdrawn", "expires_at_ms": 1},
        {"state": "cancelled", "token": None},
    ],
)
def test_the_trigger_accepts_a_claim_that_does_not_overlap(
    claims: sqlite3.Connection, facts: dict[str, object]
) -> None:
    add_claim(claims, "new", **facts)
    assert claims.execute("SELECT count(*) FROM claims").fetchone() == (2,)


@pytest.mark.parametrize(
    "change",
    [
        "start_minute = 159",
        "start_minute = 0, end_minute = 101",
        "end_minute = 2000, start_minute = 150",
    ],
)
def test_the_trigger_rejects_moving_a_claim_into_taken_time(claims: sqlite3.Connection, change: str) -> None:
    add_claim(claims, "new", start=1000, end=1060)
    with pytest.raises(sqlite3.IntegrityError, match=r"^claims_never_overlap$"):
        claims.execute(f"UPDATE claims SET {change} WHERE id = 'new'")  # noqa: S608  a constant of this test


def test_the_trigger_rejects_reviving_or_reassigning_a_claim_into_taken_time(claims: sqlite3.Connection) -> None:
    add_claim(claims, "lapsed", state="lapsed", expires_at_ms=1)
    add_claim(claims, "cancelled", state="cancelled")
    add_claim(claims, "elsewhere", project="two", technician=2)
    with pytest.raises(sqlite3.IntegrityError, match=r"^claims_never_overlap$"):
        claims.execute("UPDATE claims SET state = 'booked' WHERE id = 'cancelled'")
    with pytest.raises(sqlite3.IntegrityError, match=r"^claims_never_overlap$"):
        claims.execute("UPDATE claims SET state = 'booked', expires_at_ms = NULL WHERE id = 'lapsed'")
    with pytest.raises(sqlite3.IntegrityError, match=r"^claims_never_overlap$"):
        claims.execute("UPDATE claims SET technician_number = 1 WHERE id = 'elsewhere'")
    claims.execute("UPDATE claims SET start_minute = 90, end_minute = 170 WHERE id = 'booked'")


@pytest.mark.parametrize(
    "facts",
    [
        {"start": 300, "end": 300},
        {"start": 300, "end": 200},
        {"state": "maybe", "expires_at_ms": 1},
        {"state": "held", "expires_at_ms": None},
        {"state": "booked", "expires_at_ms": 1},
        {"state": "cancelled", "expires_at_ms": 1},
        {"state": "withdrawn", "expires_at_ms": None},
        {"state": "withdrawn", "expires_at_ms": 1, "token": None},
        {"latitude": 1.0},
        {"technician": 3},
        {"project": "three"},
        {"start": "noon"},
    ],
)
def test_an_inconsistent_claim_is_rejected(claims: sqlite3.Connection, facts: dict[str, object]) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"CHECK|FOREIGN KEY|cannot store TEXT"):
        add_claim(claims, "new", **{"start": 300, "end": 360, **facts})
