"""The migrations create the tables, and the statements fit them."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool, StaticPool

from slotmcp.store import tables
from slotmcp.store.bookings import ATTENTION, BOOKINGS_NEEDING_ATTENTION, OVERLAPPING_BOOKINGS
from slotmcp.store.schema import APPLICATION_ID, SCHEMA
from slotmcp.store.statement import Statement
from slotmcp.store.traces import CONVERSATIONS
from unit.store.statements import MODULES, STATEMENTS, lines_of, statements_of

RUN_ON_SQLITE = {name: statement.text for name, statement in STATEMENTS.items() if not name.startswith("postgres.")}
READS_ALL = {
    "catalog.PROJECT_IDS",
    "catalog.REVISIONS",
    "catalog.FIRST_REVISIONS",
    "access.ALL_ACCESS_KEYS",
    "erasures.ALL_ERASURES",
    "traces.DROP_OLDEST_TRACES",
    "traces.TRACES_SIZE",
    "purging.DELETE_OLD_KEYS",
    "purging.OLD_KEYS",
    "calendar.CALENDAR_PROJECTS",
    "calendar.BACKLOGS",
    "encryption.SALTS",
    "status.SCHEMA_VERSION",
    "status.PROJECT_COUNT",
    "access.HAS_ACCESS_KEYS",
    "sessions.DELETE_SESSIONS",
    "places.DELETE_OLDEST_LOCATIONS",
    "schema_guard.SCHEMA_IN_USE",
    *(name for name in RUN_ON_SQLITE if name.startswith("inspection.")),
}
"""Statements that read a small table completely on purpose."""
READS_PROJECT = {
    "bookings.ATTENTION",
    "bookings.BOOKINGS_NEEDING_ATTENTION",
    "bookings.OVERLAPPING_BOOKINGS",
    "calendar.BACKLOGS",
    "calendar.DEFERRED",
    "calendar.DELETE_ENDED_ENTRIES",
    "calendar.DUE_CALENDARS",
    "calendar.ENTRIES_WITH_CUSTOMER",
    "calendar.PUSHES",
    "calendar.SYNC_STATE",
    "catalog.SERVICES_IN_CATALOG",
    "catalog.TECHNICIANS_IN_CATALOG",
    "catalog.TECHNICIAN_IDS",
    "claims.BUSY",
    "claims.LIVE_CLAIMS",
    "erasures.PROJECT_ERASURES",
    "housekeeping.DELETE_OLD_EVENTS",
    "purging.CANCELED",
    "purging.OLD_DEFERRED",
    "purging.OLD_ENTRIES",
    "purging.PAST",
    "purging.WITH_CUSTOMER",
    "waitlist.ADD_EVENT",
    "waitlist.NEWEST_EVENTS",
}
"""Statements that read an index by the project alone: few rows, rows in background tasks, or one end of the index."""
OWN = {"alembic_version", "sqlite_autoindex_alembic_version_1"}
"""Names that Alembic adds for itself."""
SMALL = {
    "SCAN CONSTANT ROW",
    "SCAN 2 CONSTANT ROWS",
    "SCAN ordered",
    "SCAN p",  # all projects, with an index into another table for each
    "SCAN alembic_version",
    "SCAN t VIRTUAL TABLE INDEX 1:",
    "SCAN c VIRTUAL TABLE INDEX 1:",
    "SCAN json_each VIRTUAL TABLE INDEX 1:",
}
"""Steps that scan no table. Neither does a subquery, whose table has a step of its own."""


def test_the_schema_lists_the_versions_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCHEMA.migrations))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == SCHEMA.versions


def test_the_migrations_create_the_tables(database: sqlite3.Connection, path: Path) -> None:
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.METADATA) == []


def test_the_migrations_declare_exactly_what_the_tables_declare(database: sqlite3.Connection, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "model.db")) as model:
        engine = create_engine("sqlite://", creator=lambda: model, poolclass=StaticPool)
        tables.METADATA.create_all(engine)
        assert _ddl(database) == _ddl(model)
        assert "claims" in _ddl(model)


@pytest.mark.parametrize("name", RUN_ON_SQLITE)
def test_the_schema_accepts_each_statement(database: sqlite3.Connection, name: str) -> None:
    assert all(len(step) == 4 for step in _plan(database, RUN_ON_SQLITE[name]))


@pytest.mark.parametrize("name", sorted(RUN_ON_SQLITE.keys() - READS_ALL))
def test_no_statement_scans_a_table(database: sqlite3.Connection, name: str) -> None:
    scans = [step[3] for step in _plan(database, RUN_ON_SQLITE[name]) if step[3].startswith("SCAN")]
    assert [scan for scan in scans if scan not in SMALL and not scan.startswith("SCAN (subquery")] == []


def test_no_other_statement_reads_all_rows_of_a_project(database: sqlite3.Connection) -> None:
    steps = {name: [step[3] for step in _plan(database, text)] for name, text in RUN_ON_SQLITE.items()}
    assert {name for name in steps if any(step.endswith("(project_id=?)") for step in steps[name])} == READS_PROJECT


def test_an_index_finds_conversations_among_any_number_of_traces(database: sqlite3.Connection) -> None:
    plan = _plan(database, CONVERSATIONS.text)
    assert any("traces_by_conversation (project_id=? AND conversation=? AND at_ms>?)" in step[3] for step in plan)


def test_indexes_find_the_bookings_of_a_period_among_any_number_of_bookings(database: sqlite3.Connection) -> None:
    plan = [step[3] for step in _plan(database, OVERLAPPING_BOOKINGS.text)]
    assert plan[0].startswith("SEARCH t USING COVERING INDEX")
    assert "claims_live (technician_number=? AND end_minute>? AND end_minute<?)" in plan[1]
    assert "claims_live (technician_number=? AND end_minute>?)" in plan[3]


@pytest.mark.parametrize("statement", [BOOKINGS_NEEDING_ATTENTION, ATTENTION])
def test_an_index_finds_the_bookings_that_need_attention(database: sqlite3.Connection, statement: Statement) -> None:
    plan = [step[3] for step in _plan(database, statement.text)]
    assert "USING INDEX bookings_attention (project_id=?)" in plan[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_comment_above_each_statement_states_its_purpose(module: ModuleType) -> None:
    lines, names = lines_of(module), statements_of(module)
    numbers = [number for number, line in enumerate(lines) if line.split(" = ")[0] in names]
    assert len(numbers) == len(names)
    assert [lines[number] for number in numbers if not lines[number - 1].startswith("# ")] == []


def _plan(database: sqlite3.Connection, text: str) -> list[tuple[int, int, int, str]]:
    """Return the steps of a statement; a PRAGMA has none."""
    values = dict.fromkeys(_names(text))
    return database.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()


def _names(statement: str) -> set[str]:
    """Return the names of a statement's values."""
    words = statement.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {word[1:] for word in words if word.startswith(":")}


def _ddl(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the declarations of all tables and indexes; an added column is on the line of the previous one."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index')")
    return {name: " ".join(sql.split()) for name, sql in rows if sql and name not in OWN}
