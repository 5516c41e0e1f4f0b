"""`slotmcp copy`: copy projects between databases."""

import asyncio
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from slotmcp.settings import Settings
from slotmcp.store.copying import CopyReport, Database, copy_between
from slotmcp.store.postgres.address import Address

DIGEST_LENGTH = 16


def run(source_url: str, target_url: str, project_ids: Sequence[str]) -> None:
    """Copy the projects, and print the rows and digests of each table."""
    settings = Settings.load()
    source, target = _database(source_url, "--from"), _database(target_url, "--to")
    _show(asyncio.run(copy_between(source, target, project_ids, timeout_ms=settings.database_timeout_ms)))


def _database(url: str, option: str) -> Database:
    settings = Settings.with_database(url, option)
    return Address.of(settings.database_url) if settings.is_postgres else settings.database_path


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
