"""The migrations lead to the tables, and the statements run on them."""

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

from slotmcp.store import (
    access_statements,
    booking_statements,
    calendar_statements,
    statements,
    tables,
    trace_statements,
    waitlist_statements,
)
from slotmcp.store.schema import APPLICATION_ID, SCHEMA

MODULES = (
    access_statements,
    statements,
    booking_statements,
    calendar_statements,
    trace_statements,
    waitlist_statements,
)
STATEMENTS = {name: text for module in MODULES for name, text in vars(module).items() if name.isupper()}
OWN = {"alembic_version", "sqlite_autoindex_alembic_version_1"}
"""What Alembic adds for itself."""
SMALL = {
    "SCAN CONSTANT ROW",
    "SCAN 2 CONSTANT ROWS",
    "SCAN ordered",
    "SCAN t VIRTUAL TABLE INDEX 1:",
    "SCAN c VIRTUAL TABLE INDEX 1:",
}
"""What no table is. Neither is a subquery, which has a step of its own for the table under it."""


def test_the_versions_that_are_known_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCHEMA.migrations))
    revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == SCHEMA.versions


def test_the_migrations_lead_to_the_tables(database: sqlite3.Connection, path: Path) -> None:
    assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.METADATA) == []


def test_checks_and_strictness_are_those_of_the_tables_to_the_letter(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "model.db")) as model:
        engine = create_engine("sqlite://", creator=lambda: model, poolclass=StaticPool)
        tables.METADATA.create_all(engine)
        assert _ddl(database) == _ddl(model)
        assert "claims" in _ddl(model)


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_statement_is_understood_by_the_schema(database: sqlite3.Connection, name: str) -> None:
    values = dict.fromkeys(_names(STATEMENTS[name]))
    plan = database.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values).fetchall()
    assert all(len(step) == 4 for step in plan)


@pytest.mark.parametrize(
    "name", sorted(STATEMENTS.keys() - {"PROJECT_IDS", "REVISIONS", "ACCESS_KEYS", "CALENDAR_PROJECTS", "BACKLOGS"})
)
def test_no_statement_reads_a_whole_table(database: sqlite3.Connection, name: str) -> None:
    values = dict.fromkeys(_names(STATEMENTS[name]))
    plan = database.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values).fetchall()
    scanned = [step[3] for step in plan if step[3].startswith("SCAN")]
    assert [one for one in scanned if one not in SMALL and not one.startswith("SCAN (subquery")] == []


def test_conversations_are_found_by_their_names_among_any_number_of_traces(database: sqlite3.Connection) -> None:
    statement = trace_statements.CONVERSATIONS
    plan = database.execute(f"EXPLAIN QUERY PLAN {statement}", dict.fromkeys(_names(statement))).fetchall()
    assert any("traces_by_conversation (project_id=? AND conversation=? AND at_ms>?)" in step[3] for step in plan)


def test_a_statements_name_is_given_once() -> None:
    assert len(STATEMENTS) == sum(name.isupper() for module in MODULES for name in vars(module))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_above_each_statement_stands_its_purpose(module: ModuleType) -> None:
    lines = Path(str(module.__file__)).read_text(encoding="utf-8").splitlines()
    begins = [number for number, line in enumerate(lines) if line.split(" = ")[0] in STATEMENTS]
    assert len(begins) == sum(name.isupper() for name in vars(module))
    assert [lines[number] for number in begins if not lines[number - 1].startswith("# ")] == []


def _names(statement: str) -> set[str]:
    """The named values of a statement."""
    words = statement.replace("(", " ").replace(")", " ").replace(",", " ").split()
    return {word[1:] for word in words if word.startswith(":")}


def _ddl(connection: sqlite3.Connection) -> dict[str, str]:
    """Every table and index, as it was declared."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index')")
    return {name: sql for name, sql in rows if name not in OWN}
