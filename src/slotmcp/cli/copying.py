"""`slotmcp copy`: copy projects between databases."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from slotmcp.settings import Settings, SettingsError, has_password
from slotmcp.store.copying import CopyReport, Database, copy_between
from slotmcp.store.postgres.address import Address

DIGEST_LENGTH = 16
TARGET_VARIABLE = "SLOTMCP_TARGET_DATABASE_URL"
PASSWORDS = (
    "Put it into ~/.pgpass, a file named by PGPASSFILE, or PGPASSWORD; or put the whole URL into SLOTMCP_DATABASE_URL "
    f"(the source) or {TARGET_VARIABLE} (the target), and leave out the option."
)


def run(source_url: str | None, target_url: str | None, project_ids: Sequence[str]) -> None:
    """Copy the projects, and print the rows and digests of each table.

    Raises:
        SettingsError: a database is missing or invalid, or its password is on the command line.
    """
    settings = Settings.load()
    if not (target_url or settings.target_database_url):
        raise SettingsError("--to is missing. Name the target there, or in SLOTMCP_TARGET_DATABASE_URL.")
    source = _option(source_url, "--from") if source_url else database_of(settings)
    target = _option(target_url, "--to") if target_url else _named(settings.target_database_url, TARGET_VARIABLE)
    _show(asyncio.run(copy_between(source, target, project_ids, timeout_ms=settings.database_timeout_ms)))


def _option(url: str, option: str) -> Database:
    """Return the database that an option names. Every user of the machine can read a command line."""
    database = _named(url, option)
    if has_password(url):
        raise SettingsError(f"{option} must not contain a password, because other users can read it. {PASSWORDS}")
    return database


def _named(url: str, name: str) -> Database:
    return database_of(Settings.with_database(url, name))


def database_of(settings: Settings) -> Database:
    """Return the database that the settings name."""
    return (
        Address.of(settings.database_url, statement_cache=settings.database_statement_cache)
        if settings.is_postgres
        else settings.database_path
    )


def _show(report: CopyReport) -> None:
    console = Console()
    summary = f"Copied {', '.join(report.project_ids)}, and verified every row."
    console.print(summary, markup=False, highlight=False, soft_wrap=True)
    table = Table()
    table.add_column("Table")
    table.add_column("Rows", justify="right")
    table.add_column("Digest in both databases")
    for copied in report.tables:
        table.add_row(copied.name, f"{copied.rows:,}", copied.digest[:DIGEST_LENGTH])
    console.print(table)
